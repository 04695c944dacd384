//! The times at which the watch acts without being asked.

use std::time::{Duration, Instant};

use crate::settings::intervals::{FASTEST_HEARTBEAT, Intervals};

/// Unasked reads that find nothing new: four at once, and then one in each interval. So there are
/// at most twenty in any second.
const UNASKED_INTERVAL: Duration = Duration::from_micros(62_500);
const UNASKED_AT_ONCE: u32 = 4;

/// A read that finds another config costs a fifth of that, because calls wait for what it found:
/// eighty changes a second are seen at once.
const BACK_FOR_A_CHANGE: Duration = Duration::from_millis(50);

/// A heartbeat is sent this long before it is needed, and at least a quarter of `wait` before, unless
/// that leaves less than a third of `wait` between two.
const ANSWERED_WITHIN: Duration = Duration::from_millis(150);

/// How many reads may prove all keys in the time between two heartbeats.
const PROOFS_BETWEEN_HEARTBEATS: u32 = 8;

/// The next heartbeat, the next re-read, and the next read because of a push.
#[derive(Debug)]
pub(super) struct Pace {
    intervals: Intervals,
    beaten: Instant,
    reread: Instant,
    unasked: Instant,
    /// Whether the read in flight counts as unasked.
    is_unasked: bool,
}

impl Pace {
    pub(super) fn new(intervals: Intervals) -> Self {
        let now = Instant::now();
        Self {
            intervals,
            beaten: now,
            reread: now,
            unasked: saved_up(now),
            is_unasked: false,
        }
    }

    /// Notes that every key is read now.
    pub(super) fn note_reread(&mut self) {
        self.reread = Instant::now();
    }

    /// Notes that all keys were proven.
    pub(super) fn note_heartbeat(&mut self) {
        self.beaten = Instant::now();
    }

    pub(super) fn reread_interval(&self) -> Duration {
        self.intervals.reread
    }

    pub(super) fn reread_due(&self) -> Instant {
        self.reread + self.intervals.reread
    }

    /// Returns when the next read for which no caller asks may be sent.
    pub(super) fn unasked_due(&self) -> Instant {
        self.unasked
    }

    /// Notes that a read for which no caller asks is sent now.
    pub(super) fn note_unasked(&mut self) {
        self.unasked = self.unasked.max(saved_up(Instant::now())) + UNASKED_INTERVAL;
        self.is_unasked = true;
    }

    /// Lets no read for which no caller asks be sent for a while.
    pub(super) fn hold_back(&mut self, pause: Duration) {
        self.unasked = self.unasked.max(Instant::now() + pause);
    }

    /// Notes the end of a read, and whether it has found another config.
    pub(super) fn note_read(&mut self, found_a_change: bool) {
        if std::mem::take(&mut self.is_unasked) && found_a_change {
            self.unasked -= BACK_FOR_A_CHANGE;
        }
    }

    /// Returns when the next heartbeat is due: so long before the proofs of the smallest `wait` in use
    /// are too old that its answer comes in time. If it does not, callers read, so no call depends on
    /// it.
    pub(super) fn heartbeat_due(&self, smallest_wait: Option<Duration>) -> Instant {
        self.beaten + self.heartbeat_interval(smallest_wait)
    }

    /// Returns `true` if a read that is sent now shall prove all keys, as a heartbeat does. Of reads
    /// that follow each other closely only some do: it costs time for each key.
    pub(super) fn read_proves_all(&self, smallest_wait: Option<Duration>) -> bool {
        let pause = self.heartbeat_interval(smallest_wait) / PROOFS_BETWEEN_HEARTBEATS;
        self.beaten.elapsed() >= pause
    }

    fn heartbeat_interval(&self, smallest_wait: Option<Duration>) -> Duration {
        let longest = self.intervals.heartbeat;
        let interval = smallest_wait.map_or(longest, |wait| {
            let answered = wait.saturating_sub((wait / 4).max(ANSWERED_WITHIN));
            answered.max(wait / 3)
        });
        interval.max(FASTEST_HEARTBEAT).min(longest)
    }
}

/// Returns the start of the longest pause without unasked reads that counts.
fn saved_up(now: Instant) -> Instant {
    let saved = UNASKED_INTERVAL * (UNASKED_AT_ONCE - 1);
    now.checked_sub(saved).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Pace, UNASKED_AT_ONCE};
    use crate::settings::intervals::Intervals;

    #[test]
    fn r1_unasked_reads_that_find_changes_are_four_times_as_many_and_more() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::new(Intervals {
            heartbeat: second,
            reread: second,
        });
        let first = pace.unasked_due();
        for _ in 0..5 {
            pace.note_unasked();
            pace.note_read(true);
            pace.note_read(true);
        }
        let five_changes = pace.unasked_due() - first;
        pace.note_unasked();
        pace.note_read(false);
        let one_needless = pace.unasked_due() - first - five_changes;
        assert!(
            five_changes < 2 * one_needless,
            "{five_changes:?} {one_needless:?}"
        );
    }

    #[test]
    fn r1_heartbeats_are_as_rare_as_wait_allows() {
        let milliseconds = Duration::from_millis;
        let pace = Pace::new(Intervals {
            heartbeat: milliseconds(15_000),
            reread: milliseconds(30_000),
        });
        for (wait, interval) in [
            (Some(10), 50),
            (Some(100), 50),
            (Some(210), 70),
            (Some(300), 150),
            (Some(600), 450),
            (Some(1000), 750),
            (Some(2000), 1500),
            (Some(10_000), 7500),
            (Some(60_000), 15_000),
            (None, 15_000),
        ] {
            let due = pace.heartbeat_due(wait.map(milliseconds));
            assert_eq!(due - pace.beaten, milliseconds(interval), "{wait:?}");
        }
    }

    #[test]
    fn r6_of_reads_that_follow_each_other_closely_few_prove_all_keys() {
        let mut pace = Pace::new(Intervals {
            heartbeat: Duration::from_secs(15),
            reread: Duration::from_secs(30),
        });
        let hour = Some(Duration::from_secs(3600));
        assert!(!pace.read_proves_all(hour));
        // Two seconds are more than an eighth of fifteen, and an hour is longer than that.
        pace.beaten -= Duration::from_secs(2);
        assert!(pace.read_proves_all(hour));
        pace.note_heartbeat();
        assert!(!pace.read_proves_all(hour));
    }

    #[test]
    fn r6_unasked_reads_come_a_few_at_once_and_then_at_most_twenty_a_second() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::new(Intervals {
            heartbeat: second,
            reread: second,
        });
        let begun = Instant::now();
        let mut sent = 0;
        while begun.elapsed() < second {
            if Instant::now() >= pace.unasked_due() {
                pace.note_unasked();
                sent += 1;
            } else {
                assert!(sent >= UNASKED_AT_ONCE, "{sent} at once");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        assert!((UNASKED_AT_ONCE..=20).contains(&sent), "{sent} in a second");
    }
}
