//! A socket that a thread uses: TCP, TLS over TCP, or unix.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use redis::RedisError;

use super::deadline::{Deadline, DeadlineStream};
use super::failure::Failure;
use super::node::Node;
#[cfg(feature = "tls")]
use super::tls_failure;
use super::{stream, tcp, unix};
use crate::config::endpoint::Address;

/// A connected socket. With TLS, the handshake takes place in the first exchange.
pub(super) enum BlockingSocket {
    Tcp(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<rustls::ClientConnection>, TcpStream),
    Unix(UnixStream),
}

/// A request and its replies over a socket, within a deadline. The deadline lies below TLS, so that
/// a handshake and each record keep to it.
pub(super) enum Exchange<'a> {
    Tcp(DeadlineStream<'a, &'a TcpStream>),
    #[cfg(feature = "tls")]
    Tls(
        &'a mut rustls::ClientConnection,
        DeadlineStream<'a, &'a TcpStream>,
    ),
    Unix(DeadlineStream<'a, &'a UnixStream>),
}

impl BlockingSocket {
    /// Connects on a runtime. The caller bounds the time that this takes.
    pub(super) async fn dial(node: &Node, bound: Duration) -> Result<Self, Failure> {
        let broken = |error: io::Error| Failure::from(RedisError::from(error));
        let (host, port) = match node.address() {
            Address::Tcp { host, port } => (host, *port),
            Address::Unix(path) => {
                let stream = unix::connect(node.policy(), path, bound).await?;
                return stream.into_std().map(Self::Unix).map_err(broken);
            }
        };
        let stream = tcp::connect(node.policy(), host, port, bound).await?;
        let stream = stream.into_std().map_err(broken)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = node.tls() {
            return Ok(Self::Tls(Box::new(tls.client()?), stream));
        }
        Ok(Self::Tcp(stream))
    }

    /// Begins an exchange. What is written is sent once it is flushed.
    pub(super) fn begin<'a>(&'a mut self, deadline: &'a mut Deadline) -> Exchange<'a> {
        match self {
            Self::Tcp(stream) => Exchange::Tcp(deadline.begin(stream)),
            #[cfg(feature = "tls")]
            Self::Tls(session, stream) => Exchange::Tls(session, deadline.begin(stream)),
            Self::Unix(stream) => Exchange::Unix(deadline.begin(stream)),
        }
    }

    /// Makes the socket block, and bounds a single read and a single write.
    pub(super) fn block_for(&self, timeout: Duration) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => {
                stream.set_nonblocking(false)?;
                stream.set_read_timeout(Some(timeout))?;
                stream.set_write_timeout(Some(timeout))
            }
            #[cfg(feature = "tls")]
            Self::Tls(_, stream) => {
                stream.set_nonblocking(false)?;
                stream.set_read_timeout(Some(timeout))?;
                stream.set_write_timeout(Some(timeout))
            }
            Self::Unix(stream) => {
                stream.set_nonblocking(false)?;
                stream.set_read_timeout(Some(timeout))?;
                stream.set_write_timeout(Some(timeout))
            }
        }
    }

    /// Returns the server's address. A unix socket has none.
    pub(super) fn peer(&self) -> io::Result<Option<SocketAddr>> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().map(Some),
            #[cfg(feature = "tls")]
            Self::Tls(_, stream) => stream.peer_addr().map(Some),
            Self::Unix(_) => Ok(None),
        }
    }

    pub(super) fn shutdown(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            #[cfg(feature = "tls")]
            Self::Tls(_, stream) => stream.shutdown(Shutdown::Both),
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        }
    }
}

impl Exchange<'_> {
    /// Completes the handshake of TLS, if there is one.
    #[cfg(feature = "tls")]
    pub(super) fn begin_tls(&mut self) -> Result<(), Failure> {
        let begun = match self {
            Self::Tls(session, stream) => session.complete_io(stream),
            _ => return Ok(()),
        };
        begun.map(drop).map_err(|error| {
            self.refusal(&error)
                .unwrap_or_else(|| tls_failure::of_io(error))
        })
    }

    /// Returns what the server said before it hung up, if that is what the error tells of.
    #[cfg(feature = "tls")]
    fn refusal(&mut self, error: &io::Error) -> Option<Failure> {
        let Self::Tls(session, stream) = self else {
            return None;
        };
        if !tls_failure::is_hang_up(error) {
            return None;
        }
        // After an error, this returns the same one again.
        session.read_tls(stream).ok()?;
        let error = session.process_new_packets().err()?;
        Some(tls_failure::of_tls(&error))
    }

    /// Reads what the server has sent before it hung up, and returns the number of bytes. TLS tells
    /// its [last word](Self::last_word) in another way.
    pub(super) fn read_rest(&mut self, buffer: &mut [u8]) -> usize {
        match self {
            #[cfg(feature = "tls")]
            Self::Tls(..) => 0,
            plain => plain.read(buffer).unwrap_or(0),
        }
    }

    /// Returns why nothing can be written any more. A server that refuses a client of TLS says so
    /// and hangs up, perhaps before the client has written anything.
    #[cfg_attr(not(feature = "tls"), allow(clippy::unused_self))]
    pub(super) fn last_word(&mut self, error: io::Error) -> Failure {
        #[cfg(feature = "tls")]
        if let Some(refusal) = self.refusal(&error) {
            return refusal;
        }
        stream::failure(error)
    }
}

impl Read for Exchange<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            #[cfg(feature = "tls")]
            Self::Tls(session, stream) => rustls::Stream::new(*session, stream).read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Exchange<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            #[cfg(feature = "tls")]
            Self::Tls(session, stream) => rustls::Stream::new(*session, stream).write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.flush(),
            #[cfg(feature = "tls")]
            Self::Tls(session, stream) => rustls::Stream::new(*session, stream).flush(),
            Self::Unix(stream) => stream.flush(),
        }
    }
}
