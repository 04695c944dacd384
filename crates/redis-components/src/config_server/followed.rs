//! A watch that a key follows.

use std::sync::{Arc, Weak};

/// A watch that a key follows, until it follows another or the same one anew.
#[derive(Debug)]
pub(super) struct Followed<W>(pub(super) Arc<W>);

impl<W> Followed<W> {
    /// Returns it, and what the task that follows the watch ends with.
    pub(super) fn new(watch: &Arc<W>) -> (Arc<Self>, Weak<Self>) {
        let followed = Arc::new(Self(Arc::clone(watch)));
        let alive = Arc::downgrade(&followed);
        (followed, alive)
    }
}
