//! Closing the socket of a client that nobody uses any more, also if its runtime stands still.

#[cfg(feature = "connection-manager")]
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[cfg(feature = "connection-manager")]
use redis::RedisError;

use super::in_flight::InFlight;
use super::role::FirstRole;
use crate::client::health::Health;
use crate::fork::Process;
#[cfg(feature = "connection-manager")]
use crate::transport::failure::Failure;
use crate::transport::shared_socket::WeakSocket;

/// The time that an unused connection has to end by itself. It may still write requests whose
/// answers no caller awaits.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// A connection, as seen from outside its driver.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(super) health: Health,
    pub(super) in_flight: InFlight,
    /// Whether there may be users that do not hold the client.
    lent: AtomicBool,
    pub(super) role: FirstRole,
    process: Process,
    socket: WeakSocket,
}

impl Socket {
    pub(super) fn new(socket: WeakSocket) -> Self {
        Self {
            health: Health::new(),
            in_flight: InFlight::default(),
            lent: AtomicBool::new(false),
            role: FirstRole::default(),
            process: Process::current(),
            socket,
        }
    }

    /// Notes that a handle goes to a user that does not hold the client. The last of these handles
    /// ends the connection.
    pub(super) fn lend(&self) {
        self.lent.store(true, Ordering::Release);
    }

    pub(super) fn is_lent(&self) -> bool {
        self.lent.load(Ordering::Acquire)
    }

    /// Returns `true` if a user that does not hold the client may use the connection.
    pub(crate) fn may_be_in_use(&self) -> bool {
        self.is_lent() && self.is_open()
    }

    /// Returns `true` if this process made the connection, and not an earlier process from which it
    /// was forked.
    pub(super) fn is_of_this_process(&self) -> bool {
        self.process.is_current()
    }

    /// Returns the address of the server. A unix socket has none.
    #[cfg(feature = "connection-manager")]
    pub(super) fn peer(&self) -> Result<Option<SocketAddr>, Failure> {
        let peer = self.socket.peer().map_err(RedisError::from)?;
        Ok(peer)
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.health.is_closed()
    }

    /// Closes the connection. The socket is shut down because others may keep it open otherwise.
    pub(crate) fn close(&self) {
        self.health.close();
        self.socket.shut_down();
    }
}

/// Closes a connection that nobody uses, unless it ends by itself. Its driver ends it while its
/// runtime runs. A current-thread runtime that nobody blocks on does not run, and would keep the
/// connection to a retired server.
pub(super) async fn close_unused(socket: Arc<Socket>) {
    tokio::time::sleep(GRACE).await;
    socket.close();
}
