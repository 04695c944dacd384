//! The connection that a blocking call is given.

use std::fmt;
use std::sync::Arc;

use redis::{Cmd, ConnectionLike, RedisResult, Value};

use crate::client::blocking::pool::Pool;
use crate::client::blocking::pooled::Pooled;
use crate::slot::published::OfGeneration;

/// A blocking connection to a component's server, for one call at a time; dropping it gives it back.
///
/// It stays with the server it was made for, and every command ends within the response timeout. After a timeout or a
/// broken connection it is closed and every further command fails; the component's next call gets another. No other call
/// uses it meanwhile, so `WATCH`, `MULTI` and `redis::transaction` are fine. If a call leaves something behind in it
/// (`SELECT`, an open transaction), the connection is closed.
pub struct Connection {
    inner: Inner,
}

enum Inner {
    Pooled {
        pooled: Pooled,
        pool: Arc<OfGeneration<Arc<Pool>>>,
    },
    Own(redis::Connection),
}

impl Connection {
    pub(crate) fn new(pooled: Pooled, pool: Arc<OfGeneration<Arc<Pool>>>) -> Self {
        Self {
            inner: Inner::Pooled { pooled, pool },
        }
    }

    /// Returns `true` if the component still has the config that this connection was made from.
    #[must_use]
    pub fn is_current(&self) -> bool {
        match &self.inner {
            Inner::Pooled { pool, .. } => pool.is_newest(),
            Inner::Own(_) => true,
        }
    }

    /// Returns the generation of the component's config in this process: 1 for the first, one more with every change.
    ///
    /// Returns 0 for a connection that was made from a `redis::Connection` and not by a component.
    #[must_use]
    pub fn generation(&self) -> u64 {
        match &self.inner {
            Inner::Pooled { pool, .. } => pool.generation,
            Inner::Own(_) => 0,
        }
    }
}

/// For tests: calls a component's function with a connection of the test's own.
impl From<redis::Connection> for Connection {
    fn from(connection: redis::Connection) -> Self {
        Self {
            inner: Inner::Own(connection),
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command(&mut self, command: &[u8]) -> RedisResult<Value> {
        match &mut self.inner {
            Inner::Pooled { pooled, .. } => pooled.request(command),
            Inner::Own(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands(
        &mut self,
        commands: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        match &mut self.inner {
            Inner::Pooled { pooled, .. } => pooled.requests(commands, offset, count),
            Inner::Own(connection) => connection.req_packed_commands(commands, offset, count),
        }
    }

    fn req_command(&mut self, command: &Cmd) -> RedisResult<Value> {
        match &mut self.inner {
            Inner::Pooled { pooled, .. } if command.is_no_response() => {
                pooled.send_only(&command.get_packed_command())
            }
            Inner::Pooled { pooled, .. } => pooled.request(&command.get_packed_command()),
            Inner::Own(connection) => connection.req_command(command),
        }
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

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("generation", &self.generation())
            .field("is_current", &self.is_current())
            .finish_non_exhaustive()
    }
}
