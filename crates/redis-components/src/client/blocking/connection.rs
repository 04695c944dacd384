//! A connection of a pool: a stream, and the session state that its users leave in it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{Cmd, RedisResult, Value};

use super::session::{Waits, note_packed, wait_of};
use crate::client::commands::Session;
use crate::settings::timeouts::Timeouts;
use crate::transport::blocking::BlockingStream;
use crate::transport::failure::Failure;
use crate::transport::node::Node;

/// A connection. It cannot be used after a transport error.
pub(crate) struct BlockingConnection {
    /// In a box, because a connection goes from hand to hand for each call.
    stream: Box<BlockingStream>,
    session: Session,
    /// How many replies to commands that were sent have not been read.
    unread: usize,
    db: i64,
    since: Instant,
}

impl BlockingConnection {
    /// Connects, logs in and probes.
    pub(super) fn open(node: &Arc<Node>, timeouts: Timeouts) -> Result<Self, Failure> {
        Ok(Self {
            stream: Box::new(BlockingStream::open(node, timeouts)?),
            session: Session::default(),
            unread: 0,
            db: i64::from(node.db()),
            since: Instant::now(),
        })
    }

    /// Sends encoded commands and reads as many replies. An error of the server counts as a reply.
    pub(super) fn request(&mut self, packed: &[u8], replies: usize) -> RedisResult<Vec<Value>> {
        note_packed(&mut self.session, packed);
        self.stream.request(packed, replies)
    }

    /// Sends a command and reads its reply, within another bound than the response timeout if there
    /// is one. `packed` is the command as it is sent.
    pub(super) fn request_one(
        &mut self,
        command: &Cmd,
        packed: &[u8],
        within: Option<Duration>,
    ) -> RedisResult<Value> {
        self.session.note_command(command);
        match within {
            Some(within) => self
                .stream
                .within(within, |stream| stream.request_one(packed)),
            None => self.stream.request_one(packed),
        }
    }

    /// Sends encoded commands and reads as many replies, within another bound than the response
    /// timeout if there is one. `noted` are the commands that leave something in the session.
    pub(super) fn request_noting(
        &mut self,
        packed: &[u8],
        noted: &[u8],
        replies: usize,
        within: Option<Duration>,
    ) -> RedisResult<Vec<Value>> {
        note_packed(&mut self.session, noted);
        match within {
            Some(within) => {
                let request = |stream: &mut BlockingStream| stream.request(packed, replies);
                self.stream.within(within, request)
            }
            None => self.stream.request(packed, replies),
        }
    }

    /// Sends encoded commands that have so many replies, and leaves these to
    /// [`receive`](Self::receive). `noted` are the commands that leave something in the session.
    pub(super) fn send(
        &mut self,
        packed: &[u8],
        noted: &[u8],
        replies: usize,
        within: Duration,
    ) -> RedisResult<()> {
        note_packed(&mut self.session, noted);
        self.unread = replies;
        self.stream.within(within, |stream| stream.send(packed))
    }

    /// Reads the replies to what was sent.
    pub(super) fn receive(&mut self, within: Duration) -> RedisResult<Vec<Value>> {
        let unread = self.unread;
        let replies = self
            .stream
            .within(within, |stream| stream.receive(unread))?;
        self.unread = 0;
        Ok(replies)
    }

    /// Reads replies that nobody awaits any more, if they have come.
    pub(super) fn settle(&mut self) {
        if self.unread > 0 {
            // An error leaves them unread, and then nobody gets the connection.
            let _ = self.receive(Duration::ZERO);
        }
    }

    /// Sends encoded commands that have no reply. A server may still send one, so no other caller
    /// gets the connection.
    pub(super) fn send_only(&mut self, packed: &[u8]) -> RedisResult<()> {
        self.session.spoil();
        self.request(packed, 0).map(drop)
    }

    /// Returns the server's number for the connection, or `None` if the user may not ask for it.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection ended. Some proxies hang up on the question.
    pub(super) fn id(&mut self) -> RedisResult<Option<i64>> {
        let mut id = redis::cmd("CLIENT");
        let replies = self.request(&id.arg("ID").get_packed_command(), 1)?;
        let number = replies.into_iter().next();
        Ok(number.and_then(|number| redis::from_redis_value(number).ok()))
    }

    /// Makes requests wait while `goes_on` returns `true`.
    pub(super) fn wait_while(
        &mut self,
        goes_on: impl FnMut() -> bool + Send + 'static,
    ) -> RedisResult<()> {
        self.stream.wait_while(goes_on)
    }

    /// Asks the server if it is up and serves.
    pub(super) fn ping(&mut self) -> Result<(), Failure> {
        self.stream.ping()
    }

    /// Returns how long these encoded commands may wait, and which of them waits first.
    pub(super) fn wait_of<'a>(&self, packed: &'a [u8]) -> Option<Waits<'a>> {
        wait_of(&self.session, packed)
    }

    /// Returns `true` if the next user finds the connection as the first user did.
    pub(super) fn is_clean(&self) -> bool {
        self.session.is_clean() && self.unread == 0
    }

    /// Returns `true` if the next command is queued for a transaction.
    pub(super) fn is_queueing(&self) -> bool {
        self.session.is_queueing()
    }

    pub(super) fn db(&self) -> i64 {
        self.db
    }

    /// Returns the time since the connection was opened.
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// Returns the server's address. A unix socket has none.
    pub(super) fn peer(&self) -> RedisResult<Option<SocketAddr>> {
        self.stream.peer()
    }
}
