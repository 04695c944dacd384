//! Connections for threads: requests that end in bounded time and survive signals.
//!
//! `redis::Connection` does neither. Its timeout bounds each read, so a server that sends a byte
//! now and then holds a call forever. A signal that is handled on the calling thread ends the read
//! that it interrupts, and the reply is lost. Its parser also fills its buffer with zeros for each
//! reply, and reads the usual replies several times slower than ours.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError, RedisResult, Value};

use super::blocking_socket::{BlockingSocket, Exchange};
use super::connect::{connect, within};
use super::deadline::Deadline;
use super::failure::Failure;
use super::handshake::{judge_probe, probe};
use super::multiplexer::incoming::Incoming;
use super::node::Node;
use super::on_thread::{on_thread, spawn};
use super::reply_bounds::ReplyBounds;
use crate::fork::Process;
use crate::settings::timeouts::Timeouts;

/// The interval at which a call that waits without a bound asks if it has to go on.
const ASKED_EVERY: Duration = Duration::from_millis(500);

/// At most so many bytes are read at once.
const READ: usize = 8 * 1024;

/// A stream that is logged in and has answered a probe. It cannot be used after a transport error.
pub(crate) struct BlockingStream {
    socket: BlockingSocket,
    /// What a read has brought.
    buffer: Box<[u8]>,
    incoming: Incoming,
    deadline: Deadline,
    process: Process,
}

impl BlockingStream {
    /// Connects, logs in and probes. Each request is bounded by `timeouts.response`.
    ///
    /// # Errors
    ///
    /// Returns an error within `timeouts.connect` if the server cannot be used.
    pub(crate) fn open(node: &Arc<Node>, timeouts: Timeouts) -> Result<Self, Failure> {
        Self::open_bounded(node, timeouts, ReplyBounds::DATA)
    }

    /// Does the same as [`open`](Self::open). `bounds` are those of each reply.
    fn open_bounded(
        node: &Arc<Node>,
        timeouts: Timeouts,
        bounds: ReplyBounds,
    ) -> Result<Self, Failure> {
        let theirs = Arc::clone(node);
        on_thread(
            timeouts.connect,
            node.timed_out(timeouts.connect),
            move || Self::open_here(&theirs, timeouts, bounds),
        )
    }

    /// Does the same on this thread.
    fn open_here(node: &Node, timeouts: Timeouts, bounds: ReplyBounds) -> Result<Self, Failure> {
        let socket = connect_here(node, timeouts.connect)?;
        let bounded = socket.block_for(timeouts.response);
        bounded.map_err(RedisError::from)?;
        Ok(Self {
            socket,
            buffer: vec![0; READ].into(),
            incoming: Incoming::new(bounds),
            deadline: Deadline::After(timeouts.response),
            process: Process::current(),
        })
    }

    /// Sends encoded commands and reads as many replies. An error of the server counts as a reply.
    pub(crate) fn request(&mut self, packed: &[u8], replies: usize) -> RedisResult<Vec<Value>> {
        let mut stream = self.socket.begin(&mut self.deadline);
        write(&mut stream, packed)?;
        read(&mut self.incoming, &mut stream, &mut self.buffer, replies)
    }

    /// Sends one encoded command and reads its reply.
    pub(crate) fn request_one(&mut self, packed: &[u8]) -> RedisResult<Value> {
        let mut stream = self.socket.begin(&mut self.deadline);
        write(&mut stream, packed)?;
        self.incoming.read(&mut stream, &mut self.buffer)
    }

    /// Sends encoded commands, and leaves their replies to [`receive`](Self::receive).
    pub(crate) fn send(&mut self, packed: &[u8]) -> RedisResult<()> {
        write(&mut self.socket.begin(&mut self.deadline), packed)
    }

    /// Reads replies to commands that were sent.
    pub(crate) fn receive(&mut self, replies: usize) -> RedisResult<Vec<Value>> {
        let mut stream = self.socket.begin(&mut self.deadline);
        read(&mut self.incoming, &mut stream, &mut self.buffer, replies)
    }

    /// Sends or receives within another bound. A connection that waits without a bound goes on to
    /// do so.
    pub(crate) fn within<T>(
        &mut self,
        within: Duration,
        act: impl FnOnce(&mut Self) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let Deadline::After(usual) = self.deadline else {
            return act(self);
        };
        // The system takes zero for no bound.
        let within = within.clamp(Duration::from_millis(1), usual);
        self.bound(within)?;
        let result = act(self);
        self.bound(usual)?;
        result
    }

    fn bound(&mut self, timeout: Duration) -> RedisResult<()> {
        self.socket.block_for(timeout)?;
        self.deadline = Deadline::After(timeout);
        Ok(())
    }

    /// Makes requests wait while `goes_on` returns `true`.
    pub(crate) fn wait_while(
        &mut self,
        goes_on: impl FnMut() -> bool + Send + 'static,
    ) -> RedisResult<()> {
        self.socket.block_for(ASKED_EVERY)?;
        self.deadline = Deadline::While(Box::new(goes_on));
        Ok(())
    }

    /// Asks the server if it is up and serves.
    pub(crate) fn ping(&mut self) -> Result<(), Failure> {
        let mut replies = self.request(&probe().get_packed_command(), 1)?;
        judge_probe(replies.pop().unwrap_or(Value::Nil).extract_error())
    }

    /// Returns the server's address. A unix socket has none.
    pub(crate) fn peer(&self) -> RedisResult<Option<SocketAddr>> {
        Ok(self.socket.peer()?)
    }
}

/// Connects, logs in and probes on a thread of its own, and hands over the result there, within
/// `timeouts.connect`. `bounds` are those of each reply.
///
/// # Errors
///
/// Returns an error if the thread cannot be started. Then nothing is handed over.
pub(crate) fn open_in_background(
    node: &Arc<Node>,
    timeouts: Timeouts,
    bounds: ReplyBounds,
    hand_over: impl FnOnce(Result<BlockingStream, Failure>) + Send + 'static,
) -> Result<(), Failure> {
    let node = Arc::clone(node);
    spawn(move || hand_over(BlockingStream::open_here(&node, timeouts, bounds)))
}

fn write(stream: &mut Exchange<'_>, packed: &[u8]) -> RedisResult<()> {
    if packed.is_empty() {
        return Err((ErrorKind::Client, "empty command").into());
    }
    stream.write_all(packed)?;
    Ok(stream.flush()?)
}

fn read(
    incoming: &mut Incoming,
    stream: &mut Exchange<'_>,
    buffer: &mut [u8],
    replies: usize,
) -> RedisResult<Vec<Value>> {
    (0..replies)
        .map(|_| incoming.read(stream, buffer))
        .collect()
}

/// Ends the connection. If a child has a copy of the socket, closing this one does not.
impl Drop for BlockingStream {
    fn drop(&mut self) {
        if self.process.is_current() {
            // An error says that it has ended already.
            let _ = self.socket.shutdown();
        }
    }
}

/// Connects, logs in and probes on a runtime for this one connection, so that threads and tasks
/// reach a server in the same way.
fn connect_here(node: &Node, bound: Duration) -> Result<BlockingSocket, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(RedisError::from)?;
    let connected = runtime.block_on(async {
        let stream = within(node, bound, connect(node, bound)).await?;
        Ok(BlockingSocket::of(stream).map_err(RedisError::from)?)
    });
    // A name that is still being resolved is not waited for.
    runtime.shutdown_background();
    connected
}
