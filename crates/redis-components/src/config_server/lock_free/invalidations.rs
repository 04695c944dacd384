//! Tells if the last reading of a key may be old.

use crate::sync::atomic::{AtomicU64, Ordering};

/// Counts the events that may have made the readings of a key old: each invalidation of that key or
/// of all keys, and each loss of the connection that brings invalidations.
///
/// A reading carries the count from *before* its read was sent, and is current while the count
/// stays the same. Nothing is ever reset, so a race between a read and an invalidation loses
/// nothing. Frames are counted when they are parsed, in the server's order, before the reply after
/// them is handed on.
#[derive(Debug)]
pub(crate) struct Invalidations {
    count: AtomicU64,
    /// The count that the last reading carries.
    as_of: AtomicU64,
}

impl Invalidations {
    pub(crate) fn new() -> Self {
        Self {
            // More than in `as_of`, so that a key that was never read does not count as current.
            count: AtomicU64::new(1),
            as_of: AtomicU64::new(0),
        }
    }

    /// Returns the count. A read carries it: call this before the read is sent.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Makes the last reading old, and each reading that is in flight.
    pub(crate) fn add(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
    }

    /// Notes that the last reading carries `count`.
    pub(crate) fn note_reading(&self, count: u64) {
        self.as_of.store(count, Ordering::Relaxed);
    }

    /// Returns `true` if the key may have changed since before its last read was sent.
    pub(crate) fn is_old(&self) -> bool {
        self.as_of.load(Ordering::Relaxed) != self.count()
    }
}
