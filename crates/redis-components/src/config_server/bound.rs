//! The time that something may take.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::transport::failure::Failure;
use crate::transport::node::Node;

/// A time that has begun, and its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    whole: Duration,
    until: Instant,
}

impl Bound {
    pub(super) fn from_now(whole: Duration) -> Self {
        Self {
            whole,
            until: Instant::now() + whole,
        }
    }

    /// Returns the time that is left.
    pub(super) fn left(self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Waits for `future` until the time is over.
    pub(super) async fn wait<T>(
        self,
        future: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let done = timeout_at(self.until, future).await;
        done.unwrap_or_else(|_| Err(Failure::timed_out(self.whole)))
    }

    /// Waits for `future`, which connects to `node`, until the time is over. The failure says what
    /// may keep this server from answering.
    pub(super) async fn wait_for<T>(
        self,
        node: &Node,
        future: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let done = timeout_at(self.until, future).await;
        done.unwrap_or_else(|_| Err(node.timed_out(self.whole)))
    }
}
