//! What ends a connection whoever has a copy of its socket.

use super::shared_socket::SharedSocket;
use crate::fork::Process;

/// Shuts a socket down when it is dropped, unless that is in a child of the process.
#[derive(Debug)]
pub(crate) struct Ends {
    socket: SharedSocket,
    process: Process,
}

impl Ends {
    pub(super) fn new(socket: SharedSocket) -> Self {
        let process = Process::current();
        Self { socket, process }
    }

    /// Shuts the socket down.
    pub(crate) fn end(&self) {
        if self.process.is_current() {
            self.socket.shut_down();
        }
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.end();
    }
}
