//! The connection that an asynchronous call is given.

use std::fmt;
use std::sync::Arc;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, RedisFuture, RedisResult, Value};

use crate::client::{Answer, Multiplexed};
use crate::slot::Numbered;

/// An asynchronous connection to a component's server, shared with the other calls of the same tokio runtime.
///
/// It stays with the server it was made for: a call that began before the component moved ends where it began. Every call
/// of a generated function takes a fresh one, so there is no need to keep it; who does can ask whether it
/// [is still current](Self::is_current).
///
/// Every command ends within the response time-out. Commands that block the server's answer (`BLPOP`) or change the state
/// of the connection (`SELECT`, `WATCH`, `MULTI` across several calls) are not for a shared connection.
#[derive(Clone)]
pub struct Connection {
    inner: MultiplexedConnection,
    client: Option<Arc<Numbered<Multiplexed>>>,
}

impl Connection {
    pub(crate) fn new(client: Arc<Numbered<Multiplexed>>) -> Self {
        Self {
            inner: client.client.connection(),
            client: Some(client),
        }
    }

    /// Whether the component still has the config that this connection was made from.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.client
            .as_ref()
            .is_none_or(|client| client.is_newest() && !client.client.is_closed())
    }

    /// The generation of the component's config in this process: 1 for the first, one more with every change.
    /// 0 for a connection that was made from a `MultiplexedConnection` and not by a component.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.client.as_ref().map_or(0, |client| client.generation)
    }

    fn note<T: Answer>(&self, result: &RedisResult<T>) {
        if let Some(client) = &self.client {
            client.client.note(result);
        }
    }

    /// The client that this is a handle to, of a connection that a component gave.
    pub(crate) fn client(&self) -> Option<&Multiplexed> {
        self.client.as_ref().map(|client| &client.client)
    }

    pub(crate) fn into_multiplexed(self) -> MultiplexedConnection {
        match &self.client {
            Some(client) => client.client.lend(),
            None => self.inner,
        }
    }
}

/// For tests: calls a component's function with a connection of one's own.
impl From<MultiplexedConnection> for Connection {
    fn from(inner: MultiplexedConnection) -> Self {
        Self {
            inner,
            client: None,
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let result = self.inner.send_packed_command(command).await;
            self.note(&result);
            result
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let result = self
                .inner
                .send_packed_commands(pipeline, offset, count)
                .await;
            self.note(&result);
            result
        })
    }

    fn get_db(&self) -> i64 {
        self.inner.get_db()
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
