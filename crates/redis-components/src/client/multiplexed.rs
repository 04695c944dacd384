//! The client that the asynchronous calls of one tokio runtime share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::aio::MultiplexedConnection;
use tokio::runtime::Handle;

use super::{Failure, Timeouts, open};
use crate::ComponentConfig;

/// A multiplexed connection and whether it still lives.
#[derive(Debug)]
pub(crate) struct Multiplexed {
    connection: MultiplexedConnection,
    closed: Arc<AtomicBool>,
}

impl Multiplexed {
    /// Connects, logs in and probes on the current runtime, where the connection is then driven.
    pub(crate) async fn open(
        config: &ComponentConfig,
        timeouts: Timeouts,
    ) -> Result<Self, Failure> {
        let (connection, driver) = open(config, timeouts).await?;
        let closed = Arc::new(AtomicBool::new(false));
        let guard = CloseGuard(Arc::clone(&closed));
        Handle::current().spawn(async move {
            let _guard = guard;
            driver.await;
        });
        Ok(Self { connection, closed })
    }

    /// A handle to the connection.
    pub(crate) fn connection(&self) -> MultiplexedConnection {
        self.connection.clone()
    }

    /// Whether the connection has ended: the server closed it, or its runtime is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

/// Marks the connection closed when its driver ends, also when that is because its runtime is dropped.
struct CloseGuard(Arc<AtomicBool>);

impl Drop for CloseGuard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
