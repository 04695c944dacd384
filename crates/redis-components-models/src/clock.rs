//! Time, which stands still in a model: a proof stays fresh, so that only the order of events
//! decides.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Tick(u64);

impl Tick {
    pub(crate) fn now() -> Self {
        Self(1)
    }

    pub(crate) fn elapsed(self) -> Duration {
        Duration::from_nanos(Self::now().0.saturating_sub(self.0))
    }

    pub(crate) fn is_within(self, wait: Wait) -> bool {
        self.elapsed() <= wait.0
    }

    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait(Duration);

impl Wait {
    pub(crate) const fn of(duration: Duration) -> Self {
        Self(duration)
    }

    pub(crate) const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}
