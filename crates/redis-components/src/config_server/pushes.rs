//! What the config server pushes: that keys have changed.

use std::sync::Arc;

use redis::aio::{AsyncPushSender, SendError};
use redis::{PushInfo, PushKind};

use super::generation::Generation;
use super::signal::Signal;

/// Receives what is pushed, where frames are parsed, and wakes the watch.
#[derive(Clone, Debug)]
pub(super) struct Pushes {
    generation: Arc<Generation>,
    signal: Arc<Signal>,
}

impl Pushes {
    pub(super) fn new(signal: Arc<Signal>) -> Self {
        Self {
            generation: Arc::new(Generation::new()),
            signal,
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.current()
    }

    /// Makes all readings old.
    pub(super) fn bump(&self) {
        self.generation.bump();
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
