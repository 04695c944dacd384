//! How far stalls of the machine are known.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::lock::lock;

/// How often the watcher looks.
pub(crate) const LOOKED_EVERY: Duration = Duration::from_millis(50);

/// The time until which all stalls of the machine are known.
#[derive(Debug, Default)]
pub(crate) struct StallWatch(Mutex<Option<Instant>>);

impl StallWatch {
    /// Notes that all stalls until `time` are known.
    pub(crate) fn note(&self, time: Instant) {
        *lock(&self.0) = Some(time);
    }

    /// Waits until all stalls before `time` are known. After a stall, a caller may wake before the
    /// watcher.
    pub(crate) fn wait_until_known(&self, time: Instant) {
        let deadline = Instant::now() + 100 * LOOKED_EVERY;
        while lock(&self.0).is_none_or(|known| known < time) && Instant::now() < deadline {
            thread::sleep(LOOKED_EVERY / 5);
        }
    }
}
