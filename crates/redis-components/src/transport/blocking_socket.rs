//! A socket that a thread uses: TCP, TLS over TCP, or unix.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::deadline::{Deadline, DeadlineStream};
use super::stream::Stream;

/// A socket over which a client is logged in.
pub(super) enum BlockingSocket {
    Tcp(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<rustls::ClientConnection>, TcpStream),
    Unix(UnixStream),
}

/// A request and its replies over a socket, within a deadline. The deadline lies below TLS, so that
/// each record keeps to it.
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
    /// Takes over a stream from its runtime. TLS has begun.
    ///
    /// # Errors
    ///
    /// Returns an error if the runtime does not let it go.
    pub(super) fn of(stream: Stream) -> io::Result<Self> {
        match stream {
            Stream::Tcp(stream) => stream.into_std().map(Self::Tcp),
            #[cfg(feature = "tls")]
            Stream::Tls(stream) => {
                let (stream, session) = stream.into_inner();
                Ok(Self::Tls(Box::new(session), stream.into_std()?))
            }
            Stream::Unix(stream) => stream.into_std().map(Self::Unix),
        }
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
