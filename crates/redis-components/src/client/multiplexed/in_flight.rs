//! The requests that are in flight on one connection.

use std::sync::atomic::{AtomicUsize, Ordering};

/// With at most this many requests in flight, a sender is usually the only one ready, and waiting
/// for others costs more than it gains (docs/performance.md).
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

    /// Returns `true` if others are likely to be ready to send.
    pub(super) fn are_many(&self) -> bool {
        self.0.load(Ordering::Relaxed) > FEW
    }
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
