//! How callers wake the watch, and how both know that it is over.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Wakes the watch's thread, or ends it.
#[derive(Debug, Default)]
pub(super) struct Signal {
    wake: Notify,
    ended: AtomicBool,
}

thread_local! {
    static IS_WATCH: Cell<bool> = const { Cell::new(false) };
}

/// Notes that this thread is a watch's.
pub(super) fn mark_watch_thread() {
    IS_WATCH.set(true);
}

impl Signal {
    /// Makes the watch look for work.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits for [`wake`](Self::wake); one that came before counts.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Ends the watch. Who asks for work first and then sees that it has not ended, will be answered.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.wake();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Whether nobody will do what is asked here: the watch has ended, or it is its own thread that asks, in a subscriber
    /// of its events that calls a component.
    pub(super) fn is_in_vain(&self) -> bool {
        self.has_ended() || IS_WATCH.get()
    }
}
