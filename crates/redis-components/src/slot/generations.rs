//! The generation in force, with which handles compare theirs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// The newest generation of a slot, and the newest that calls have to follow.
#[derive(Debug, Default)]
pub(super) struct Generations {
    newest: AtomicU64,
    /// The newest generation that calls have to follow. A shutdown begins a generation that has no
    /// server.
    moved_to: AtomicU64,
    /// The newest generation whose calls are cut.
    cut_to: AtomicU64,
    /// Wakes all that wait for one of these.
    news: Notify,
    /// Whether no further generation with a server comes.
    is_over: AtomicBool,
}

impl Generations {
    /// Returns the newest generation.
    pub(super) fn newest(&self) -> u64 {
        self.newest.load(Ordering::Acquire)
    }

    /// Begins a generation. Call this before its clients can be found, which must find themselves
    /// current.
    pub(super) fn begin(&self, generation: u64) {
        self.newest.store(generation, Ordering::Release);
    }

    /// Tells waiting calls of earlier generations that the newest generation is in force.
    pub(super) fn announce_move(&self) {
        self.moved_to.fetch_max(self.newest(), Ordering::AcqRel);
        self.news.notify_waiters();
    }

    /// Tells calls that never end by themselves that there are no more servers.
    pub(super) fn announce_end(&self) {
        self.is_over.store(true, Ordering::Release);
        self.news.notify_waiters();
    }

    /// Waits until there are no more servers.
    pub(super) async fn over(&self) {
        self.until(|| self.is_over.load(Ordering::Acquire)).await;
    }

    /// Tells calls of `generation`, and of earlier ones, that they are cut.
    pub(super) fn announce_cut(&self, generation: u64) {
        self.cut_to.fetch_max(generation, Ordering::AcqRel);
        self.news.notify_waiters();
    }

    /// Returns `true` if calls of `generation` are cut.
    pub(super) fn is_cut(&self, generation: u64) -> bool {
        self.cut_to.load(Ordering::Acquire) >= generation
    }

    /// Waits until calls of `generation` are cut.
    pub(super) async fn cut(&self, generation: u64) {
        self.until(|| self.is_cut(generation)).await;
    }

    /// Returns `true` if calls of `generation` have to follow a newer one.
    pub(super) fn has_moved_from(&self, generation: u64) -> bool {
        self.moved_to.load(Ordering::Acquire) > generation
    }

    /// Waits until calls of `generation` have to follow a newer one.
    pub(super) async fn moved_from(&self, generation: u64) {
        self.until(|| self.has_moved_from(generation)).await;
    }

    async fn until(&self, is_so: impl Fn() -> bool) {
        loop {
            // This comes before the look, so that no announcement between the two is missed.
            let announced = self.news.notified();
            if is_so() {
                return;
            }
            announced.await;
        }
    }
}
