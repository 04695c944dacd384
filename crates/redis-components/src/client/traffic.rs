//! The requests that are under way on one connection.

use std::sync::atomic::{AtomicUsize, Ordering};

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

    /// Whether several requests are under way.
    pub(super) fn is_shared(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 1
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
