//! The time in which freshness is measured: monotonic, one number, cheap to read.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Nanoseconds on a monotonic clock, never more than the truth and at most [`RESOLUTION`] less. 0
/// means never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(u64);

impl Tick {
    pub(crate) fn now() -> Self {
        Self(read().max(1))
    }

    /// Returns the time since then: never too short, and too long by at most twice [`RESOLUTION`].
    pub(crate) fn elapsed(self) -> Duration {
        Duration::from_nanos(self.nanoseconds_since())
    }

    /// Returns `true` if the tick is certainly no older than `wait`.
    pub(crate) fn is_within(self, wait: Wait) -> bool {
        self.nanoseconds_since() <= wait.0
    }

    fn nanoseconds_since(self) -> u64 {
        read().saturating_sub(self.0).saturating_add(RESOLUTION)
    }

    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

/// A bound for [`Tick::is_within`], in nanoseconds: 584 years fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wait(u64);

impl Wait {
    /// Every proof is too old.
    pub(crate) const ZERO: Self = Self(0);

    pub(crate) const fn of(duration: Duration) -> Self {
        let seconds = duration.as_secs().saturating_mul(1_000_000_000);
        Self(seconds.saturating_add(duration.subsec_nanos() as u64))
    }

    pub(crate) const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// Reads the kernel's own copy of the time, in a few nanoseconds. The kernel renews it at each of
/// its ticks.
#[cfg(target_os = "linux")]
fn read() -> u64 {
    use nix::time::{ClockId, clock_gettime};
    let coarse = clock_gettime(ClockId::CLOCK_MONOTONIC_COARSE);
    // An error says that the kernel is older than the clock, which came with 2.6.32.
    coarse.map_or_else(|_| read_precisely(), |time| Wait::of(time.into()).0)
}

/// The longest time between two ticks that a kernel can be built with.
#[cfg(target_os = "linux")]
const RESOLUTION: u64 = 10_000_000;

#[cfg(not(target_os = "linux"))]
use read_precisely as read;

#[cfg(not(target_os = "linux"))]
const RESOLUTION: u64 = 0;

fn read_precisely() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    Wait::of(START.get_or_init(Instant::now).elapsed()).0
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{RESOLUTION, Tick, Wait};

    #[test]
    fn elapsed_is_never_less_than_the_truth() {
        let deadline = Instant::now() + Duration::from_millis(50);
        while Instant::now() < deadline {
            let tick = Tick::now();
            let begun = Instant::now();
            std::thread::yield_now();
            // Read before `elapsed()` is asked, so that it has less to cover.
            let truth = begun.elapsed();
            let shown = tick.elapsed();
            assert!(shown >= truth, "{shown:?} for {truth:?}");
            let resolution = Duration::from_nanos(RESOLUTION);
            assert!(shown <= truth + 3 * resolution + Duration::from_secs(1));
            if let Some(less) = truth.checked_sub(Duration::from_nanos(1)) {
                assert!(!tick.is_within(Wait::of(less)));
            }
            assert!(tick.is_within(Wait::of(shown + Duration::from_secs(1))));
        }
    }
}
