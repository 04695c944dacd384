//! An orderly end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::multiplexed::socket::GRACE;
use crate::error::Error;
use crate::registry::Registry;
use crate::scope;
use crate::slot::retire::StillOpen;

/// The interval at which a shutdown checks if all connections were given back.
const INTERVAL: Duration = Duration::from_millis(5);

/// How long a shutdown waits for the receipt to be removed. A config server that answers takes a
/// round trip.
const LEAVES_WITHIN: Duration = Duration::from_millis(500);

/// Ends redis-components in this process, or in the current scope.
///
/// Further calls get [`ErrorKind::ShutDown`](crate::ErrorKind::ShutDown). Calls in flight have
/// until the deadline. Idle connections and the connection to the config server are closed. The
/// [receipt](crate::receipts) of this process is removed, which may take half a second longer if the
/// config server does not answer.
///
/// Returns how many connections were still in use at the deadline. Their calls are not cut. All
/// `MultiplexedConnection`s on one socket count as one. A `ConnectionManager` and a
/// `redis::Connection` cannot be counted.
///
/// # Errors
///
/// Returns an error outside every scope, in a process that uses scopes only.
pub async fn shutdown(deadline: Duration) -> Result<usize, Error> {
    let mut shutdown = Shutdown::begin(deadline)?;
    loop {
        if let Some(left) = shutdown.look() {
            return Ok(left);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// The blocking form of [`shutdown`].
pub(crate) fn shutdown_blocking(deadline: Duration) -> Result<usize, Error> {
    let mut shutdown = Shutdown::begin(deadline)?;
    loop {
        if let Some(left) = shutdown.look() {
            return Ok(left);
        }
        std::thread::sleep(INTERVAL);
    }
}

/// A shutdown in progress.
struct Shutdown {
    registry: Arc<Registry>,
    begun: Instant,
    deadline: Duration,
    /// When the watches were told to end, and how many connections were in use then.
    ended: Option<(Instant, usize)>,
}

impl Shutdown {
    fn begin(deadline: Duration) -> Result<Self, Error> {
        Ok(Self {
            registry: scope::registry()?,
            begun: Instant::now(),
            deadline,
            ended: None,
        })
    }

    /// Returns how many connections are still in use, or `None` if that may still change, or if the
    /// receipt of this process is being removed.
    fn look(&mut self) -> Option<usize> {
        let (ended, in_use) = match self.ended {
            Some(ended) => ended,
            None => *self.ended.insert(self.end()?),
        };
        let has_left = self.registry.has_left() || ended.elapsed() >= LEAVES_WITHIN;
        has_left.then_some(in_use)
    }

    /// Ends everything, unless connections in use may still be given back.
    fn end(&self) -> Option<(Instant, usize)> {
        let StillOpen { in_use, closing } = self.registry.shut_down();
        let elapsed = self.begun.elapsed();
        // A runtime that runs closes its unused connections at once.
        let has_ended = in_use == 0 && (closing == 0 || elapsed >= GRACE);
        if !has_ended && elapsed < self.deadline {
            return None;
        }
        self.registry.end();
        Some((Instant::now(), in_use))
    }
}
