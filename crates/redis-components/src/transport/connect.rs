//! Connecting, logging in and probing: the same for tasks and threads.

use std::future::pending;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};

use super::demand::Demand;
use super::failure::{Cause, Failure};
use super::handshake::{Handshake, Progress};
use super::node::Node;
use super::stream::{self, Peer, Stream};
use super::tcp;
use crate::config::endpoint::Address;

/// How long an address may stay silent before the next one is tried beside it: the "Connection
/// Attempt Delay" of RFC 8305, which ends there when a connection is made, and here when it serves.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects, logs in and probes. The caller ends it after `bound`; from that, each address that the
/// policy allows gets its head start, so that one which says nothing does not hide the others.
///
/// # Errors
///
/// Returns an error if the server cannot be used.
pub(super) async fn connect(node: &Node, bound: Duration) -> Result<Stream, Failure> {
    match node.address() {
        Address::Tcp { host, port } => {
            let addresses = tcp::addresses(node.policy(), host, *port).await?;
            let connect = |address| connect_to(node, Peer::Tcp(address), bound);
            first_to_serve(&addresses, bound, connect).await
        }
        Address::Unix(path) => connect_to(node, Peer::Unix(path), bound).await,
    }
}

/// Uses the address whose server serves first. An address gets a head start over the next one,
/// unless it fails.
///
/// # Errors
///
/// Returns an error if none serves: of one that has answered, if there is one.
async fn first_to_serve<T, F: Future<Output = Result<T, Failure>>>(
    addresses: &[SocketAddr],
    bound: Duration,
    connect: impl Fn(SocketAddr) -> F,
) -> Result<T, Failure> {
    let shares = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let delay = ATTEMPT_DELAY.min(bound / shares.saturating_add(1));
    let begun = Instant::now();
    let mut waiting = addresses.iter();
    let mut connecting = FuturesUnordered::new();
    let mut told = Failure::unreachable("the name has no address");
    loop {
        let next = waiting.next();
        connecting.extend(next.map(|address| connect(*address)));
        let is_told = told.cause != Cause::Unreachable;
        let head_start = async {
            match next {
                Some(_) if waiting.len() > 0 => sleep(delay).await,
                // A server has said why not; the others get half of the time.
                _ if is_told => {
                    let half = (bound / 2).saturating_sub(begun.elapsed());
                    sleep(half.max(delay)).await;
                }
                _ => pending().await,
            }
        };
        match select(connecting.next(), pin!(head_start)).await {
            Either::Left((Some(Ok(stream)), _)) => return Ok(stream),
            Either::Left((Some(Err(failure)), _)) => {
                if told.cause == Cause::Unreachable {
                    told = failure;
                }
            }
            Either::Left((None, _)) => return Err(told),
            Either::Right(_) if waiting.len() == 0 => return Err(told),
            Either::Right(_) => {}
        }
    }
}

/// Does what `opening` does, within a bound.
pub(super) async fn within<T>(
    node: &Node,
    bound: Duration,
    opening: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    // In a box, because it is large, and futures that seldom connect are around it.
    timeout(bound, Box::pin(opening))
        .await
        .unwrap_or_else(|_| Err(node.timed_out(bound)))
}

async fn connect_to(node: &Node, peer: Peer<'_>, bound: Duration) -> Result<Stream, Failure> {
    let (name, demand) = (node.client_name(), node.demand());
    let least = demand.whatever_mode();
    let can_ask_less = name.is_some() || demand != least;
    let stream = Stream::connect(node, peer, bound).await?;
    match log_in(node, name, demand, stream).await {
        // Some proxies hang up on CLIENT, or on HELLO.
        Err(failure) if can_ask_less && failure.cause == Cause::ClosedInHandshake => {
            let stream = Stream::connect(node, peer, bound).await?;
            let stream = log_in(node, None, least, stream).await?;
            node.hung_up();
            Ok(stream)
        }
        logged_in => logged_in,
    }
}

async fn log_in(
    node: &Node,
    name: Option<&str>,
    demand: Demand,
    mut stream: Stream,
) -> Result<Stream, Failure> {
    let mut handshake = Handshake::new(node, name, demand);
    match talk(&mut handshake, &mut stream).await {
        Ok(()) => {
            node.note_judged(demand, handshake.is_of_cluster());
            Ok(stream)
        }
        Err(failure) => Err(node.refused(failure.in_handshake(), handshake.has_heard())),
    }
}

