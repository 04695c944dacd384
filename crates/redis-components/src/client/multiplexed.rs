//! The client that the asynchronous calls of one tokio runtime share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;

use super::{Closing, Failure, Timeouts, open};
use crate::ComponentConfig;

/// A multiplexed connection and whether it still lives.
pub(crate) struct Multiplexed {
    connection: MultiplexedConnection,
    closed: Arc<AtomicBool>,
    /// What closes the socket when the last user is gone, and who does it.
    closing: Option<(Closing, UnboundedSender<Closing>)>,
    /// Whether there may be users that do not hold this client.
    lent: AtomicBool,
}

impl Multiplexed {
    /// Connects, logs in and probes on the current runtime, where the connection is then driven.
    pub(crate) async fn open(
        config: &ComponentConfig,
        timeouts: Timeouts,
        closer: Option<UnboundedSender<Closing>>,
    ) -> Result<Self, Failure> {
        let settings = AsyncConnectionConfig::new();
        let (connection, driver, socket) =
            open(config, &config.redis_settings(), timeouts, settings).await?;
        let closed = Arc::new(AtomicBool::new(false));
        let guard = CloseGuard(Arc::clone(&closed));
        Handle::current().spawn(async move {
            let _guard = guard;
            driver.await;
        });
        let closing = Closing {
            socket,
            closed: Arc::clone(&closed),
        };
        Ok(Self {
            connection,
            closed,
            closing: closer.map(|closer| (closing, closer)),
            lent: AtomicBool::new(false),
        })
    }

    /// A handle to the connection, for somebody who holds this client as long.
    pub(crate) fn connection(&self) -> MultiplexedConnection {
        self.connection.clone()
    }

    /// Notes that a handle goes to somebody who does not: only the last of them ends the connection.
    pub(crate) fn lend(&self) {
        self.lent.store(true, Ordering::Release);
    }

    /// Whether the connection has ended: the server closed it, or its runtime is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

impl Drop for Multiplexed {
    fn drop(&mut self) {
        if let Some((closing, closer)) = self.closing.take()
            && !*self.lent.get_mut()
        {
            // An error says that the closer is gone, and with it the hurry.
            let _ = closer.send(closing);
        }
    }
}

impl fmt::Debug for Multiplexed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multiplexed")
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

/// Marks the connection closed when its driver ends, also when that is because its runtime is dropped.
struct CloseGuard(Arc<AtomicBool>);

impl Drop for CloseGuard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
