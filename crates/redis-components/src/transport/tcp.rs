//! TCP: every address of a name is tried, and each socket gets the same options.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use redis::RedisError;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::admission::admit_port;
use super::failure::Failure;
use super::resolve::resolve;
use crate::settings::policy::Policy;

/// TCP keepalive: idle time before the first probe, interval between probes, and how many may go
/// unanswered.
pub(super) const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(15))
    .with_interval(Duration::from_secs(5))
    .with_retries(3);

/// How long an address may stay silent before the next one is tried beside it: the "Connection
/// Attempt Delay" of RFC 8305.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects to the server at `host`. The caller bounds the time that this takes. Within `bound`
/// every address is tried that the policy allows.
pub(super) async fn connect(
    policy: &Policy,
    host: &str,
    port: u16,
    bound: Duration,
) -> Result<TcpStream, Failure> {
    admit_port(policy, port)?;
    let addresses = resolve(policy, host, port).await?;
    let connected: io::Result<TcpStream> = async {
        let stream = first_to_connect(&addresses, bound, TcpStream::connect).await?;
        set_options(&stream)?;
        Ok(stream)
    }
    .await;
    connected.map_err(failure)
}

fn failure(error: io::Error) -> Failure {
    let advice = match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "; check that the server runs, and that it listens at this address and port"
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "; check the address, and the network between"
        }
        _ => "",
    };
    let mut failure = Failure::from(RedisError::from(error));
    failure.message.push_str(advice);
    failure
}

/// Connects to the address that answers first. An address gets a head start over the next one,
/// unless it fails.
async fn first_to_connect<T, F: Future<Output = io::Result<T>>>(
    addresses: &[SocketAddr],
    bound: Duration,
    dial: impl Fn(SocketAddr) -> F,
) -> io::Result<T> {
    let shares = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let delay = ATTEMPT_DELAY.min(bound / shares.saturating_add(1));
    let mut waiting = addresses.iter();
    let mut dialling = FuturesUnordered::new();
    let mut last_error = io::Error::from(io::ErrorKind::NotFound);
    loop {
        let next = waiting.next();
        dialling.extend(next.map(|address| dial(*address)));
        let head_start = async {
            match next {
                Some(_) if waiting.len() > 0 => sleep(delay).await,
                _ => std::future::pending().await,
            }
        };
        match select(dialling.next(), std::pin::pin!(head_start)).await {
            Either::Left((Some(Ok(stream)), _)) => return Ok(stream),
            Either::Left((Some(Err(error)), _)) => last_error = error,
            Either::Left((None, _)) => return Err(last_error),
            Either::Right(_) => {}
        }
    }
}

fn set_options(stream: &TcpStream) -> io::Result<()> {
    let (local, peer) = (stream.local_addr()?.ip(), stream.peer_addr()?.ip());
    stream.set_nodelay(!is_same_machine(local, peer))?;
    SockRef::from(stream).set_tcp_keepalive(&KEEPALIVE)
}

/// Returns `true` if a connection between the two addresses stays on this machine.
///
/// There, small requests may wait for the acknowledgement of earlier ones (Nagle's algorithm): it
/// comes in microseconds, and the requests go out in fewer system calls, which the server shares.
/// Over a network they would wait for a round trip.
fn is_same_machine(local: IpAddr, peer: IpAddr) -> bool {
    let peer = peer.to_canonical();
    peer.is_loopback() || peer == local.to_canonical()
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::io;
    use std::net::SocketAddr;
    use std::time::Duration;

    use tokio::net::TcpListener;

    use super::{Policy, connect, first_to_connect, is_same_machine};

    const BOUND: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn small_requests_wait_for_each_other_on_the_same_machine() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let connected = connect(&Policy::new(), "127.0.0.1", port, BOUND).await;
        let stream = connected.expect("a connection");
        assert!(!stream.nodelay().expect("an option"));
    }

    async fn advice(host: &str, port: u16) -> String {
        let connected = connect(&Policy::new(), host, port, BOUND).await;
        let failure = connected.expect_err("nobody there");
        let (_, advice) = failure.message.rsplit_once("; ").expect("advice");
        advice.to_owned()
    }

    #[tokio::test]
    async fn what_cannot_be_reached_is_told_with_advice() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let refused = "check that the server runs, and that it listens at this address and port";
        assert_eq!(advice("127.0.0.1", port).await, refused);
        let unknown = "check how the name is written, and that this machine can look it up";
        assert_eq!(advice("no name", port).await, unknown);
    }

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
        let connected = first_to_connect(&addresses(4), BOUND, dial).await;
        assert_eq!(connected.expect("an address").port(), 3);
    }

    #[tokio::test]
    async fn r10_an_address_that_refuses_gives_way_at_once() {
        let refuse = |address: SocketAddr| async move {
            match address.port() {
                1000 => Ok(address),
                _ => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
            }
        };
        // With a head start for each, this would take more than the bound.
        let many = addresses(1000);
        let connecting = first_to_connect(&many, Duration::from_secs(60), refuse);
        let connected = tokio::time::timeout(BOUND, connecting).await;
        assert_eq!(
            connected.expect("in time").expect("an address").port(),
            1000
        );
        let refused = first_to_connect(&addresses(3), BOUND, refuse).await;
        let error = refused.expect_err("nobody there");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
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
