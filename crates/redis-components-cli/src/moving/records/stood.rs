//! Where the source stood before the target could take over, which tells later what happened since.

use serde::{Deserialize, Serialize};

use crate::moving::servers::replication::{Replication, Role};

/// Where the source stood before the target could take over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stood {
    /// The stream that the source wrote. A server that has stepped down begins another one before it
    /// takes writes again, and so does one that is started again.
    pub(crate) stream: String,
    /// How far it had written when it had stepped down behind a fence, before the target was told to
    /// take over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<u64>,
}

impl Stood {
    /// Returns where a source stands; nothing if it does not name its stream.
    pub(crate) fn of(source: &Replication) -> Option<Self> {
        let (stream, end) = (source.stream.clone(), None);
        (!stream.is_empty()).then_some(Self { stream, end })
    }

    /// Returns `true` if the target has all that the source had written when it had stepped down. A
    /// source that was not seen to step down may have written more.
    pub(crate) fn is_had_by(&self, target: &Replication) -> bool {
        let (before, missing) = &target.stream_before;
        self.end.is_some_and(|end| match target.role {
            Role::Primary => *before == self.stream && *missing > end,
            Role::Replica { .. } => target.stream == self.stream && target.offset >= end,
        })
    }

    /// Returns `true` if the source has not stepped down since, so that the target has nothing that
    /// the source has not.
    pub(crate) fn is_there(&self, source: &Replication) -> bool {
        source.is_primary() && source.stream == self.stream
    }
}
