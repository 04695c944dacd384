//! Connections on the tokio runtime of the caller.

use std::time::Duration;

use futures_util::future::BoxFuture;
use redis::aio::{ConnectionLike, MultiplexedConnection, PubSub};
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo, RedisResult, Value};
use tokio::io::{AsyncRead, AsyncWrite};

use super::bounded::Bounded;
use super::connect::{connect, within};
use super::ends::Ends;
use super::error_codes::{Meaning, of_error};
use super::failure::Failure;
use super::handshake::{judge_probe, probe};
use super::multiplexer::connection::Multiplexer;
use super::node::Node;
use super::reply_bounds::ReplyBounds;
use super::shared_socket::WeakSocket;
use super::stream::Stream;
use super::subscriber::SubscriberSocket;
use crate::fork::in_this_process;
use crate::settings::timeouts::Timeouts;

/// A connection that is logged in and has answered a probe.
pub(crate) struct Opened<C = MultiplexedConnection> {
    pub(crate) connection: C,
    /// Must be spawned: it moves the connection's bytes, and ends when the connection does.
    ///
    /// redis-rs's own `get_multiplexed_async_connection` spawns it itself, and only the next call
    /// would notice the end.
    pub(crate) driver: BoxFuture<'static, ()>,
    /// Closes the connection from outside its driver.
    pub(crate) socket: WeakSocket,
}

/// Connects, logs in and probes. `timeouts.response` bounds each command.
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
    open_bounded(node, protocol, timeouts, ReplyBounds::DATA, settings).await
}

/// Does the same as [`open`]. `bounds` are those of each reply.
pub(crate) async fn open_bounded(
    node: &Node,
    protocol: ProtocolVersion,
    timeouts: Timeouts,
    bounds: ReplyBounds,
    settings: AsyncConnectionConfig,
) -> Result<Opened, Failure> {
    within(node, timeouts.connect, async {
        let stream = connect(node, timeouts.connect).await?;
        let socket = stream.socket();
        let settings = settings.set_response_timeout(Some(timeouts.response));
        let session = session(node, protocol);
        // Each kind of stream is driven as itself, so that the plain one does not pay for TLS.
        let started = match stream {
            Stream::Plain(stream) => start(&session, Bounded::new(stream, bounds), settings).await,
            #[cfg(feature = "tls")]
            Stream::Tls(stream) => start(&session, Bounded::new(*stream, bounds), settings).await,
        };
        let (connection, driver) = started.map_err(|error| Failure::from(error).on_hello())?;
        Ok(Opened {
            connection,
            driver,
            socket,
        })
    })
    .await
}

/// Connects, logs in and probes for a connection that many calls share.
///
/// # Errors
///
/// Returns an error within `timeouts.connect` if the server cannot be used.
pub(crate) async fn open_shared(
    node: &Node,
    timeouts: Timeouts,
) -> Result<Opened<Multiplexer>, Failure> {
    open_shared_bounded(node, timeouts, ReplyBounds::DATA).await
}

/// Does the same as [`open_shared`]. `bounds` are those of each reply.
pub(crate) async fn open_shared_bounded(
    node: &Node,
    timeouts: Timeouts,
    bounds: ReplyBounds,
) -> Result<Opened<Multiplexer>, Failure> {
    within(node, timeouts.connect, async {
        let stream = connect(node, timeouts.connect).await?;
        let socket = stream.socket();
        let db = node.db();
        let (connection, driver) = match stream {
            Stream::Plain(stream) => {
                let plain = Some(stream.share());
                share(Multiplexer::new(stream, plain, db, bounds, timeouts))
            }
            #[cfg(feature = "tls")]
            Stream::Tls(stream) => share(Multiplexer::new(*stream, None, db, bounds, timeouts)),
        };
        Ok(Opened {
            connection,
            driver,
            socket,
        })
    })
    .await
}

fn share(
    (connection, driver): (Multiplexer, impl Future<Output = ()> + Send + 'static),
) -> (Multiplexer, BoxFuture<'static, ()>) {
    (connection, in_this_process(driver))
}

async fn start<S>(
    session: &RedisConnectionInfo,
    stream: S,
    settings: AsyncConnectionConfig,
) -> RedisResult<(MultiplexedConnection, BoxFuture<'static, ()>)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let built = MultiplexedConnection::new_with_config(session, stream, settings).await;
    built.map(|(connection, driver)| (connection, in_this_process(driver)))
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
            let _ends = Ends::new(socket);
            driver.await;
        });
        (connection, driver)
    }
}

impl Opened<Multiplexer> {
    /// Returns the connection, its driver, and what ends the connection also if its runtime stands
    /// still.
    pub(crate) fn into_shared_parts(self) -> (Multiplexer, BoxFuture<'static, ()>, Ends) {
        (self.connection, self.driver, Ends::new(self.socket))
    }
}

/// Connects, logs in and probes for a subscriber of ours.
///
/// # Errors
///
/// Returns an error within `bound` if the server cannot be used.
pub(crate) async fn open_subscriber_socket(
    node: &Node,
    bound: Duration,
) -> Result<SubscriberSocket, Failure> {
    within(node, bound, async {
        let stream = connect(node, bound).await?;
        let ends = Ends::new(stream.socket());
        Ok(SubscriberSocket::new(stream, ends))
    })
    .await
}

/// Connects, logs in and probes for a subscriber of redis-rs. `guard` wraps the stream.
///
/// # Errors
///
/// Returns an error within `bound` if the server cannot be used.
pub(crate) async fn open_subscriber<S>(
    node: &Node,
    bound: Duration,
    guard: impl FnOnce(Stream) -> S,
) -> Result<PubSub, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    within(node, bound, async {
        let stream = connect(node, bound).await?;
        let ends = Ends::new(stream.socket());
        let stream = Bounded::new(guard(stream), ReplyBounds::DATA).with(ends);
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

/// Does the same as [`ping`] for a server that configs are read from: no answer proves anything
/// that does not come from one which has data, and lets this client have it.
///
/// # Errors
///
/// Returns an error if the server says so, or the connection fails.
pub(crate) async fn ping_reader(connection: &mut impl ConnectionLike) -> Result<(), Failure> {
    let answer: RedisResult<Value> = probe().query_async(connection).await;
    match answer {
        // It has data, which nobody changes before its script has ended.
        Err(error) if of_error(&error) == Some(Meaning::Passes) => Ok(()),
        answer => judge_probe(answer),
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
