//! Until when it is known whether the machine ran this process.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::lock::lock;

/// How often is looked.
pub(crate) const LOOKED_EVERY: Duration = Duration::from_millis(50);

/// Until when is known whether the machine stood still.
#[derive(Debug, Default)]
pub(crate) struct StallWatch(Mutex<Option<Instant>>);

impl StallWatch {
    /// Notes that it is known until then.
    pub(crate) fn note(&self, time: Instant) {
        *lock(&self.0) = Some(time);
    }

    /// Waits until it is known of a time. Who sees first that time has passed may have been woken before the watcher.
    pub(crate) fn wait_until_known(&self, time: Instant) {
        let deadline = Instant::now() + 100 * LOOKED_EVERY;
        while lock(&self.0).is_none_or(|known| known < time) && Instant::now() < deadline {
            thread::sleep(LOOKED_EVERY / 5);
        }
    }
}
