//! A blocking connection on loan.

use std::sync::Arc;

use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};

use super::connection::BlockingConnection;
use super::pool::{Exhausted, Idle, Pool};
use crate::client::health::Answer;

/// A connection taken out of a pool until it is dropped.
pub(crate) struct Pooled {
    pool: Arc<Pool>,
    /// None once it has failed.
    connection: Option<BlockingConnection>,
    /// Whether it has a place in the pool.
    is_member: bool,
}

impl Pooled {
    /// Takes an idle connection, opens one more, or waits until one is returned.
    pub(crate) fn take(pool: &Arc<Pool>) -> Result<Self, Exhausted> {
        let idle = pool.take_place()?;
        // From here on, dropping this gives the place back.
        let mut pooled = Self {
            pool: Arc::clone(pool),
            connection: None,
            is_member: true,
        };
        pooled.connection = match idle.and_then(Idle::still_answers) {
            None => Some(pool.connect()?),
            living => living,
        };
        Ok(pooled)
    }

    /// Opens a connection beside those of the pool, for one call that may wait without a bound. While it waits, the pool's
    /// connections show whether the server is there. It is closed when it is dropped.
    pub(crate) fn open_dedicated(pool: &Arc<Pool>) -> Result<Self, Exhausted> {
        let mut connection = pool.connect()?;
        let shared = Arc::clone(pool);
        let is_served = move || match Self::take(&shared) {
            Ok(mut pooled) => pooled.ping(),
            // If all connections are in use, the server serves their users.
            Err(Exhausted::InUse { .. }) => true,
            Err(Exhausted::Failed(_)) => false,
        };
        connection.wait_while(is_served).map_err(|error| {
            pool.close();
            Exhausted::Failed(error.into())
        })?;
        Ok(Self {
            pool: Arc::clone(pool),
            connection: Some(connection),
            is_member: false,
        })
    }

    /// Sends one encoded command and returns its reply.
    pub(crate) fn request(&mut self, packed: &[u8]) -> RedisResult<Value> {
        let mut replies = self.using(|connection| connection.request(packed, 1))?;
        Ok(replies.pop().unwrap_or(Value::Nil))
    }

    /// Sends encoded commands and returns `count` replies after the first `offset`. As in redis-rs, those come from the
    /// commands of a transaction when they are queued: if one of them is an error, so is the whole.
    pub(crate) fn requests(
        &mut self,
        packed: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let mut queued = self.using(|connection| connection.request(packed, offset + count))?;
        if offset == 0 {
            return Ok(queued);
        }
        let replies = queued.split_off(offset);
        let refused: Vec<RedisError> = queued
            .into_iter()
            .filter_map(|reply| reply.extract_error().err())
            .collect();
        if refused.is_empty() {
            Ok(replies)
        } else {
            Err(aborted(&refused))
        }
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
            self.connection = None;
        }
        is_there
    }

    pub(crate) fn db(&self) -> i64 {
        self.connection.as_ref().map_or(0, BlockingConnection::db)
    }

    /// Returns `true` if no failure has closed it.
    pub(crate) fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// Uses the connection. An error of the transport leaves its state unknown: then it is not used again.
    fn using<T: Answer>(
        &mut self,
        request: impl FnOnce(&mut BlockingConnection) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let Some(connection) = &mut self.connection else {
            let message = "the connection was closed by an earlier failure";
            return Err((ErrorKind::Io, message).into());
        };
        let result = request(connection);
        self.pool.note(&result);
        if let Err(error) = &result
            && error.kind() != ErrorKind::Client
        {
            let age = connection.age();
            self.connection = None;
            if error.is_connection_dropped() {
                self.pool.note_end(age);
            }
        }
        result
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        if self.is_member {
            self.pool.give_back(self.connection.take());
        }
    }
}

/// Returns what redis-rs makes of errors among the replies that are not handed on.
fn aborted(errors: &[RedisError]) -> RedisError {
    let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let kind = ErrorKind::Server(ServerErrorKind::ExecAbort);
    (kind, "Transaction aborted", all.join(", ")).into()
}
