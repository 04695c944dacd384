//! The requests that are in flight on one connection.

use std::sync::atomic::{AtomicUsize, Ordering};

/// With at most this many requests in flight, all of them share one connection: they go out together
/// (docs/performance.md).
const FEW: usize = 24;

/// How many requests are in flight.
#[derive(Debug, Default)]
pub(super) struct InFlight(AtomicUsize);

/// A request in flight. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct InFlightGuard<'a>(&'a InFlight);

impl InFlight {
    pub(super) fn begin(&self) -> InFlightGuard<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        InFlightGuard(self)
    }

    /// Returns `true` if the next request is better off on another connection.
    pub(super) fn are_many(&self) -> bool {
        self.0.load(Ordering::Relaxed) > FEW
    }
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
