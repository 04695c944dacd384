//! Assigns a read to each caller.

use crate::sync::atomic::{AtomicU64, Ordering};

/// The reads of one key, numbered.
///
/// A caller that needs a read looks up the number of the newest read that was sent. It asks for the
/// next read, and waits until that is complete. That read is sent after the caller began, and all
/// callers that ask before it is sent share it. A read that was already in flight may have passed
/// the server before a SET did.
#[derive(Debug)]
pub(crate) struct Reads {
    requested: AtomicU64,
    sent: AtomicU64,
}

impl Reads {
    pub(crate) fn new() -> Self {
        Self {
            requested: AtomicU64::new(0),
            sent: AtomicU64::new(0),
        }
    }

    /// Asks for a read that is sent from now on, and returns its number.
    pub(crate) fn ask(&self) -> u64 {
        let number = self.sent.load(Ordering::SeqCst) + 1;
        self.requested.fetch_max(number, Ordering::SeqCst);
        number
    }

    /// Returns `true` if a caller waits for a read that is not sent.
    pub(crate) fn is_due(&self) -> bool {
        self.requested.load(Ordering::SeqCst) > self.newest_sent()
    }

    /// Begins a read: callers that ask from now on get the next read. Call this before the read is
    /// sent.
    pub(crate) fn begin(&self) {
        self.sent.fetch_add(1, Ordering::SeqCst);
    }

    /// Skips the reads that were asked for, because no answer is expected.
    pub(crate) fn give_up(&self) {
        self.sent
            .fetch_max(self.requested.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Returns the number of the newest read that was sent. No read is in flight when waiting
    /// callers are told.
    pub(crate) fn newest_sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}
