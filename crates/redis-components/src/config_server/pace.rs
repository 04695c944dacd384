//! When the watch acts without being asked.

use std::time::{Duration, Instant};

use crate::settings::intervals::{FASTEST_HEARTBEAT, Intervals};

/// The next heartbeat and the next re-read.
#[derive(Debug)]
pub(super) struct Pace {
    intervals: Intervals,
    beaten: Instant,
    reread: Instant,
}

impl Pace {
    pub(super) fn new(intervals: Intervals) -> Self {
        let now = Instant::now();
        Self {
            intervals,
            beaten: now,
            reread: now,
        }
    }

    /// Notes that every key is read now.
    pub(super) fn note_reread(&mut self) {
        self.reread = Instant::now();
    }

    /// Notes that the server has shown that it is there.
    pub(super) fn note_heartbeat(&mut self) {
        self.beaten = Instant::now();
    }

    pub(super) fn reread_due(&self) -> Instant {
        self.reread + self.intervals.reread
    }

    /// Returns when the next heartbeat is due: after a third of the smallest `wait` in use, so that a proof is renewed well
    /// before it is too old.
    pub(super) fn heartbeat_due(&self, smallest_wait: Option<Duration>) -> Instant {
        let third = smallest_wait.map_or(self.intervals.heartbeat, |wait| wait / 3);
        self.beaten + third.max(FASTEST_HEARTBEAT).min(self.intervals.heartbeat)
    }
}