async fn talk(handshake: &mut Handshake<'_>, stream: &mut Stream) -> Result<(), Failure> {
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
                let rest = stream.read_rest().await;
                return Err(match handshake.last_word(&rest) {
                    Some(refusal) => refusal,
                    None => stream.last_word(error).await,
                });
            }
        }
        progress = match stream.read(&mut buffer).await {
            Ok(length) => handshake.receive(&buffer[..length])?,
            // A server that hangs up on a request which it has not read resets the connection.
            Err(error) => {
                let said = handshake.last_word(&[]);
                return Err(said.unwrap_or_else(|| stream::failure(error)));
            }
        };
        if progress == Progress::Done {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use redis_components_testing::Server;
    use tokio::net::TcpListener;
    use tokio::time::{sleep, timeout};

    use super::{Cause, Failure, Node, Peer, connect_to, first_to_serve};
    use crate::config::ComponentConfig;

    const BOUND: Duration = Duration::from_secs(10);

    fn addresses(count: u16) -> Vec<SocketAddr> {
        (1..=count)
            .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
            .collect()
    }

    #[tokio::test]
    async fn r10_an_address_that_is_silent_does_not_hide_the_others() {
        let dial = async |address: SocketAddr| match address.port() {
            3 => Ok(address),
            _ => pending().await,
        };
        let connected = first_to_serve(&addresses(4), BOUND, dial).await;
        assert_eq!(connected.expect("an address").port(), 3);
    }

    #[tokio::test]
    async fn r10_an_address_that_refuses_gives_way_at_once() {
        let refuse = |address: SocketAddr| async move {
            match address.port() {
                1000 => Ok(address),
                _ => Err(Failure::unreachable("refused")),
            }
        };
        // With a head start for each, this would take more than the bound.
        let many = addresses(1000);
        let connecting = first_to_serve(&many, Duration::from_secs(60), refuse);
        let connected = tokio::time::timeout(BOUND, connecting).await;
        assert_eq!(
            connected.expect("in time").expect("an address").port(),
            1000
        );
        let refused = first_to_serve(&addresses(3), BOUND, refuse).await;
        let error = refused.expect_err("nobody there");
        assert_eq!(error.cause, Cause::Unreachable);
    }

    #[tokio::test]
    async fn of_several_failures_the_one_of_a_server_is_told() {
        let refuse = |address: SocketAddr| async move {
            Err::<(), _>(match address.port() {
                2 => Failure::new(Cause::Refused, "no such user"),
                _ => Failure::unreachable("refused"),
            })
        };
        let refused = first_to_serve(&addresses(3), BOUND, refuse).await;
        assert_eq!(refused.expect_err("nobody serves").message, "no such user");
        // One that is silent does not hide it.
        let refuse_or_wait = |address: SocketAddr| async move {
            match address.port() {
                2 => Err::<(), _>(Failure::new(Cause::Refused, "no such user")),
                _ => pending().await,
            }
        };
        let three = addresses(3);
        let connecting = first_to_serve(&three, Duration::from_secs(1), refuse_or_wait);
        let refused = timeout(BOUND, connecting).await.expect("in time");
        assert_eq!(refused.expect_err("nobody serves").message, "no such user");
    }

    #[tokio::test]
    async fn r10_an_address_that_says_why_not_leaves_the_others_their_time() {
        let refuse_or_serve = |address: SocketAddr| async move {
            if address.port() == 1 {
                return Err(Failure::new(Cause::Busy, "it is still loading its data"));
            }
            // Longer than the head start.
            sleep(Duration::from_millis(400)).await;
            Ok(address)
        };
        let connected = first_to_serve(&addresses(2), BOUND, refuse_or_serve).await;
        assert_eq!(connected.expect("an address").port(), 2);
    }

    #[tokio::test]
    async fn r10_an_address_that_accepts_and_says_nothing_does_not_hide_the_others() {
        let frozen = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let server = Server::start();
        let config = ComponentConfig::from_json(&server.config()).expect("a config");
        let node = Node::prepare(&config, &Arc::default(), BOUND).await;
        let node = node.expect("a node");
        let addresses = [
            frozen.local_addr().expect("an address"),
            SocketAddr::from(([127, 0, 0, 1], server.port())),
        ];
        let connect = |address| connect_to(&node, Peer::Tcp(address), BOUND);
        let connecting = first_to_serve(&addresses, BOUND, connect);
        let connected = timeout(BOUND, connecting).await.expect("in time");
        let stream = connected.expect("a connection");
        let peer = stream.socket().peer().expect("a peer");
        assert_eq!(peer, Some(addresses[1]));
    }
}
