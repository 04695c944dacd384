//! The runtime of redis-components.

pub use redis;

/// A connection to a component's Redis server.
#[derive(Clone, Debug)]
pub struct Connection {
    inner: redis::aio::MultiplexedConnection,
}

impl From<redis::aio::MultiplexedConnection> for Connection {
    fn from(inner: redis::aio::MultiplexedConnection) -> Self {
        Self { inner }
    }
}

impl redis::aio::ConnectionLike for Connection {
    fn req_packed_command<'a>(
        &'a mut self,
        command: &'a redis::Cmd,
    ) -> redis::RedisFuture<'a, redis::Value> {
        self.inner.req_packed_command(command)
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a redis::Pipeline,
        offset: usize,
        count: usize,
    ) -> redis::RedisFuture<'a, Vec<redis::Value>> {
        self.inner.req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.inner.get_db()
    }
}
