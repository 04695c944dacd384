//! The intervals at which the watch acts without being asked.

use std::time::Duration;

/// No heartbeat is faster. Callers whose `wait` is shorter than three of these read for themselves.
pub(crate) const FASTEST_HEARTBEAT: Duration = Duration::from_millis(50);

/// The watch's intervals while the config server pushes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intervals {
    /// The longest time between two heartbeats, which prove that silence means no change.
    pub(crate) heartbeat: Duration,
    /// The time between two reads of every key, because SWAPDB changes all and pushes nothing.
    pub(crate) reread: Duration,
}
