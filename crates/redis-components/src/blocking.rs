//! The blocking half: the same components for code without a tokio runtime.

use std::fmt;
use std::sync::Arc;

use redis::{Cmd, ConnectionLike, RedisResult, Value};

use crate::client::{Pool, Pooled};
use crate::slot::Numbered;
use crate::{Component, ComponentConfig, Error};

/// A blocking connection to a component's server, for one call at a time; dropping it gives it back.
///
/// It stays with the server it was made for, and every command ends within the response time-out. After a time-out or a
/// broken connection it is closed and every further command fails; the component's next call gets another.
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

    fn request<T>(
        &mut self,
        request: impl FnOnce(&mut redis::Connection) -> RedisResult<T>,
    ) -> RedisResult<T> {
        match &mut self.inner {
            Inner::Pooled { pooled, .. } => pooled.request(request),
            Inner::Own(connection) => request(connection),
        }
    }

    fn get(&self) -> Option<&redis::Connection> {
        match &self.inner {
            Inner::Pooled { pooled, .. } => pooled.get(),
            Inner::Own(connection) => Some(connection),
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
        self.request(|connection| connection.req_packed_command(command))
    }

    fn req_packed_commands(
        &mut self,
        commands: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        self.request(|connection| connection.req_packed_commands(commands, offset, count))
    }

    fn req_command(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.request(|connection| connection.req_command(command))
    }

    fn get_db(&self) -> i64 {
        self.get().map_or(0, ConnectionLike::get_db)
    }

    fn check_connection(&mut self) -> bool {
        self.request(|connection| Ok(connection.check_connection()))
            .unwrap_or(false)
    }

    fn is_open(&self) -> bool {
        self.get().is_some_and(ConnectionLike::is_open)
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

/// The blocking form of [`set_config`](crate::set_config).
///
/// # Errors
///
/// As [`set_config`](crate::set_config).
pub fn set_config(component: &Component, config: &ComponentConfig) -> Result<(), Error> {
    pollster::block_on(crate::set_config(component, config))
}
