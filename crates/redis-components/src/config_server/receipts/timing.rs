//! How often a receipt is written.

use std::time::Duration;

/// How often a receipt is written, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timing {
    /// The time between two renewals, give or take a fifth.
    pub(super) every: u64,
    /// The time without renewal after which a receipt expires.
    pub(super) ttl: u64,
    /// The longest random delay of a change, so that a large fleet does not write at once.
    pub(super) jitter: f64,
}

impl Timing {
    pub(crate) const DEFAULT: Self = Self {
        every: 10,
        ttl: 35,
        jitter: 0.0,
    };

    /// Returns the time until the next renewal.
    pub(super) fn until_renewal(self) -> Duration {
        let fifth = Duration::from_secs(self.every) / 5;
        4 * fifth + (2 * fifth).mul_f64(fastrand::f64())
    }

    /// Returns the time for which a member's score is left as it is. A member whose score is twice as
    /// old belongs to no process.
    pub(super) fn score_lasts(self) -> Duration {
        Duration::from_secs(self.ttl.saturating_mul(5))
    }

    /// Returns the random delay of a change.
    pub(super) fn delay(self) -> Duration {
        Duration::from_secs_f64(self.jitter * fastrand::f64())
    }
}
