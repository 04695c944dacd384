//! How callers wake the watch, and how both know that it has ended.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// Wakes the watch's thread, or ends it.
#[derive(Debug)]
pub(super) struct Signal {
    wake: Notify,
    /// The numbers of the keys that may need the watch, so that it need not look at all.
    touched: Mutex<Vec<usize>>,
    /// The smallest `wait` but zero of all components, in nanoseconds.
    smallest_wait: AtomicU64,
    ended: AtomicBool,
    /// Wakes the saver of last good configs.
    good_changed: Notify,
    saver_ends: Notify,
    /// Wakes the writer of the receipt.
    changed: Notify,
}

thread_local! {
    static IS_WATCH: Cell<bool> = const { Cell::new(false) };
}

/// Notes that this thread belongs to a watch.
pub(super) fn mark_watch_thread() {
    IS_WATCH.set(true);
}

impl Default for Signal {
    fn default() -> Self {
        Self {
            wake: Notify::new(),
            touched: Mutex::default(),
            smallest_wait: AtomicU64::new(u64::MAX),
            ended: AtomicBool::new(false),
            good_changed: Notify::new(),
            saver_ends: Notify::new(),
            changed: Notify::new(),
        }
    }
}

impl Signal {
    /// Lets the watch look at a key when it wakes.
    pub(super) fn touch(&self, number: usize) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        touched.push(number);
    }

    /// Returns the numbers of the keys to look at.
    pub(super) fn take_touched(&self) -> Vec<usize> {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut touched)
    }

    /// Notes the `wait` of a component, in nanoseconds.
    pub(super) fn expect(&self, nanoseconds: u64) {
        self.smallest_wait.fetch_min(nanoseconds, Ordering::Relaxed);
    }

    pub(super) fn smallest_wait(&self) -> Option<Duration> {
        match self.smallest_wait.load(Ordering::Relaxed) {
            u64::MAX => None,
            nanoseconds => Some(Duration::from_nanos(nanoseconds)),
        }
    }

    /// Makes the watch look for work.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits for [`wake`](Self::wake), or returns at once if it was called before.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Ends the watch. A caller that asks for work and then sees that the watch has not ended is
    /// answered.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.wake();
        self.note_good();
        self.saver_ends.notify_one();
        self.note_change();
    }

    /// Notes that a config has come into force, or is written in another way.
    pub(super) fn note_good(&self) {
        self.good_changed.notify_one();
    }

    /// Waits for [`note_good`](Self::note_good), or returns at once if it was called before.
    pub(super) async fn good_changed(&self) {
        self.good_changed.notified().await;
    }

    /// Waits until the watch ends. Only the saver waits here.
    pub(super) async fn saver_ends(&self) {
        self.saver_ends.notified().await;
    }

    /// Notes that the receipt of this process may have something new to say.
    pub(super) fn note_change(&self) {
        self.changed.notify_one();
    }

    /// Waits for [`note_change`](Self::note_change), or returns at once if it was called before.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Returns `true` if a caller that waits here gets no answer: the watch has ended, or this is the
    /// watch's own thread.
    pub(super) fn is_unheard(&self) -> bool {
        self.has_ended() || IS_WATCH.get()
    }
}
