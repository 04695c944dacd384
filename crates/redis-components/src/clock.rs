//! Time as the freshness of a config is measured in: monotonic, one number.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Nanoseconds on the monotonic clock since this process first asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(u64);

impl Tick {
    pub(crate) fn now() -> Self {
        static START: OnceLock<Instant> = OnceLock::new();
        let elapsed = START.get_or_init(Instant::now).elapsed().as_nanos();
        // One more than elapsed, so that 0 can stand for "never"; 584 years fit.
        Self(
            u64::try_from(elapsed)
                .unwrap_or(u64::MAX - 1)
                .saturating_add(1),
        )
    }

    pub(crate) fn elapsed(self) -> Duration {
        Duration::from_nanos(Self::now().0.saturating_sub(self.0))
    }

    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}
