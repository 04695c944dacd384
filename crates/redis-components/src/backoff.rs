//! The pause before the next attempt to reach a server that failed.

use std::time::Duration;

/// Exponential back-off with full jitter, as in "Exponential Backoff And Jitter" (AWS Architecture
/// Blog, 2015). Many processes that lose a server at once do not come back together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    failures: u32,
    cap: Duration,
}

impl Backoff {
    /// The longest pause before a server that is down is tried again.
    pub(crate) const SERVER_DOWN: Duration = Duration::from_millis(500);
    /// The longest pause before a server that refuses the config is tried again.
    pub(crate) const REFUSED: Duration = Duration::from_secs(30);
    /// The longest pause before the next attempt at a server that serves for a while and then
    /// closes its connections. It is useful, but callers must not connect to it in a tight loop.
    pub(crate) const UNSTEADY: Duration = Duration::from_millis(50);
    /// No pause is shorter. Otherwise jitter could make a tight loop.
    const SHORTEST: Duration = Duration::from_millis(10);
    const FIRST: Duration = Duration::from_millis(50);

    pub(crate) fn new(cap: Duration) -> Self {
        Self { failures: 0, cap }
    }

    /// Returns the pause after one more failure.
    pub(crate) fn next(&mut self) -> Duration {
        let ceiling = Self::FIRST
            .saturating_mul(1 << self.failures.min(16))
            .min(self.cap);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(fastrand::f64()).max(Self::SHORTEST)
    }

    pub(crate) fn with_cap(self, cap: Duration) -> Self {
        Self { cap, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;

    #[test]
    fn pauses_stay_between_the_shortest_and_the_cap() {
        let mut backoff = Backoff::new(Backoff::SERVER_DOWN);
        let pauses: Vec<_> = (0..200).map(|_| backoff.next()).collect();
        assert!(
            pauses
                .iter()
                .all(|pause| (Backoff::SHORTEST..=Backoff::SERVER_DOWN).contains(pause))
        );
        assert!(pauses.iter().any(|pause| *pause > Backoff::SERVER_DOWN / 2));
    }
}
