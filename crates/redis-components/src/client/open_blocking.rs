//! Connecting, logging in and probing, for threads.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;

use super::wire::Wire;
use super::{Failure, Timeouts};
use crate::ComponentConfig;

/// A connection that has answered a PING, and whose every command is bounded in time.
///
/// A thread of its own connects, because nothing else bounds the whole: the system resolves names for as long as it likes,
/// and each step of logging in may take a time-out of its own. Left alone, the thread ends soon after.
pub(super) fn open_blocking(
    config: &Arc<ComponentConfig>,
    timeouts: Timeouts,
) -> Result<Wire, Failure> {
    let (sender, receiver) = sync_channel(1);
    let theirs = Arc::clone(config);
    thread::Builder::new()
        .name("redis-components-open".into())
        .spawn(move || {
            // An error says that it took too long.
            let _ = sender.send(Wire::open(&theirs, timeouts));
        })
        .map_err(|error| {
            Failure::unreachable(format!("a thread to connect cannot be started: {error}"))
        })?;
    match receiver.recv_timeout(timeouts.connect) {
        Ok(opened) => opened.map_err(Failure::from),
        Err(RecvTimeoutError::Timeout) => Err(Failure::timed_out(timeouts.connect)),
        Err(RecvTimeoutError::Disconnected) => Err(Failure::unreachable("connecting panicked")),
    }
}
