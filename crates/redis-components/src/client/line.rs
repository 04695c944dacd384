//! Closing the socket of a client that nobody uses any more, also where its runtime stands still.

use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use socket2::Socket;

use super::health::Health;
use super::traffic::Traffic;

/// How long a connection that nobody uses has to end by itself, after writing what was sent without waiting for an answer.
const GRACE: Duration = Duration::from_secs(1);

/// One connection, as seen from outside its driver.
#[derive(Debug)]
pub(crate) struct Line {
    pub(super) health: Health,
    pub(super) traffic: Traffic,
    socket: Socket,
}

impl Line {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            health: Health::new(),
            traffic: Traffic::default(),
            socket,
        }
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
