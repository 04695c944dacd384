//! How a blocking call sends what it is given.

use redis::{Cmd, ConnectionLike, RedisResult, Value};

use super::request::{All, One};
use super::waiting::{is_short, refusal};
use super::{Connection, Inner, Kind};
use crate::client::threads::Lease;
use crate::transport::transaction::executed;

impl Connection {
    /// Sends encoded commands that may wait, on the server where the connection is. Some of them
    /// may have been executed when the component moves, so that they are not sent again.
    pub(super) fn send_packed<T>(
        &mut self,
        packed: &[u8],
        request: impl FnOnce(&mut Lease) -> RedisResult<T>,
        request_own: impl FnOnce(&mut redis::Connection) -> RedisResult<T>,
    ) -> RedisResult<T> {
        self.is_used = true;
        let (pooled, pool, follows) = match &mut self.inner {
            Inner::Pooled { pooled, pool, kind } => {
                (pooled, pool, matches!(kind, Kind::Following(_)))
            }
            Inner::Own(connection) => return request_own(connection),
        };
        let Some(waits) = pooled.wait_of(packed) else {
            return request(pooled);
        };
        if pooled.is_member() && !is_short(&waits, pool.timeouts.response) {
            return Err(refusal(self.function, &waits, pool).into());
        }
        match pooled.while_waiting(request) {
            Err(error) if error.is_timeout() && follows && pool.has_moved() => {
                Err(pool.stayed_too_long().into())
            }
            Err(error) if error.is_timeout() && pool.is_cut() => Err(pool.was_cut().into()),
            answer => answer,
        }
    }

    pub(super) fn send_one_packed(&mut self, command: &[u8]) -> RedisResult<Value> {
        self.send_packed(
            command,
            |pooled| pooled.request(command),
            |own| own.req_packed_command(command),
        )
    }

    fn send_all_packed(
        &mut self,
        commands: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let request = All {
            packed: commands,
            offset,
            count,
        };
        let replies = self.send_safely(&request);
        // Only the replies to a transaction have some before them.
        if offset > 0 {
            executed(replies)
        } else {
            replies
        }
    }

    fn send_one(&mut self, command: &Cmd) -> RedisResult<Value> {
        match &mut self.inner {
            Inner::Pooled { pooled, .. } if command.is_no_response() => {
                self.is_used = true;
                pooled.send_only(command)
            }
            _ => self.send_safely(&One(command)),
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command(&mut self, command: &[u8]) -> RedisResult<Value> {
        #[cfg(feature = "spans")]
        if let Some(span) = self.span_of_packed(command) {
            return span.around_blocking(|| self.send_one_packed(command));
        }
        self.send_one_packed(command)
    }

    fn req_packed_commands(
        &mut self,
        commands: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        #[cfg(feature = "spans")]
        if let Some(span) = self.span_of_all(offset, count) {
            return span.around_blocking(|| self.send_all_packed(commands, offset, count));
        }
        self.send_all_packed(commands, offset, count)
    }

    fn req_command(&mut self, command: &Cmd) -> RedisResult<Value> {
        #[cfg(feature = "spans")]
        if let Some(span) = self.span_of(command) {
            return span.around_blocking(|| self.send_one(command));
        }
        self.send_one(command)
    }

    fn get_db(&self) -> i64 {
        match &self.inner {
            Inner::Pooled { pooled, .. } => pooled.db(),
            Inner::Own(connection) => connection.get_db(),
        }
    }

    fn check_connection(&mut self) -> bool {
        redis::cmd("PING").exec(self).is_ok()
    }

    fn is_open(&self) -> bool {
        match &self.inner {
            Inner::Pooled { pooled, .. } => pooled.is_open(),
            Inner::Own(connection) => connection.is_open(),
        }
    }
}
