//! Ending in good order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Error;
use crate::client::GRACE;
use crate::registry::Registry;
use crate::slot::Remains;

/// How often is looked whether all connections have been given back.
const INTERVAL: Duration = Duration::from_millis(5);

/// Ends redis-components in this process, or in the scope that is current: further calls get
/// [`ErrorKind::ShutDown`](crate::ErrorKind::ShutDown), those under way have until the deadline, and idle connections and
/// that to the config server are closed.
///
/// Returns how many connections were still in use at the deadline; their calls are not cut. Of a `MultiplexedConnection`, which
/// functions may take as well, is counted for each socket whether there is any, and not how many; a `ConnectionManager` and a
/// `redis::Connection` cannot be counted.
///
/// # Errors
///
/// Where this is in no scope of a process that uses scopes.
pub async fn shutdown(deadline: Duration) -> Result<usize, Error> {
    let ending = Ending::begin(deadline)?;
    loop {
        if let Some(left) = ending.look() {
            return Ok(left);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// The blocking form of [`shutdown`].
pub(crate) fn shutdown_blocking(deadline: Duration) -> Result<usize, Error> {
    let ending = Ending::begin(deadline)?;
    loop {
        if let Some(left) = ending.look() {
            return Ok(left);
        }
        std::thread::sleep(INTERVAL);
    }
}

/// A shutdown that is under way.
struct Ending {
    registry: Arc<Registry>,
    begun: Instant,
    deadline: Duration,
}

impl Ending {
    fn begin(deadline: Duration) -> Result<Self, Error> {
        Ok(Self {
            registry: Registry::current()?,
            begun: Instant::now(),
            deadline,
        })
    }

    /// How many connections are left in use, once that is final.
    fn look(&self) -> Option<usize> {
        let Remains { in_use, closing } = self.registry.shut_down();
        let elapsed = self.begun.elapsed();
        // The runtimes of those that nobody uses end them at once, where they are run.
        let has_ended = in_use == 0 && (closing == 0 || elapsed >= GRACE);
        if !has_ended && elapsed < self.deadline {
            return None;
        }
        self.registry.end();
        Some(in_use)
    }
}
