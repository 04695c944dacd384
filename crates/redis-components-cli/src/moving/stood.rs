//! Where the source stood before the target could take over, which tells later what happened since.

use serde::{Deserialize, Serialize};

use super::replication::Replication;

/// Where the source stood before the target could take over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stood {
    /// The stream that the source wrote. A server that has stepped down begins another one before it
    /// takes writes again, and so does one that is started again.
    pub(crate) stream: String,
}

impl Stood {
    /// Returns where a source stands; nothing if it does not name its stream.
    pub(crate) fn of(source: &Replication) -> Option<Self> {
        let stream = source.stream.clone();
        (!stream.is_empty()).then_some(Self { stream })
    }

    /// Returns `true` if the source has not stepped down since, so that the target has nothing that
    /// the source has not.
    pub(crate) fn is_there(&self, source: &Replication) -> bool {
        source.is_primary() && source.stream == self.stream
    }
}
