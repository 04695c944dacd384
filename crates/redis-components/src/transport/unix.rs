//! Unix sockets.

use std::io;
use std::path::Path;

use redis::RedisError;
use tokio::net::UnixStream;

use super::failure::{Cause, Failure};

/// Connects to a server on this machine.
pub(super) async fn connect(path: &Path) -> Result<UnixStream, Failure> {
    UnixStream::connect(path).await.map_err(failure)
}

fn failure(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => Failure::unreachable(
            "there is no such socket; check that the server runs, and that this process sees its files",
        ),
        io::ErrorKind::PermissionDenied => Failure::unreachable(
            "this process may not use the socket; check the server's `unixsocketperm`, and the folders above it",
        ),
        io::ErrorKind::ConnectionRefused => Failure::unreachable(
            "no server listens on the socket; it may be left over from one that has ended",
        ),
        // The queue of connections that wait to be accepted is full.
        io::ErrorKind::WouldBlock => Failure::new(
            Cause::Busy,
            "more clients wait for the socket than it takes; the server does not keep up",
        ),
        _ => RedisError::from(error).into(),
    }
}
