//! A blocking connection on loan.

use std::sync::Arc;

use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};

use super::Pool;
use super::health::Answer;
use super::wire::Wire;

/// A connection taken out of a pool until it is dropped.
pub(crate) struct Pooled {
    pool: Arc<Pool>,
    /// None once it has failed.
    wire: Option<Wire>,
    /// Whether it has a place in the pool.
    is_member: bool,
}

impl Pooled {
    /// A place in the pool, which dropping gives back, with or without a connection in it.
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self {
            pool,
            wire: None,
            is_member: true,
        }
    }

    /// A connection that is closed when it is dropped.
    pub(super) fn beside(pool: Arc<Pool>, wire: Wire) -> Self {
        Self {
            pool,
            wire: Some(wire),
            is_member: false,
        }
    }

    pub(super) fn fill(&mut self, wire: Wire) {
        self.wire = Some(wire);
    }

    /// Sends one encoded command and returns its reply.
    pub(crate) fn request(&mut self, packed: &[u8]) -> RedisResult<Value> {
        let mut replies = self.on_wire(|wire| wire.request(packed, 1))?;
        Ok(replies.pop().unwrap_or(Value::Nil))
    }

    /// Sends encoded commands and returns `count` replies after the first `offset`, which, as in redis-rs, are those of a
    /// transaction's commands being queued: where one is an error, so is the whole.
    pub(crate) fn requests(
        &mut self,
        packed: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let mut queued = self.on_wire(|wire| wire.request(packed, offset + count))?;
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
        self.on_wire(|wire| wire.send_only(packed).map(|()| Value::Nil))
    }

    /// Asks the server whether it is there.
    pub(super) fn ping(&mut self) -> RedisResult<Value> {
        self.on_wire(|wire| wire.ping().map(|()| Value::Okay))
    }

    pub(crate) fn db(&self) -> i64 {
        self.wire.as_ref().map_or(0, Wire::db)
    }

    /// Whether no failure has closed it.
    pub(crate) fn is_open(&self) -> bool {
        self.wire.is_some()
    }

    /// Uses the connection. An error of the transport leaves its state unknown: then it is not used again.
    fn on_wire<T: Answer>(
        &mut self,
        request: impl FnOnce(&mut Wire) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let Some(wire) = &mut self.wire else {
            let message = "the connection was closed by an earlier failure";
            return Err((ErrorKind::Io, message).into());
        };
        let result = request(wire);
        self.pool.note(&result);
        if let Err(error) = &result
            && error.kind() != ErrorKind::Client
        {
            let age = wire.age();
            self.wire = None;
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
            self.pool.give_back(self.wire.take());
        }
    }
}

/// What redis-rs makes of errors among the replies that are not handed on.
fn aborted(errors: &[RedisError]) -> RedisError {
    let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let kind = ErrorKind::Server(ServerErrorKind::ExecAbort);
    (kind, "Transaction aborted", all.join(", ")).into()
}
