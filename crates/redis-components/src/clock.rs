//! Time as the freshness of a config is measured in: monotonic, one number, cheap to read.

use std::time::Duration;

/// Nanoseconds on a monotonic clock, never more than the truth and at most [`resolution`] less; 0 is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(u64);

impl Tick {
    pub(crate) fn now() -> Self {
        Self(nanoseconds(read()).max(1))
    }

    /// The time since then, rather too long than too short: what is taken for fresh by it is fresh.
    pub(crate) fn elapsed(self) -> Duration {
        let now = nanoseconds(read());
        Duration::from_nanos(now.saturating_sub(self.0)) + resolution()
    }

    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

fn nanoseconds(time: Duration) -> u64 {
    // 584 years fit.
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The kernel's own copy of the time, renewed at each of its ticks: read in a few nanoseconds.
#[cfg(target_os = "linux")]
fn read() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::MonotonicCoarse)).unwrap_or_default()
}

#[cfg(target_os = "linux")]
fn resolution() -> Duration {
    use std::sync::OnceLock;

    use rustix::time::{ClockId, clock_getres};
    static RESOLUTION: OnceLock<Duration> = OnceLock::new();
    *RESOLUTION.get_or_init(|| {
        Duration::try_from(clock_getres(ClockId::MonotonicCoarse)).unwrap_or_default()
    })
}

#[cfg(not(target_os = "linux"))]
fn read() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

#[cfg(not(target_os = "linux"))]
fn resolution() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Tick, resolution};

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
            assert!(shown <= truth + 3 * resolution() + Duration::from_secs(1));
        }
    }
}
