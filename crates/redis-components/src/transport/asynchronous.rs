//! Connections on the tokio runtime of the caller.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use redis::aio::{ConnectionLike, MultiplexedConnection, PubSub};
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo, RedisResult, Value};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::bounded::Bounded;
use super::ends::Ends;
use super::failure::{Cause, Failure};
use super::handshake::{Handshake, Progress, judge_probe, probe};
use super::multiplexer::connection::Multiplexer;
use super::node::Node;
use super::reply_bounds::ReplyBounds;
use super::stream::{self, Stream};
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
    /// Closes the connection from outside its driver. (The type is that of any stream socket here.)
    pub(crate) socket: Arc<TcpStream>,
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
        let socket = Ends::handle(&stream)?;
        let settings = settings.set_response_timeout(Some(timeouts.response));
        let session = session(node, protocol);
        // Each kind of stream is driven as itself, so that TCP does not pay for the others.
        let started = match stream {
            Stream::Tcp(stream) => start(&session, Bounded::new(stream, bounds), settings).await,
            #[cfg(feature = "tls")]
            Stream::Tls(stream) => start(&session, Bounded::new(*stream, bounds), settings).await,
            Stream::Unix(stream) => start(&session, Bounded::new(stream, bounds), settings).await,
        };
        let (connection, driver) = started.map_err(|error| Failure::from(error).in_handshake())?;
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
        let socket = Ends::handle(&stream)?;
        let plain = Some(Arc::clone(&socket));
        let db = node.db();
        let (connection, driver) = match stream {
            Stream::Tcp(stream) => share(Multiplexer::new(stream, plain, db, bounds, timeouts)),
            #[cfg(feature = "tls")]
            Stream::Tls(stream) => share(Multiplexer::new(*stream, None, db, bounds, timeouts)),
            Stream::Unix(stream) => share(Multiplexer::new(stream, plain, db, bounds, timeouts)),
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
        let ends = Ends::of(&stream)?;
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
        let ends = Ends::of(&stream)?;
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

/// Connects, logs in and probes, without a bound.
async fn connect(node: &Node, bound: Duration) -> Result<Stream, Failure> {
    let name = node.client_name();
    match connect_as(node, name, bound).await {
        // Some proxies hang up on CLIENT.
        Err(failure) if name.is_some() && failure.cause == Cause::ClosedInHandshake => {
            let stream = connect_as(node, None, bound).await?;
            node.hide_name();
            Ok(stream)
        }
        connected => connected,
    }
}

async fn connect_as(node: &Node, name: Option<&str>, bound: Duration) -> Result<Stream, Failure> {
    let mut stream = Stream::connect(node, bound).await?;
    let mut handshake = Handshake::new(node, name);
    match log_in(&mut handshake, &mut stream).await {
        Ok(()) => Ok(stream),
        Err(failure) => Err(node.refused(failure.in_handshake(), handshake.has_heard())),
    }
}

async fn log_in(handshake: &mut Handshake<'_>, stream: &mut Stream) -> Result<(), Failure> {
    let mut progress = Progress::SendAgain;
    let mut buffer = [0; 512];
    loop {
        if progress == Progress::SendAgain {
            let request = handshake.request();
            let sent = async {
                stream.write_all(&request).await?;
                stream.flush().await
            };
            if let Err(error) = sent.await {
                let said = stream.read_rest(&mut buffer).await;
                return Err(match handshake.last_word(&buffer[..said]) {
                    Some(refusal) => refusal,
                    None => stream.last_word(error).await,
                });
            }
        }
        let length = stream.read(&mut buffer).await.map_err(stream::failure)?;
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
    node: &Node,
    bound: Duration,
    opening: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    // In a box, because it is large, and futures that seldom connect are around it.
    timeout(bound, Box::pin(opening))
        .await
        .unwrap_or_else(|_| Err(node.timed_out(bound)))
}
