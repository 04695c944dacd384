//! Ending in good order.

use std::time::{Duration, Instant};

use crate::Error;
use crate::registry::Registry;

/// How often is looked whether all connections have been given back.
const INTERVAL: Duration = Duration::from_millis(5);

/// Ends redis-components in this process, or in the scope that is current: further calls get
/// [`ErrorKind::ShutDown`](crate::ErrorKind::ShutDown), those under way have until the deadline, and idle connections and
/// that to the config server are closed.
///
/// Returns how many connections were still in use at the deadline; their calls are not cut. Of a `MultiplexedConnection`, which
/// functions may take as well, is counted whether there is any, and not how many; a `ConnectionManager` and a
/// `redis::Connection` cannot be counted.
///
/// # Errors
///
/// Where this is in no scope of a process that uses scopes.
pub async fn shutdown(deadline: Duration) -> Result<usize, Error> {
    let registry = Registry::current()?;
    let begun = Instant::now();
    loop {
        let left = registry.shut_down();
        if left == 0 || begun.elapsed() >= deadline {
            registry.end_watches();
            return Ok(left);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// The blocking form of [`shutdown`].
pub(crate) fn shutdown_blocking(deadline: Duration) -> Result<usize, Error> {
    let registry = Registry::current()?;
    let begun = Instant::now();
    loop {
        let left = registry.shut_down();
        if left == 0 || begun.elapsed() >= deadline {
            registry.end_watches();
            return Ok(left);
        }
        std::thread::sleep(INTERVAL);
    }
}
