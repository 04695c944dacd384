//! The treatment of calls on a server that their component has left.

use std::time::Duration;

/// How long old connections may drain, and what happens after that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DrainPolicy {
    /// The time after which connections that are still in use are reported.
    pub(crate) deadline: Duration,
    /// Whether they are then cut.
    pub(crate) cut: bool,
}
