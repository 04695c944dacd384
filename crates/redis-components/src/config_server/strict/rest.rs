//! When a connection beside the watch is not needed any more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the watch's thread looks which connections are used.
pub(super) const LOOKED_EVERY: Duration = Duration::from_secs(1);

/// A connection that was not used at so many looks in a row is closed.
const UNUSED_LOOKS: u32 = 4;

/// A connection that no call has used for this long is closed by the next look. Calls that come less
/// often open no connection.
pub(super) const UNUSED_FOR: Duration = Duration::from_secs(4);

/// Whether something is used.
#[derive(Default)]
pub(super) struct Used(AtomicBool);

/// What the looks have found.
#[derive(Default)]
pub(super) struct Looks {
    unused: u32,
}

impl Used {
    /// Notes a use.
    pub(super) fn note(&self) {
        // A store by each call would take the cache line from all others.
        if !self.0.load(Ordering::Relaxed) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

impl Looks {
    /// Looks once more. Returns `true` if there was no use for a while.
    pub(super) fn look(&mut self, used: &Used) -> bool {
        if used.0.swap(false, Ordering::Relaxed) {
            self.unused = 0;
        } else {
            self.unused += 1;
        }
        self.unused >= UNUSED_LOOKS
    }
}

#[cfg(test)]
mod tests {
    use super::{LOOKED_EVERY, Looks, UNUSED_FOR, UNUSED_LOOKS, Used};

    #[test]
    fn r6_what_is_used_now_and_then_is_kept_and_what_is_not_is_given_up() {
        assert_eq!(LOOKED_EVERY * UNUSED_LOOKS, UNUSED_FOR);
        let (used, mut looks) = (Used::default(), Looks::default());
        for _ in 0..3 {
            used.note();
            let found: Vec<bool> = (0..4).map(|_| looks.look(&used)).collect();
            assert_eq!(found, [false; 4]);
        }
        assert!(looks.look(&used));
    }
}
