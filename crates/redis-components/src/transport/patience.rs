//! Waiting for a server to become a primary.

use std::time::{Duration, Instant};

use super::failure::{Cause, Failure};

/// The time within which a server that is a replica may become the primary that its sentinels say
/// it is.
pub(super) struct Patience {
    until: Instant,
}

impl Patience {
    /// The pause before such a server is connected to again.
    pub(super) const PAUSE: Duration = Duration::from_millis(100);

    pub(super) fn new(bound: Duration) -> Self {
        let until = Instant::now() + bound;
        Self { until }
    }

    /// Returns `true` if the server was a replica, and is worth another connect.
    pub(super) fn is_left(&self, failure: &Failure) -> bool {
        // Twice the pause, so that the next answer comes before the bound is over.
        failure.cause == Cause::Replica && Instant::now() + 2 * Self::PAUSE < self.until
    }
}
