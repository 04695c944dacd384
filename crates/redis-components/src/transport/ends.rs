//! What ends a connection whoever has a copy of its socket.

use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use redis::RedisError;

use super::failure::Failure;
use super::stream::Stream;
use crate::fork::Process;

/// Shuts a socket down when it is dropped, unless that is in a child of the process.
#[derive(Debug)]
pub(crate) struct Ends {
    socket: Arc<TcpStream>,
    process: Process,
}

impl Ends {
    /// Returns another handle to the stream's socket.
    ///
    /// # Errors
    ///
    /// Returns an error if the system has none left.
    pub(super) fn handle(stream: &Stream) -> Result<Arc<TcpStream>, Failure> {
        let socket = stream.socket().map_err(RedisError::from)?;
        Ok(Arc::new(socket.into()))
    }

    /// Returns what shuts the stream's socket down.
    ///
    /// # Errors
    ///
    /// As [`handle`](Self::handle).
    pub(super) fn of(stream: &Stream) -> Result<Self, Failure> {
        Self::handle(stream).map(Self::new)
    }

    pub(super) fn new(socket: Arc<TcpStream>) -> Self {
        let process = Process::current();
        Self { socket, process }
    }

    /// Shuts the socket down.
    pub(crate) fn end(&self) {
        if self.process.is_current() {
            // An error says that it has ended already.
            let _ = self.socket.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.end();
    }
}
