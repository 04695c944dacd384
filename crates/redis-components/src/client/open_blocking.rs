//! Connecting, logging in and probing, for threads.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;

use redis::io::tcp::TcpSettings;
use redis::{ConnectionAddr, IntoConnectionInfo, RedisError, ServerErrorKind};

use super::{Failure, Timeouts};
use crate::ComponentConfig;

/// A connection that has answered a PING, and whose every command is bounded in time.
///
/// A thread of its own connects, because nothing else bounds what it does: the system resolves names for as long as it
/// likes, and redis-rs gives each step of logging in the whole time-out. Left alone, the thread ends soon after.
pub(super) fn open_blocking(
    config: &Arc<ComponentConfig>,
    timeouts: Timeouts,
) -> Result<redis::Connection, Failure> {
    let (sender, receiver) = sync_channel(1);
    let theirs = Arc::clone(config);
    thread::Builder::new()
        .name("redis-components-open".into())
        .spawn(move || {
            // An error says that it took too long.
            let _ = sender.send(open(&theirs, timeouts));
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

fn open(config: &ComponentConfig, timeouts: Timeouts) -> Result<redis::Connection, RedisError> {
    let info = ConnectionAddr::Tcp(config.host().to_owned(), config.port_number())
        .into_connection_info()?
        .set_tcp_settings(TcpSettings::default().set_nodelay(true))
        .set_redis_settings(config.redis_settings());
    let mut connection =
        redis::Client::open(info)?.get_connection_with_timeout(timeouts.connect)?;
    // redis-rs clears both after connecting: without them a frozen server would hold a call for ever.
    connection.set_read_timeout(Some(timeouts.response))?;
    connection.set_write_timeout(Some(timeouts.response))?;
    ping(&mut connection)?;
    Ok(connection)
}

/// Asks the server whether it is there.
pub(super) fn ping(connection: &mut redis::Connection) -> Result<(), RedisError> {
    match redis::cmd("PING").query::<redis::Value>(connection) {
        // A user who may not PING has logged in all the same.
        Err(error) if error.kind() == ServerErrorKind::NoPerm.into() => Ok(()),
        result => result.map(drop),
    }
}
