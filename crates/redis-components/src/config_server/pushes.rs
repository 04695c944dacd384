//! What the config server pushes: that keys have changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redis::aio::{AsyncPushSender, SendError};
use redis::{PushInfo, PushKind};

use super::signal::Signal;

/// Counts what may have made readings old: each invalidation, and each loss of the connection that would bring one.
///
/// A reading carries the count from *before* its read was sent, and is current for as long as the count stays. Nothing is
/// ever reset, so that nothing can be lost between a read and an invalidation that races it: the count is made where
/// frames are parsed, in the order in which the server sent them, before the reply behind them is handed on.
#[derive(Clone, Debug)]
pub(super) struct Pushes {
    generation: Arc<AtomicU64>,
    signal: Arc<Signal>,
}

impl Pushes {
    pub(super) fn new(signal: Arc<Signal>) -> Self {
        Self {
            generation: Arc::new(AtomicU64::new(1)),
            signal,
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Makes all readings old.
    pub(super) fn bump(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}

impl AsyncPushSender for Pushes {
    fn send(&self, push: PushInfo) -> Result<(), SendError> {
        if matches!(push.kind, PushKind::Invalidate | PushKind::Disconnection) {
            self.bump();
            self.signal.wake();
        }
        Ok(())
    }
}
