//! Which kind of command is in flight on a dedicated connection.

use std::sync::atomic::{AtomicU8, Ordering};

/// What a move of the component does to the command in flight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// The command ends by itself, and a move leaves it alone.
    Ends,
    /// The command waits, and the server is asked to end it.
    Follows,
    /// The command waits, and is left alone until the drain deadline.
    Stays,
}

/// The kind, as the thread that waits and the thread that sends share it.
#[derive(Debug, Default)]
pub(super) struct Awaited(AtomicU8);

impl Awaited {
    pub(super) fn set(&self, kind: Kind) {
        let number = match kind {
            Kind::Ends => 0,
            Kind::Follows => 1,
            Kind::Stays => 2,
        };
        self.0.store(number, Ordering::Relaxed);
    }

    pub(super) fn kind(&self) -> Kind {
        match self.0.load(Ordering::Relaxed) {
            0 => Kind::Ends,
            1 => Kind::Follows,
            _ => Kind::Stays,
        }
    }
}
