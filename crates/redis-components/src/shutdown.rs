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

/// Ends redis-components in this process, or in the current scope.
///
/// Further calls get [`ErrorKind::ShutDown`](crate::ErrorKind::ShutDown). Calls in flight have
/// until the deadline. Idle connections and the connection to the config server are closed.
///
/// Returns how many connections were still in use at the deadline. Their calls are not cut. All
/// `MultiplexedConnection`s on one socket count as one. A `ConnectionManager` and a
/// `redis::Connection` cannot be counted.
///
/// # Errors
///
/// Returns an error outside every scope, in a process that uses scopes only.
pub async fn shutdown(deadline: Duration) -> Result<usize, Error> {
    let shutdown = Shutdown::begin(deadline)?;
    loop {
        if let Some(left) = shutdown.look() {
            return Ok(left);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// The blocking form of [`shutdown`].
pub(crate) fn shutdown_blocking(deadline: Duration) -> Result<usize, Error> {
    let shutdown = Shutdown::begin(deadline)?;
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
}

impl Shutdown {
    fn begin(deadline: Duration) -> Result<Self, Error> {
        Ok(Self {
            registry: scope::registry()?,
            begun: Instant::now(),
            deadline,
        })
    }

    /// Returns how many connections are still in use, or `None` if that may still change.
    fn look(&self) -> Option<usize> {
        let StillOpen { in_use, closing } = self.registry.shut_down();
        let elapsed = self.begun.elapsed();
        // A runtime that runs closes its unused connections at once.
        let has_ended = in_use == 0 && (closing == 0 || elapsed >= GRACE);
        if !has_ended && elapsed < self.deadline {
            return None;
        }
        self.registry.end();
        Some(in_use)
    }
}
