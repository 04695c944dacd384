//! A blocking connection on loan.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, ErrorKind, RedisResult, Value};

use super::awaited::{Awaited, Kind};
use super::connection::BlockingConnection;
use super::exhausted::Exhausted;
use super::places::Idle;
use super::pool::Pool;
use super::queued::behind;
use super::session::Waits;
use super::turn::Turn;
use crate::client::health::Answer;
use crate::fork::MADE_BEFORE_FORK;
#[cfg(feature = "spans")]
use crate::telemetry::span::sent_to;

/// A connection taken out of a pool until it is dropped.
pub(crate) struct Pooled {
    pool: Arc<Pool>,
    /// `None` after a failure.
    connection: Option<BlockingConnection>,
    /// Whether it has a place in the pool.
    is_member: bool,
    /// Which kind of command a dedicated connection waits for.
    awaited: Option<Arc<Awaited>>,
}

impl Pooled {
    /// Takes an idle connection, opens one more, or waits until one is given back.
    ///
    /// # Errors
    ///
    /// Returns an error if none is given back within the connect timeout, or if there is none. If
    /// none is left, or the server does not answer, the pool is closed.
    pub(crate) fn take(pool: &Arc<Pool>) -> Result<Self, Exhausted> {
        match pool.take_idle().map(Idle::into_living) {
            Some(Ok(connection)) => Ok(Self::of(pool, connection)),
            Some(Err(failure)) => {
                pool.give_back(None);
                let mut turn = Turn::begin();
                turn.note_dead(&failure);
                Self::take_in_turn(pool, turn)
            }
            None => Self::take_in_turn(pool, Turn::begin()),
        }
    }

    /// Takes an idle connection, if there is one that lives and no other call has waited for it for long.
    pub(crate) fn take_idle(pool: &Arc<Pool>) -> Option<Self> {
        match pool.take_idle()?.into_living() {
            Ok(connection) => Some(Self::of(pool, connection)),
            Err(_) => {
                pool.give_back(None);
                None
            }
        }
    }

    fn take_in_turn(pool: &Arc<Pool>, mut turn: Turn) -> Result<Self, Exhausted> {
        loop {
            let connection = match pool.take_in_turn(&mut turn)?.map(Idle::into_living) {
                None => pool.grow(&turn),
                Some(Ok(connection)) => Some(connection),
                Some(Err(failure)) => {
                    pool.give_back(None);
                    turn.note_dead(&failure);
                    None
                }
            };
            if let Some(connection) = connection {
                return Ok(Self::of(pool, connection));
            }
        }
    }

    fn of(pool: &Arc<Pool>, connection: BlockingConnection) -> Self {
        Self {
            pool: Arc::clone(pool),
            connection: Some(connection),
            is_member: true,
            awaited: None,
        }
    }

    /// Makes a request that waits. If it follows, the server is asked to end it when the component
    /// has moved.
    pub(crate) fn wait_for<T>(
        &mut self,
        follows: bool,
        request: impl FnOnce(&mut Self) -> RedisResult<T>,
    ) -> RedisResult<T> {
        self.note_awaited(if follows { Kind::Follows } else { Kind::Stays });
        let answer = request(self);
        self.end_waiting();
        answer
    }

    /// Begins requests that wait, and that a move leaves alone until the drain deadline.
    pub(crate) fn begin_staying(&self) {
        self.note_awaited(Kind::Stays);
    }

    /// Ends requests that wait.
    pub(crate) fn end_waiting(&self) {
        self.note_awaited(Kind::Ends);
    }

    fn note_awaited(&self, kind: Kind) {
        if let Some(awaited) = &self.awaited {
            awaited.set(kind);
        }
    }

