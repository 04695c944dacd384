//! The requests that are under way on one connection.

use std::sync::atomic::{AtomicUsize, Ordering};

/// With no more requests than this, whoever sends is mostly the only one who is ready to: found by measuring, as the number
/// from which waiting for others gained more than it cost.
const FEW: usize = 24;

/// How many requests are under way.
#[derive(Debug, Default)]
pub(super) struct Traffic(AtomicUsize);

/// One of them; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Underway<'a>(&'a Traffic);

impl Traffic {
    pub(super) fn begin(&self) -> Underway<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Underway(self)
    }

    /// Whether so many requests are under way that others are likely to be ready to send.
    pub(super) fn is_heavy(&self) -> bool {
        self.0.load(Ordering::Relaxed) > FEW
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
