//! What ends a connection whoever has a copy of its socket.

use super::shared_socket::WeakSocket;

/// Shuts a socket down when it is dropped, unless that is in a child of the process.
#[derive(Debug)]
pub(crate) struct Ends(WeakSocket);

impl Ends {
    pub(super) fn new(socket: WeakSocket) -> Self {
        Self(socket)
    }

    /// Shuts the socket down.
    pub(crate) fn end(&self) {
        self.0.shut_down();
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.end();
    }
}
