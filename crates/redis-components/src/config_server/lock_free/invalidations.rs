//! How often what was read may have become old.

use crate::sync::atomic::{AtomicU64, Ordering};

/// Counts what may have made readings old: each invalidation, and each loss of the connection that would bring one.
///
/// A reading carries the count from *before* its read was sent, and is current while the count stays the same. Nothing is
/// ever reset, so a race between a read and an invalidation loses nothing: the count is made where frames are parsed, in the
/// order in which the server sent them, before the reply behind them is handed on.
#[derive(Debug)]
pub(crate) struct Invalidations(AtomicU64);

impl Invalidations {
    pub(crate) fn new() -> Self {
        // More than a key starts with, so that a key that was never read is not taken for current.
        Self(AtomicU64::new(1))
    }

    /// Returns the count.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Makes all readings old.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
