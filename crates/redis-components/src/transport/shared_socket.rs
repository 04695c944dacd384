//! The socket of a stream, which others may write to or shut down.

use std::io::{self, ErrorKind, IoSlice, Read as _};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use crate::fork::{MADE_BEFORE_FORK, Owned, Process};

/// So much is read at once, and more after a read that has filled it. Room is filled with zeros
/// before it is read into, so it should not be much larger than what comes.
const SMALL_READ: usize = 2 * 1024;

/// So much is read at once at most.
const LARGE_READ: usize = 64 * 1024;

/// A socket that the driver of a connection and others share, so that it is one file of the process.
/// (The type is that of any stream socket here.)
///
/// The last owner takes the socket out of the runtime's epoll instance, which a forked child shares.
/// So a child leaks it, and cannot use it.
#[derive(Clone, Debug)]
pub(crate) struct SharedSocket(Owned<Arc<Socket>>);

/// A socket that ends its connection when it is dropped: a child may have a copy, which would keep
/// the connection open. `None` if it was taken.
#[derive(Debug)]
struct Socket(Option<TcpStream>);

impl Socket {
    /// Ends the connection, whoever uses it.
    fn shut_down(&self) {
        if let Some(socket) = &self.0 {
            // An error says that it has ended already.
            let _ = SockRef::from(socket).shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.shut_down();
    }
}

impl SharedSocket {
    fn new(socket: TcpStream) -> Self {
        Self(Owned::new(Arc::new(Socket(Some(socket)))))
    }

    fn get(&self) -> io::Result<&TcpStream> {
        let socket = self.0.get().and_then(|socket| socket.0.as_ref());
        socket.ok_or_else(|| io::Error::other(MADE_BEFORE_FORK))
    }

    /// Writes as much as the socket takes now, and does not wait.
    ///
    /// # Errors
    ///
    /// Returns an error if it takes nothing now, or has ended.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.get()?.try_write(bytes)
    }

    /// Reads what has come, up to the size of `room`.
    fn read(&self, room: &mut [u8]) -> io::Result<usize> {
        let (socket, mut length) = (self.get()?, 0);
        let all = socket.try_io(Interest::READABLE, || {
            length = (&*SockRef::from(socket)).read(room)?;
            if 0 < length && length < room.len() {
                // That was all. The next read waits, and is no system call that finds nothing.
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(length)
        });
        match all {
            Err(error) if error.kind() == ErrorKind::WouldBlock && length > 0 => Ok(length),
            read => read,
        }
    }
}

/// A handle to a socket that does not keep it open: with the socket it would keep what its runtime
/// has of files, also when that runtime is gone.
#[derive(Clone, Debug)]
pub(crate) struct WeakSocket {
    socket: Weak<Socket>,
    process: Process,
}

impl WeakSocket {
    /// Returns the server's address. A unix socket has none.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection has ended.
    pub(crate) fn peer(&self) -> io::Result<Option<SocketAddr>> {
        let socket = self.get();
        let socket = socket.as_ref().and_then(|socket| socket.0.as_ref());
        let peer = SockRef::from(socket.ok_or(ErrorKind::NotConnected)?).peer_addr()?;
        Ok(peer.as_socket())
    }

    /// Ends the connection, whoever uses it. In a child this does nothing.
    pub(crate) fn shut_down(&self) {
        if let Some(socket) = self.get() {
            socket.shut_down();
        }
    }

    fn get(&self) -> Option<Arc<Socket>> {
        // A child must not become the last owner.
        self.process.is_current().then(|| self.socket.upgrade())?
    }
}

/// A socket as a stream of bytes.
#[derive(Debug)]
pub(crate) struct SocketStream {
    socket: SharedSocket,
    /// How much is read at once.
    read: usize,
}

impl SocketStream {
    /// Takes over a connection over TCP.
    pub(super) fn of_tcp(stream: TcpStream) -> Self {
        Self {
            socket: SharedSocket::new(stream),
            read: SMALL_READ,
        }
    }

    /// Takes over a connection over a unix socket, on the current runtime.
    ///
    /// # Errors
    ///
    /// Returns an error if the runtime does not take it.
    pub(super) fn of_unix(stream: UnixStream) -> io::Result<Self> {
        let socket = OwnedFd::from(stream.into_std()?);
        TcpStream::from_std(socket.into()).map(Self::of_tcp)
    }

    /// Returns another owner of the socket.
    pub(super) fn share(&self) -> SharedSocket {
        self.socket.clone()
    }

    /// Returns a handle to the socket.
    pub(super) fn downgrade(&self) -> WeakSocket {
        let socket = self.socket.0.get();
        WeakSocket {
            socket: socket.map(Arc::downgrade).unwrap_or_default(),
            process: Process::current(),
        }
    }

    /// Takes the socket from its runtime.
    ///
    /// # Errors
    ///
    /// Returns an error if the runtime does not let it go, or somebody shares it.
    pub(super) fn into_std(self) -> io::Result<std::net::TcpStream> {
        let socket = self.socket.0.into_inner().and_then(Arc::into_inner);
        let socket = socket.and_then(|mut socket| socket.0.take());
        let socket = socket.ok_or_else(|| io::Error::other("the socket is shared"))?;
        socket.into_std()
    }

    fn poll_written(
        &self,
        context: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let socket = self.socket.get()?;
        loop {
            ready!(socket.poll_write_ready(context))?;
            match write(socket) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }
}

impl AsyncRead for SocketStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = buffer.initialize_unfilled_to(buffer.remaining().min(this.read));
        let length = loop {
            ready!(this.socket.get()?.poll_read_ready(context))?;
            match this.socket.read(room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                read => break read?,
            }
        };
        let is_full = length == room.len();
        this.read = if is_full { LARGE_READ } else { SMALL_READ };
        buffer.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SocketStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_written(context, |socket| socket.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_written(context, |socket| socket.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(self.socket.get()?).shutdown(Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    use super::{SockRef, SocketStream};

    /// Generous, for a loaded machine.
    const SOON: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn r12_a_connection_ends_with_its_stream_though_a_child_has_a_copy() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let of_child = SockRef::from(&stream).try_clone().unwrap();
        let stream = SocketStream::of_tcp(stream);
        let from_outside = stream.downgrade();
        drop(stream);
        from_outside.shut_down();
        let read = timeout(SOON, server.read(&mut [0; 1])).await;
        assert_eq!(read.expect("it has ended").unwrap(), 0);
        drop(of_child);
    }
}
