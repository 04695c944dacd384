//! Notices a server that keeps pushing keys that have not changed.

use std::time::{Duration, Instant};

/// The length of the periods in which pushes are counted.
const PERIOD: Duration = Duration::from_secs(10);
/// This many needless pushes in a period are no coincidence.
const MANY: u32 = 20;

/// The cause of needless pushes, and what to do.
pub(super) const MEANING: &str = "keeps pushing configs that have not changed: its tracking table is too small (raise \
     `tracking-table-max-keys` there), or somebody writes the same config again and again";

/// Counts the pushes that named a key which had not changed: the server has evicted it from a
/// tracking table that is too small, or somebody writes the same config again and again.
#[derive(Debug)]
pub(super) struct NeedlessPushes {
    begun: Instant,
    seen: u32,
    keep_coming: bool,
}

impl NeedlessPushes {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            seen: 0,
            keep_coming: false,
        }
    }

    pub(super) fn note(&mut self) {
        self.seen = self.seen.saturating_add(1);
    }

    /// Returns `true` if many were seen in this period or in the last one.
    pub(super) fn keep_coming(&mut self, now: Instant) -> bool {
        let are_many = self.seen >= MANY;
        if now.saturating_duration_since(self.begun) >= PERIOD {
            self.begun = now;
            self.seen = 0;
            self.keep_coming = are_many;
        } else {
            self.keep_coming |= are_many;
        }
        self.keep_coming
    }
}

#[cfg(test)]
mod tests {
    use super::{MANY, NeedlessPushes, PERIOD};

    #[test]
    fn many_in_a_period_count_until_a_period_with_few_is_over() {
        let mut pushes = NeedlessPushes::new();
        let mut now = pushes.begun;
        (1..MANY).for_each(|_| pushes.note());
        assert!(!pushes.keep_coming(now));
        pushes.note();
        assert!(pushes.keep_coming(now));
        now += PERIOD;
        assert!(pushes.keep_coming(now), "there were many in that period");
        pushes.note();
        assert!(pushes.keep_coming(now), "that period is not over");
        now += PERIOD;
        assert!(!pushes.keep_coming(now));
    }
}
