//! A stream to a server, on a runtime: TCP, TLS over TCP, or a unix socket.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use redis::RedisError;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::failure::Failure;
use super::node::Node;
use super::shared_socket::{SocketStream, WeakSocket};
#[cfg(feature = "tls")]
use super::tls_failure;
use super::{tcp, unix};

/// No refusal is longer: Redis explains its protected mode in a thousand bytes.
const LONGEST_REST: u64 = 4096;

/// Returns what an error of reading or writing means before the server has logged the client in.
pub(super) fn failure(error: io::Error) -> Failure {
    #[cfg(feature = "tls")]
    if let Some(error) = tls_failure::inside(&error) {
        return tls_failure::of_tls(error);
    }
    RedisError::from(error).into()
}

/// Where a stream leads: to an address of a name, or to a socket.
#[derive(Clone, Copy, Debug)]
pub(super) enum Peer<'a> {
    Tcp(SocketAddr),
    Unix(&'a Path),
}

/// A stream to a server.
pub(crate) enum Stream {
    Plain(SocketStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::client::TlsStream<SocketStream>>),
}

impl Stream {
    /// Connects, and begins TLS if the node wants it. The caller bounds the time that this takes.
    ///
    /// # Errors
    ///
    /// Returns an error if nobody accepts there, or TLS fails.
    pub(super) async fn connect(
        node: &Node,
        peer: Peer<'_>,
        bound: Duration,
    ) -> Result<Self, Failure> {
        let stream = match peer {
            Peer::Tcp(address) => SocketStream::of_tcp(tcp::connect(address).await?),
            Peer::Unix(path) => {
                let socket = unix::connect(node.policy(), path, bound).await?;
                let stream = SocketStream::of_unix(socket);
                return stream.map(Self::Plain).map_err(failure);
            }
        };
        #[cfg(feature = "tls")]
        if let Some(tls) = node.tls() {
            return Ok(Self::Tls(Box::new(tls.connect(stream).await?)));
        }
        Ok(Self::Plain(stream))
    }

    /// Reads what the server has sent before it hung up. TLS tells its
    /// [last word](Self::last_word) in another way.
    pub(super) async fn read_rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // An error says that there is no more.
        let _ = match self {
            Self::Plain(stream) => stream.take(LONGEST_REST).read_to_end(&mut rest).await,
            #[cfg(feature = "tls")]
            Self::Tls(_) => Ok(0),
        };
        rest
    }

    /// Returns why nothing can be written any more. A server that refuses a client of TLS says so
    /// and hangs up, perhaps before the client has written anything.
    pub(super) async fn last_word(&mut self, error: io::Error) -> Failure {
        #[cfg(feature = "tls")]
        if tls_failure::is_hang_up(&error)
            && let Self::Tls(stream) = self
            && let Err(last) = stream.read(&mut [0; 1]).await
            && let Some(last) = tls_failure::inside(&last)
        {
            return tls_failure::of_tls(last);
        }
        failure(error)
    }

    /// Returns a handle to the socket, which closes it from outside.
    pub(super) fn socket(&self) -> WeakSocket {
        match self {
            Self::Plain(stream) => stream.downgrade(),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.get_ref().0.downgrade(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
