//! Unix sockets.

use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use redis::RedisError;
use tokio::net::UnixStream;

use super::admission::admit_socket;
use super::failure::{Cause, Failure};
use super::on_thread::beside_tasks;
use crate::config::endpoint::LONGEST_SOCKET;
use crate::settings::policy::Policy;

/// Connects to a server on this machine, by a path without links, if the policy allows it.
pub(super) async fn connect(
    policy: &Arc<Policy>,
    path: &Path,
    bound: Duration,
) -> Result<UnixStream, Failure> {
    let (policy, path) = (Arc::clone(policy), path.to_owned());
    // A file system may hang.
    let real = beside_tasks(bound, Failure::timed_out(bound), move || {
        let real = admit_socket(&policy, &path)?;
        if real.as_os_str().len() > LONGEST_SOCKET {
            let what = format!(
                "its path without links is longer than {LONGEST_SOCKET} bytes, the longest that the path of a socket \
                 can be; put the socket into a folder with a shorter path"
            );
            return Err(Failure::new(Cause::Local, what));
        }
        let facts = std::fs::metadata(&real);
        if facts.is_ok_and(|facts| !facts.file_type().is_socket()) {
            let what = "it is no socket; write the path that the server has as `unixsocket`";
            return Err(Failure::unreachable(what));
        }
        Ok(real)
    });
    UnixStream::connect(real.await?).await.map_err(failure)
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
