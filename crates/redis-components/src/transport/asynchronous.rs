//! Connections on the tokio runtime of the caller.

use std::net::Shutdown;
use std::time::Duration;

use futures_util::future::BoxFuture;
use redis::aio::{ConnectionLike, MultiplexedConnection, PubSub};
use redis::{
    AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo, RedisError, RedisResult, Value,
};
use socket2::{SockRef, Socket};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::failure::Failure;
use super::handshake::{Handshake, Progress, judge_probe, probe};
use super::node::Node;
use super::tcp;
use crate::fork::in_this_process;
use crate::settings::timeouts::Timeouts;

/// A connection that is logged in and has answered a probe.
pub(crate) struct Opened {
    pub(crate) connection: MultiplexedConnection,
    /// Must be spawned: it moves the connection's bytes, and ends when the connection does.
    ///
    /// redis-rs's own `get_multiplexed_async_connection` spawns it itself, and only the next call
    /// would notice the end.
    pub(crate) driver: BoxFuture<'static, ()>,
    /// Closes the connection from outside its driver.
    pub(crate) socket: Socket,
}

/// Connects, logs in and probes. `timeouts.response` bounds each command, if it is set.
///
/// # Errors
///
/// Returns an error within `timeouts.connect` if the server cannot be used.
pub(crate) async fn open(
    node: &Node,
    protocol: ProtocolVersion,
    timeouts: Timeouts,
    settings: AsyncConnectionConfig,
) -> Result<Opened, Failure> {
    within(timeouts.connect, async {
        let stream = connect(node, timeouts.connect).await?;
        let socket = SockRef::from(&stream).try_clone();
        let socket = socket.map_err(RedisError::from)?;
        let settings = settings.set_response_timeout(Some(timeouts.response));
        let session = session(node, protocol);
        let built = MultiplexedConnection::new_with_config(&session, stream, settings).await;
        let (connection, driver) = built.map_err(|error| Failure::from(error).in_handshake())?;
        Ok(Opened {
            connection,
            driver: in_this_process(driver),
            socket,
        })
    })
    .await
}

impl Opened {
    /// Returns the connection, and its driver, which shuts the socket down when it ends. A child
    /// may have a copy of the socket, and would keep the connection open.
    pub(crate) fn into_parts(self) -> (MultiplexedConnection, BoxFuture<'static, ()>) {
        let Self {
            connection,
            driver,
            socket,
            ..
        } = self;
        let driver = in_this_process(async move {
            let _ends = Ends(socket);
            driver.await;
        });
        (connection, driver)
    }
}

/// Shuts a socket down when it is dropped.
struct Ends(Socket);

impl Drop for Ends {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Connects, logs in and probes for a subscriber. `guard` wraps the stream.
///
/// # Errors
///
/// Returns an error within `bound` if the server cannot be used.
pub(crate) async fn open_subscriber<S>(
    node: &Node,
    bound: Duration,
    guard: impl FnOnce(TcpStream) -> S,
) -> Result<PubSub, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    within(bound, async {
        let stream = guard(connect(node, bound).await?);
        let session = session(node, ProtocolVersion::RESP2);
        Ok(PubSub::new(&session, stream).await?)
    })
    .await
}

/// Asks the server if it is up and serves.
///
/// # Errors
///
/// Returns an error if the server says that it serves nobody, or the connection fails.
pub(crate) async fn ping(connection: &mut impl ConnectionLike) -> Result<(), Failure> {
    let answer: RedisResult<Value> = probe().query_async(connection).await;
    judge_probe(answer)
}

/// Connects, logs in and probes, without a bound.
async fn connect(node: &Node, bound: Duration) -> Result<TcpStream, Failure> {
    let mut stream = tcp::connect(node.address(), bound).await?;
    log_in(node, &mut stream)
        .await
        .map_err(Failure::in_handshake)?;
    Ok(stream)
}

async fn log_in(node: &Node, stream: &mut TcpStream) -> Result<(), Failure> {
    let mut handshake = Handshake::new(node);
    let mut progress = Progress::SendAgain;
    let mut buffer = [0; 512];
    loop {
        if progress == Progress::SendAgain {
            let sent = stream.write_all(&handshake.request()).await;
            sent.map_err(RedisError::from)?;
        }
        let length = stream.read(&mut buffer).await.map_err(RedisError::from)?;
        progress = handshake.receive(&buffer[..length])?;
        if progress == Progress::Done {
            return Ok(());
        }
    }
}

/// Returns the settings for redis-rs to take over a stream that is logged in.
fn session(node: &Node, protocol: ProtocolVersion) -> RedisConnectionInfo {
    RedisConnectionInfo::default()
        .set_db(i64::from(node.db()))
        .set_protocol(protocol)
        // CLIENT SETINFO makes some proxies hang up, and the user may lack the permission.
        .set_skip_set_lib_name()
}

async fn within<T>(
    bound: Duration,
    opening: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    timeout(bound, opening)
        .await
        .unwrap_or_else(|_| Err(Failure::timed_out(bound)))
}
