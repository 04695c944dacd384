//! Connecting, logging in and probing, on the tokio runtime of the caller.

use std::io;
use std::net::IpAddr;
use std::pin::pin;

use futures_util::future::{BoxFuture, Either, select};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, RedisError, ServerErrorKind};
use socket2::{SockRef, Socket};
use tokio::net::TcpStream;

use super::{Failure, Timeouts};
use crate::ComponentConfig;

/// A connection that has answered a PING, the future that must be spawned to drive it, which ends when the connection
/// does, and its socket, to close it from outside.
///
/// The driver is ours to spawn, which redis-rs's own `get_multiplexed_async_connection` does not allow, so that the end
/// of a connection is noticed when it happens and not by the next call.
pub(crate) async fn open(
    config: &ComponentConfig,
    login: &RedisConnectionInfo,
    timeouts: Timeouts,
    settings: AsyncConnectionConfig,
) -> Result<(MultiplexedConnection, BoxFuture<'static, ()>, Socket), Failure> {
    let opening = async {
        let stream = connect(config).await?;
        let socket = SockRef::from(&stream)
            .try_clone()
            .map_err(RedisError::from)?;
        let settings = settings.set_response_timeout(Some(timeouts.response));
        let (connection, driver) = log_in(login, stream, settings)
            .await
            .map_err(Failure::in_handshake)?;
        Ok((connection, driver, socket))
    };
    match tokio::time::timeout(timeouts.connect, opening).await {
        Ok(result) => result,
        Err(_) => Err(Failure::timed_out(timeouts.connect)),
    }
}

/// Logs in and probes.
async fn log_in(
    login: &RedisConnectionInfo,
    stream: TcpStream,
    settings: AsyncConnectionConfig,
) -> Result<(MultiplexedConnection, BoxFuture<'static, ()>), Failure> {
    let (connection, driver) =
        MultiplexedConnection::new_with_config(login, stream, settings).await?;
    let mut driver: BoxFuture<'static, ()> = Box::pin(driver);
    let mut probing = connection.clone();
    let ping = redis::cmd("PING");
    let probe = pin!(ping.query_async::<redis::Value>(&mut probing));
    let answer = match select(probe, &mut driver).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => {
            return Err(Failure::unreachable("the server closed the connection"));
        }
    };
    match answer {
        // A user who may not PING has logged in all the same.
        Err(error) if error.kind() == ServerErrorKind::NoPerm.into() => {}
        Err(error) => return Err(error.into()),
        Ok(_) => {}
    }
    Ok((connection, driver))
}

/// A socket to the server, with keepalive. Nothing here bounds the time it takes.
pub(crate) async fn connect(config: &ComponentConfig) -> Result<TcpStream, Failure> {
    let connected: io::Result<TcpStream> = async {
        let stream = TcpStream::connect((config.host(), config.port_number())).await?;
        let (local, peer) = (stream.local_addr()?.ip(), stream.peer_addr()?.ip());
        stream.set_nodelay(!is_same_machine(local, peer))?;
        SockRef::from(&stream).set_keepalive(true)?;
        Ok(stream)
    }
    .await;
    connected.map_err(|error| RedisError::from(error).into())
}

/// Whether a connection between these two stays on this machine.
///
/// There, small requests may wait for the acknowledgement of those before them (Nagle's algorithm): it comes in microseconds,
/// and they go out in fewer system calls, of which such a server has its share too. Over a network they would wait for a
/// round trip.
fn is_same_machine(local: IpAddr, peer: IpAddr) -> bool {
    let peer = peer.to_canonical();
    peer.is_loopback() || peer == local.to_canonical()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::{connect, is_same_machine};
    use crate::ComponentConfig;

    #[tokio::test]
    async fn small_requests_wait_for_each_other_on_the_same_machine() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let config = ComponentConfig::new("127.0.0.1").port(port);
        let stream = connect(&config).await.expect("a connection");
        assert!(!stream.nodelay().expect("an option"));
    }

    fn is_same(local: &str, peer: &str) -> bool {
        let parsed = |text: &str| text.parse().expect("an address");
        is_same_machine(parsed(local), parsed(peer))
    }

    #[test]
    fn a_machine_reaches_itself_by_any_of_its_addresses() {
        assert!(is_same("127.0.0.1", "127.0.0.1"));
        assert!(is_same("127.0.0.1", "127.9.9.9"));
        assert!(is_same("::1", "::1"));
        assert!(is_same("::ffff:127.0.0.1", "::ffff:127.0.0.1"));
        assert!(is_same("10.0.0.1", "10.0.0.1"));
    }

    #[test]
    fn another_machine_has_other_addresses() {
        assert!(!is_same("10.0.0.1", "10.0.0.2"));
        assert!(!is_same("fd00::1", "fd00::2"));
    }
}
