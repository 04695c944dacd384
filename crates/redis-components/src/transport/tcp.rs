//! TCP: each socket gets the same options.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use redis::RedisError;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

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

/// Returns the addresses of the server at `host` that the policy allows, in the order in which they
/// are tried.
///
/// # Errors
///
/// Returns an error if the name cannot be resolved, or the policy does not allow it.
pub(super) async fn addresses(
    policy: &Policy,
    host: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, Failure> {
    admit_port(policy, port)?;
    resolve(policy, host, port).await
}

/// Connects to an address. The caller bounds the time that this takes.
///
/// # Errors
///
/// Returns an error if nobody accepts there.
pub(super) async fn connect(address: SocketAddr) -> Result<TcpStream, Failure> {
    let connected = async {
        let stream = TcpStream::connect(address).await?;
        set_options(&stream)?;
        Ok(stream)
    };
    connected.await.map_err(failure)
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
    use tokio::net::TcpListener;

    use super::{Policy, addresses, connect, is_same_machine};

    #[tokio::test]
    async fn small_requests_wait_for_each_other_on_the_same_machine() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let connected = connect(listener.local_addr().expect("an address")).await;
        let stream = connected.expect("a connection");
        assert!(!stream.nodelay().expect("an option"));
    }

    async fn advice(host: &str, port: u16) -> String {
        let found = addresses(&Policy::new(), host, port).await;
        let failure = match found.map(|found| connect(found[0])) {
            Ok(connecting) => connecting.await.expect_err("nobody there"),
            Err(failure) => failure,
        };
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
