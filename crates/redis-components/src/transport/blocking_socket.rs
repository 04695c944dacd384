//! A socket that a thread uses: TCP or unix, or TLS over TCP.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::SockRef;

use super::deadline::{Deadline, DeadlineStream};
use super::stream::Stream;

/// A socket over which a client is logged in. (The type of sockets is that of any stream socket here.)
pub(super) enum BlockingSocket {
    Plain(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<rustls::ClientConnection>, TcpStream),
}

/// A request and its replies over a socket, within a deadline. The deadline lies below TLS, so that
/// each record keeps to it.
pub(super) enum Exchange<'a> {
    Plain(DeadlineStream<'a, &'a TcpStream>),
    #[cfg(feature = "tls")]
    Tls(
        &'a mut rustls::ClientConnection,
        DeadlineStream<'a, &'a TcpStream>,
    ),
}

impl BlockingSocket {
    /// Takes over a stream from its runtime. TLS has begun.
    ///
    /// # Errors
    ///
    /// Returns an error if the runtime does not let it go.
    pub(super) fn of(stream: Stream) -> io::Result<Self> {
        match stream {
            Stream::Plain(stream) => stream.into_std().map(Self::Plain),
            #[cfg(feature = "tls")]
            Stream::Tls(stream) => {
                let (stream, session) = stream.into_inner();
                Ok(Self::Tls(Box::new(session), stream.into_std()?))
            }
        }
    }

    /// Begins an exchange. What is written is sent once it is flushed.
    pub(super) fn begin<'a>(&'a mut self, deadline: &'a mut Deadline) -> Exchange<'a> {
        match self {
            Self::Plain(stream) => Exchange::Plain(deadline.begin(stream)),
            #[cfg(feature = "tls")]
            Self::Tls(session, stream) => Exchange::Tls(session, deadline.begin(stream)),
        }
    }

    /// Makes the socket block, and bounds a single read and a single write.
    pub(super) fn block_for(&self, timeout: Duration) -> io::Result<()> {
        let socket = self.socket();
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(Some(timeout))?;
        socket.set_write_timeout(Some(timeout))
    }

    /// Returns the server's address. A unix socket has none.
    pub(super) fn peer(&self) -> io::Result<Option<SocketAddr>> {
        let peer = SockRef::from(self.socket()).peer_addr()?;
        Ok(peer.as_socket())
    }

    pub(super) fn shutdown(&self) -> io::Result<()> {
        self.socket().shutdown(Shutdown::Both)
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            #[cfg(feature = "tls")]
            Self::Tls(_, stream) => stream,
        }
    }
}

impl Read for Exchange<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            #[cfg(feature = "tls")]
            Self::Tls(session, stream) => rustls::Stream::new(*session, stream).read(buffer),
        }
    }
}

impl Write for Exchange<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            #[cfg(feature = "tls")]
            Self::Tls(session, stream) => rustls::Stream::new(*session, stream).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            #[cfg(feature = "tls")]
            Self::Tls(session, stream) => rustls::Stream::new(*session, stream).flush(),
        }
    }
}
