//! Closing the socket of a client that nobody uses any more, also where its runtime stands still.

use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::Socket;

use super::health::Health;
use super::traffic::Traffic;

/// How long a connection that nobody uses has to end by itself, after writing what was sent without waiting for an answer.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// One connection, as seen from outside its driver.
#[derive(Debug)]
pub(crate) struct Line {
    pub(super) health: Health,
    pub(super) traffic: Traffic,
    /// Whether there may be users that do not hold the client.
    lent: AtomicBool,
    socket: Socket,
}

impl Line {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            health: Health::new(),
            traffic: Traffic::default(),
            lent: AtomicBool::new(false),
            socket,
        }
    }

    /// Notes that a handle goes to somebody who does not hold the client: only the last of them ends the connection.
    pub(super) fn lend(&self) {
        self.lent.store(true, Ordering::Release);
    }

    pub(super) fn is_lent(&self) -> bool {
        self.lent.load(Ordering::Acquire)
    }

    /// Whether somebody may use the connection who does not hold the client.
    pub(crate) fn is_out(&self) -> bool {
        self.is_lent() && self.is_open()
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.health.is_closed()
    }

    /// Ends the connection. The socket is shut down because our handle to it keeps it open otherwise.
    pub(crate) fn end(&self) {
        self.health.close();
        // An error says that it has ended already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// Ends a connection that nobody uses, if it does not do so itself. Its driver does when its runtime is run; a
/// current-thread runtime that nobody blocks on is not, and would keep a retired server's connection for as long.
pub(super) async fn end_unused(line: Arc<Line>) {
    tokio::time::sleep(GRACE).await;
    line.end();
}
