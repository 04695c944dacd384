//! Connections for threads: requests that end in bounded time and survive signals.
//!
//! `redis::Connection` does neither. Its timeout bounds each read, so a server that sends a byte
//! now and then holds a call forever. A signal that is handled on the calling thread ends the read
//! that it interrupts, and the reply is lost. The protocol's encoder and parser are redis-rs's.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use redis::{ErrorKind, Parser, RedisError, RedisResult, Value};

use super::deadline::Deadline;
use super::failure::Failure;
use super::handshake::{Handshake, Progress, judge_probe, probe};
use super::node::Node;
use super::tcp;
use crate::fork::Process;
use crate::settings::timeouts::Timeouts;

/// The interval at which a call that waits without a bound asks if it has to go on.
const ASKED_EVERY: Duration = Duration::from_millis(500);

/// A stream that is logged in and has answered a probe. It cannot be used after a transport error.
pub(crate) struct BlockingStream {
    stream: TcpStream,
    parser: Parser,
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
        let theirs = Arc::clone(node);
        on_thread(timeouts.connect, move || {
            let stream = connect(&theirs, timeouts)?;
            let mut deadline = Deadline::After(timeouts.connect);
            log_in(&theirs, &mut deadline.begin(&stream)).map_err(Failure::in_handshake)?;
            Ok(Self {
                stream,
                parser: Parser::new(),
                deadline: Deadline::After(timeouts.response),
                process: Process::current(),
            })
        })
    }

    /// Sends encoded commands and reads as many replies. An error of the server counts as a reply.
    pub(crate) fn request(&mut self, packed: &[u8], replies: usize) -> RedisResult<Vec<Value>> {
        if packed.is_empty() {
            return Err((ErrorKind::Client, "empty command").into());
        }
        let mut stream = self.deadline.begin(&self.stream);
        stream.write_all(packed)?;
        (0..replies)
            .map(|_| self.parser.parse_value(&mut stream))
            .collect()
    }

    /// As [`request`](Self::request), within another bound. A connection that waits without a bound
    /// goes on to do so.
    pub(crate) fn request_within(
        &mut self,
        packed: &[u8],
        replies: usize,
        within: Duration,
    ) -> RedisResult<Vec<Value>> {
        let Deadline::After(usual) = self.deadline else {
            return self.request(packed, replies);
        };
        // The system takes zero for no bound.
        let within = within.clamp(Duration::from_millis(1), usual);
        self.bound(within)?;
        let result = self.request(packed, replies);
        self.bound(usual)?;
        result
    }

    fn bound(&mut self, timeout: Duration) -> RedisResult<()> {
        self.stream.set_read_timeout(Some(timeout))?;
        self.stream.set_write_timeout(Some(timeout))?;
        self.deadline = Deadline::After(timeout);
        Ok(())
    }

    /// Makes requests wait while `goes_on` returns `true`.
    pub(crate) fn wait_while(
        &mut self,
        goes_on: impl FnMut() -> bool + Send + 'static,
    ) -> RedisResult<()> {
        self.stream.set_read_timeout(Some(ASKED_EVERY))?;
        self.stream.set_write_timeout(Some(ASKED_EVERY))?;
        self.deadline = Deadline::While(Box::new(goes_on));
        Ok(())
    }

    /// Asks the server if it is up and serves.
    pub(crate) fn ping(&mut self) -> Result<(), Failure> {
        let mut replies = self.request(&probe().get_packed_command(), 1)?;
        judge_probe(replies.pop().unwrap_or(Value::Nil).extract_error())
    }

    /// Returns the server's address.
    pub(crate) fn peer(&self) -> RedisResult<SocketAddr> {
        Ok(self.stream.peer_addr()?)
    }
}

/// Ends the connection. If a child has a copy of the socket, closing this one does not.
impl Drop for BlockingStream {
    fn drop(&mut self) {
        if self.process.is_current() {
            // An error says that it has ended already.
            let _ = self.stream.shutdown(Shutdown::Both);
        }
    }
}

/// Runs `connect` on its own thread, because nothing else bounds its time: name resolution by the
/// system may take any time. A thread that is given up ends soon after.
pub(super) fn on_thread<T: Send + 'static>(
    bound: Duration,
    connect: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let (sender, receiver) = sync_channel(1);
    thread::Builder::new()
        .name("redis-components-open".into())
        .spawn(move || {
            // An error says that it took too long.
            let _ = sender.send(connect());
        })
        .map_err(|error| {
            Failure::unreachable(format!("a thread to connect cannot be started: {error}"))
        })?;
    match receiver.recv_timeout(bound) {
        Ok(opened) => opened,
        Err(RecvTimeoutError::Timeout) => Err(Failure::timed_out(bound)),
        Err(RecvTimeoutError::Disconnected) => Err(Failure::unreachable("connecting panicked")),
    }
}

/// Dials on a runtime for this one connection, so that threads and tasks reach a server in the same
/// way.
fn connect(node: &Node, timeouts: Timeouts) -> Result<TcpStream, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(RedisError::from)?;
    let dialled = runtime.block_on(async {
        let stream = tcp::connect(node.address(), timeouts.connect).await?;
        Ok(stream.into_std().map_err(RedisError::from)?)
    });
    // A name that is still being resolved is not waited for.
    runtime.shutdown_background();
    let stream: TcpStream = dialled.map_err(|failure: Failure| failure)?;
    let set = || {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(timeouts.response))?;
        stream.set_write_timeout(Some(timeouts.response))
    };
    set().map_err(RedisError::from)?;
    Ok(stream)
}

fn log_in(node: &Node, stream: &mut (impl Read + Write)) -> Result<(), Failure> {
    let mut handshake = Handshake::new(node);
    let mut progress = Progress::SendAgain;
    let mut buffer = [0; 512];
    loop {
        if progress == Progress::SendAgain {
            stream
                .write_all(&handshake.request())
                .map_err(RedisError::from)?;
        }
        let length = stream.read(&mut buffer).map_err(RedisError::from)?;
        progress = handshake.receive(&buffer[..length])?;
        if progress == Progress::Done {
            return Ok(());
        }
    }
}
