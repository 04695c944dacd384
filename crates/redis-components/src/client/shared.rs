//! One connection that many calls share.

use std::fmt;
use std::sync::Arc;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, RedisResult, Value};
use tokio::runtime::Handle;

use super::driver::Driver;
use super::health::{Answer, Verdict};
use super::line::Line;
use super::traffic::Underway;
use super::{Failure, Timeouts, open};
use crate::ComponentConfig;

/// A multiplexed connection and whether it still lives.
pub(crate) struct Shared {
    connection: MultiplexedConnection,
    line: Arc<Line>,
}

/// A request that is under way. It may be dropped.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    connection: &'a Shared,
    _underway: Underway<'a>,
}

impl Shared {
    /// Connects, logs in and probes on the current runtime, where the connection is then driven.
    pub(super) async fn open(
        config: &ComponentConfig,
        timeouts: Timeouts,
    ) -> Result<Self, Failure> {
        let settings = AsyncConnectionConfig::new();
        let (connection, driver, socket) =
            open(config, &config.redis_settings(), timeouts, settings).await?;
        let line = Arc::new(Line::new(socket));
        Handle::current().spawn(Driver::new(driver, Arc::clone(&line)));
        Ok(Self { connection, line })
    }

    /// A handle to the connection, for somebody who holds its client as long.
    pub(crate) fn handle(&self) -> MultiplexedConnection {
        self.connection.clone()
    }

    /// The number of the database that commands go to.
    pub(super) fn db(&self) -> i64 {
        self.connection.get_db()
    }

    pub(super) fn line(&self) -> Arc<Line> {
        Arc::clone(&self.line)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.line.health.is_closed()
    }

    /// Notes that a request begins.
    pub(crate) fn begin(&self) -> Request<'_> {
        Request {
            connection: self,
            _underway: self.line.traffic.begin(),
        }
    }

    /// Notes how a request ended, which shows whether the server is there and serves.
    fn note<T: Answer>(&self, result: &RedisResult<T>) {
        match self.line.health.note(result) {
            Verdict::Well => {}
            Verdict::Replace => self.line.health.close(),
            Verdict::Doubtful => self.probe(),
        }
    }

    /// Ends the connection, and with it what is under way.
    pub(super) fn cut(&self) {
        self.line.end();
    }

    /// Asks the server, in the background, whether it is there. Calls that are under way are left alone.
    fn probe(&self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut connection = self.handle();
        let line = self.line();
        runtime.spawn(async move {
            let answer: RedisResult<Value> = redis::cmd("PING").query_async(&mut connection).await;
            match answer {
                Err(error) if error.is_io_error() => line.health.close(),
                _ => line.health.note_answer(),
            }
        });
    }
}

impl Request<'_> {
    /// Notes how the request ended.
    pub(crate) fn end<T: Answer>(self, result: &RedisResult<T>) {
        self.connection.note(result);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}
