//! The time until which a key was known to hold the value that the watch has read.

use std::time::Duration;

use crate::clock::{Tick, Wait};
use crate::sync::atomic::{AtomicU64, Ordering};

/// The proof of a key that has no answer yet.
const NEVER: u64 = 0;
/// The proof of a config that cannot change, because it is not on a server.
const FOREVER: u64 = u64::MAX;

/// The revision of a key's target, and the time at which it was last known to be current.
///
/// The watch stores the target, then its revision, then the proof. Callers load the proof, then the
/// revision, then the value that they compare with it. So a caller that sees a proof also sees the
/// target that it proves, or a newer target.
#[derive(Debug)]
pub(crate) struct Proof {
    revision: AtomicU64,
    proven: AtomicU64,
}

impl Proof {
    pub(crate) fn new() -> Self {
        Self {
            revision: AtomicU64::new(0),
            proven: AtomicU64::new(NEVER),
        }
    }

    /// Returns `true` if the target was current on the config server no more than `wait` ago.
    pub(crate) fn is_fresh(&self, wait: Wait) -> bool {
        match self.proven.load(Ordering::Acquire) {
            NEVER => false,
            FOREVER => true,
            proven => !wait.is_zero() && Tick::from_bits(proven).is_within(wait),
        }
    }

    /// Returns the time since the target was last known to be current, or `None` if there was no
    /// answer yet, or if no proof is needed.
    pub(crate) fn age(&self) -> Option<Duration> {
        match self.proven.load(Ordering::Acquire) {
            NEVER | FOREVER => None,
            proven => Some(Tick::from_bits(proven).elapsed()),
        }
    }

    /// Returns the revision of the target. Load it after [`is_fresh`](Self::is_fresh), which says
    /// how old it may be.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Announces the revision of a target that has been stored.
    pub(crate) fn announce(&self, revision: u64) {
        self.revision.store(revision, Ordering::Release);
    }

    /// Proves the last announced revision, as of `sent_at`: the time at which the read that gave it
    /// was sent, or the PING that confirms it.
    pub(crate) fn prove(&self, sent_at: Tick) {
        self.proven.store(sent_at.to_bits(), Ordering::Release);
    }

    /// Proves the announced revision. The proof never expires.
    pub(crate) fn prove_forever(&self) {
        self.proven.store(FOREVER, Ordering::Release);
    }
}
