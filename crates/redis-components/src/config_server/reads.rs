//! Which read answers whom.

use crate::sync::atomic::{AtomicU64, Ordering};

/// The reads of one key, numbered.
///
/// A caller that needs one looks up the number of the newest read that was sent, asks for the next and waits until that
/// one is complete: it was sent after the caller began, and everybody who asks until it is sent shares it. A read that was
/// already in flight could have passed the server before somebody's SET did.
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

    /// Asks for a read that is sent from now on, and says which it is.
    pub(crate) fn ask(&self) -> u64 {
        let number = self.sent.load(Ordering::SeqCst) + 1;
        self.requested.fetch_max(number, Ordering::SeqCst);
        number
    }

    /// Whether somebody waits for a read that is not sent.
    pub(crate) fn is_due(&self) -> bool {
        self.requested.load(Ordering::SeqCst) > self.newest_sent()
    }

    /// Begins a read: whoever asks from now on gets the next one. To be called before the read is sent.
    pub(crate) fn begin(&self) {
        self.sent.fetch_add(1, Ordering::SeqCst);
    }

    /// Skips those asked for: no answer is to be expected.
    pub(crate) fn give_up(&self) {
        self.sent
            .fetch_max(self.requested.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// The number of the newest read that was sent; no read is in flight when this is told to those who wait.
    pub(crate) fn newest_sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}
