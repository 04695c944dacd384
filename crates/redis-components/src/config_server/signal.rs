//! How callers wake the watch, and how both know that it is over.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Wakes the watch's thread, or ends it.
#[derive(Debug, Default)]
pub(super) struct Signal {
    wake: Notify,
    ended: AtomicBool,
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
}
