//! The blocking half: the same components for code without a tokio runtime.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, ConnectionLike, RedisResult, Value};

use crate::client::{Pool, Pooled};
use crate::slot::Numbered;
use crate::{Component, ComponentConfig, Error};

/// A blocking connection to a component's server, for one call at a time; dropping it gives it back.
///
/// It stays with the server it was made for, and every command ends within the response time-out. After a time-out or a
/// broken connection it is closed and every further command fails; the component's next call gets another. Nobody else uses
/// it meanwhile, so that `WATCH`, `MULTI` and `redis::transaction` are fine; what a call leaves behind in it (`SELECT`, an
/// open transaction) ends it.
pub struct Connection {
    inner: Inner,
}

enum Inner {
    Pooled {
        pooled: Pooled,
        pool: Arc<Numbered<Arc<Pool>>>,
    },
    Own(redis::Connection),
}

impl Connection {
    pub(crate) fn new(pooled: Pooled, pool: Arc<Numbered<Arc<Pool>>>) -> Self {
        Self {
            inner: Inner::Pooled { pooled, pool },
        }
    }

    /// Whether the component still has the config that this connection was made from.
    #[must_use]
    pub fn is_current(&self) -> bool {
        match &self.inner {
            Inner::Pooled { pool, .. } => pool.is_newest(),
            Inner::Own(_) => true,
        }
    }

    /// The generation of the component's config in this process: 1 for the first, one more with every change.
    /// 0 for a connection that was made from a `redis::Connection` and not by a component.
    #[must_use]
    pub fn generation(&self) -> u64 {
        match &self.inner {
            Inner::Pooled { pool, .. } => pool.generation,
            Inner::Own(_) => 0,
        }
    }
}

/// For tests: calls a component's function with a connection of one's own.
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

/// The blocking form of [`get_config`](crate::get_config).
///
/// # Errors
///
/// As [`get_config`](crate::get_config).
pub fn get_config(component: &Component) -> Result<ComponentConfig, Error> {
    pollster::block_on(crate::get_config(component))
}

/// The blocking form of [`shutdown`](crate::shutdown).
///
/// # Errors
///
/// As [`shutdown`](crate::shutdown).
pub fn shutdown(deadline: Duration) -> Result<usize, Error> {
    crate::shutdown::shutdown_blocking(deadline)
}

/// The blocking form of [`set_config`](crate::set_config).
///
/// # Errors
///
/// As [`set_config`](crate::set_config).
pub fn set_config(component: &Component, config: &ComponentConfig) -> Result<(), Error> {
    pollster::block_on(crate::set_config(component, config))
}
