//! Closing the socket of a client that nobody uses any more, also where its runtime stands still.

use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::Socket;
use tokio::sync::mpsc::UnboundedReceiver;

/// How long a connection that nobody uses has to end by itself, after writing what was sent without waiting for an answer.
const GRACE: Duration = Duration::from_secs(1);

/// A connection without users. Its driver closes it when its runtime is run; a current-thread runtime that nobody blocks
/// on is not, and would keep a retired server's connection for as long.
#[derive(Debug)]
pub(crate) struct Closing {
    pub(super) socket: Socket,
    pub(super) closed: Arc<AtomicBool>,
}

impl Closing {
    async fn finish(self) {
        tokio::time::sleep(GRACE).await;
        if !self.closed.load(Ordering::Acquire) {
            // An error says that the peer was faster.
            let _ = self.socket.shutdown(Shutdown::Both);
        }
    }
}

/// Closes, on the current runtime, what is received.
pub(crate) async fn close_all(mut retired: UnboundedReceiver<Closing>) {
    while let Some(closing) = retired.recv().await {
        tokio::spawn(closing.finish());
    }
}
