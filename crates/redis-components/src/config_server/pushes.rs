//! What the config server pushes: that keys have changed.

use std::sync::Arc;

use redis::aio::{AsyncPushSender, SendError};
use redis::{PushInfo, PushKind};

use super::lock_free::invalidations::Invalidations;
use super::signal::Signal;

/// Receives what is pushed, where frames are parsed, and wakes the watch.
#[derive(Clone, Debug)]
pub(super) struct Pushes {
    invalidations: Arc<Invalidations>,
    signal: Arc<Signal>,
}

impl Pushes {
    pub(super) fn new(signal: Arc<Signal>) -> Self {
        Self {
            invalidations: Arc::new(Invalidations::new()),
            signal,
        }
    }

    /// Returns the count of invalidations.
    pub(super) fn count(&self) -> u64 {
        self.invalidations.count()
    }

    /// Makes all readings old.
    pub(super) fn invalidate_all(&self) {
        self.invalidations.add();
    }
}

impl AsyncPushSender for Pushes {
    fn send(&self, push: PushInfo) -> Result<(), SendError> {
        if matches!(push.kind, PushKind::Invalidate | PushKind::Disconnection) {
            self.invalidate_all();
            self.signal.wake();
        }
        Ok(())
    }
}
