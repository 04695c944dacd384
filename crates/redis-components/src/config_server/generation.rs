//! How often what was read may have become old.

use crate::sync::atomic::{AtomicU64, Ordering};

/// Counts what may have made readings old: each invalidation, and each loss of the connection that would bring one.
///
/// A reading carries the count from *before* its read was sent, and is current for as long as the count stays. Nothing is
/// ever reset, so that nothing can be lost between a read and an invalidation that races it: the count is made where
/// frames are parsed, in the order in which the server sent them, before the reply behind them is handed on.
#[derive(Debug)]
pub(crate) struct Generation(AtomicU64);

impl Generation {
    pub(crate) fn new() -> Self {
        // More than a key starts with, so that one that was never read is not taken for current.
        Self(AtomicU64::new(1))
    }

    pub(crate) fn current(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Makes all readings old.
    pub(crate) fn bump(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
