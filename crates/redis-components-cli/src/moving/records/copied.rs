//! What a copy keeps on the config server.

use serde::{Deserialize, Serialize};

/// What a move that copies keeps in its record. The command is not among it: who may write there
/// must not decide what runs on the machine of an operator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Copied {
    /// The primaries of source and target, of which the lease is.
    pub(crate) servers: Vec<String>,
    /// The fence of each server of the source, if it may have one.
    #[serde(default)]
    pub(crate) fences: Vec<Fenced>,
    /// When the fence was set, in milliseconds since 1970.
    #[serde(default)]
    pub(crate) fenced_at: u64,
    /// Where a copying program may run.
    #[serde(default)]
    pub(crate) program: Option<String>,
}

/// A server behind the fence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fenced {
    /// Its `host:port`.
    pub(crate) server: String,
    /// What the fence has replaced.
    pub(crate) before: String,
    /// The run of the server: one that was started again may have taken writes.
    pub(crate) run: String,
    /// Whether it was a replica of a cluster: it may become a primary.
    #[serde(default)]
    pub(crate) is_replica: bool,
}