    /// Returns how long these encoded commands may wait, and which of them waits first.
    pub(crate) fn wait_of<'a>(&self, packed: &'a [u8]) -> Option<Waits<'a>> {
        let connection = self.connection.as_ref()?;
        connection.wait_of(packed)
    }

    /// Returns `true` if other calls get the connection after this one.
    pub(crate) fn is_member(&self) -> bool {
        self.is_member
    }

    /// Returns `true` if the next command finds the connection as the first command did.
    pub(crate) fn is_clean(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(BlockingConnection::is_clean)
    }

    /// Returns `true` if the next command is queued for a transaction.
    pub(crate) fn is_queueing(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(BlockingConnection::is_queueing)
    }

    /// Sends one encoded command and returns its reply.
    pub(crate) fn request(&mut self, packed: &[u8]) -> RedisResult<Value> {
        let mut replies = self.using(|connection| connection.request(packed, 1))?;
        Ok(replies.pop().unwrap_or(Value::Nil))
    }

    /// Sends a command, which is encoded as `packed`, and returns its reply. `within` bounds it, if
    /// it is set, instead of the response timeout.
    pub(crate) fn one(
        &mut self,
        command: &Cmd,
        packed: &[u8],
        within: Option<Duration>,
    ) -> RedisResult<Value> {
        self.using(|connection| connection.request_one(command, packed, within))
    }

    /// Sends encoded commands and returns as many replies. `within` bounds them, if it is set,
    /// instead of the response timeout.
    pub(crate) fn all(
        &mut self,
        packed: &[u8],
        count: usize,
        within: Option<Duration>,
    ) -> RedisResult<Vec<Value>> {
        self.using(|connection| connection.request_noting(packed, packed, count, within))
    }

    /// As [`all`](Self::all), for `asking`: the commands of `packed`, some behind an ASKING.
    pub(crate) fn all_asking(
        &mut self,
        asking: &[u8],
        packed: &[u8],
        count: usize,
        within: Option<Duration>,
    ) -> RedisResult<Vec<Value>> {
        // An ASKING leaves nothing, because the command behind it ends its effect.
        self.using(|connection| connection.request_noting(asking, packed, count, within))
    }

    /// Sends encoded commands, and leaves their replies to [`receive`](Self::receive). They are
    /// those of `packed`, some behind an ASKING.
    pub(crate) fn send(
        &mut self,
        asking: &[u8],
        packed: &[u8],
        count: usize,
        within: Duration,
    ) -> RedisResult<()> {
        self.noting(
            |connection| connection.send(asking, packed, count, within),
            // The server has not answered yet.
            |pool, sent| {
                if let Err(error) = sent {
                    pool.note::<Value>(&Err(error.clone()));
                }
            },
        )
    }

    /// Returns the replies to what was sent.
    pub(crate) fn receive(&mut self, within: Duration) -> RedisResult<Vec<Value>> {
        self.using(|connection| connection.receive(within))
    }

    /// Sends encoded commands and returns `count` replies after the first `offset`. The first
    /// replies come from a transaction that queues its commands. As in redis-rs, an error among
    /// them fails the whole request.
    pub(crate) fn requests(
        &mut self,
        packed: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let queued = self.using(|connection| connection.request(packed, offset + count))?;
        behind(offset, queued)
    }

    /// Sends an encoded command that has no reply.
    pub(crate) fn send_only(&mut self, packed: &[u8]) -> RedisResult<Value> {
        self.using(|connection| connection.send_only(packed).map(|()| Value::Nil))
    }

    /// Returns `true` if the server answers.
    fn ping(&mut self) -> bool {
        let answers = |connection: &mut BlockingConnection| connection.ping().is_ok();
        let is_there = self.connection.as_mut().is_some_and(answers);
        if !is_there {
            self.discard();
        }
        is_there
    }

    /// Closes the connection. Its place goes to another call, even if the user keeps this value.
    fn discard(&mut self) {
        self.connection = None;
        if std::mem::take(&mut self.is_member) {
            self.pool.give_back(None);
        }
    }

    pub(crate) fn db(&self) -> i64 {
        self.connection.as_ref().map_or(0, BlockingConnection::db)
    }

    /// Returns `true` if no failure has closed it.
    pub(crate) fn is_open(&self) -> bool {
        self.connection.is_some() && self.pool.is_of_this_process()
    }

    /// Uses the connection. A transport error leaves its state unknown, and then it is not used
    /// again.
    fn using<T: Answer>(
        &mut self,
        request: impl FnOnce(&mut BlockingConnection) -> RedisResult<T>,
    ) -> RedisResult<T> {
        self.noting(request, Pool::note)
    }

    fn noting<T>(
        &mut self,
        request: impl FnOnce(&mut BlockingConnection) -> RedisResult<T>,
        note: impl FnOnce(&Pool, &RedisResult<T>),
    ) -> RedisResult<T> {
        let Some(connection) = &mut self.connection else {
            let message = "the connection was closed by an earlier failure";
            return Err((ErrorKind::Io, message).into());
        };
        if !self.pool.is_of_this_process() {
            return Err((ErrorKind::Io, MADE_BEFORE_FORK).into());
        }
        #[cfg(feature = "spans")]
        sent_to(self.pool.node().address());
        let result = request(connection);
        note(&self.pool, &result);
        if let Err(error) = &result
            && error.kind() != ErrorKind::Client
        {
            let age = connection.age();
            let has_ended = error.is_connection_dropped();
            if has_ended {
                self.pool.note_end(age);
            }
            self.discard();
        }
        result
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        // A child closes its copy of the socket, which ends nothing, and leaves the parent's pool
        // alone.
        if self.is_member && self.pool.is_of_this_process() {
            if let Some(connection) = &mut self.connection {
                connection.settle();
            }
            self.pool.give_back(self.connection.take());
        }
    }
}

mod dedicated;
