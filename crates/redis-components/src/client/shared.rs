//! One connection that many calls share.

use std::fmt;
use std::sync::Arc;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, RedisResult, Value};
use tokio::runtime::Handle;

use super::driver::Driver;
use super::health::{Answer, EarlyEnd, Verdict};
use super::line::Line;
use super::traffic::Underway;
use super::{Failure, Timeouts, open};
use crate::ComponentConfig;

/// How often in a row a server must not answer where no call has shown that it does not.
const TRIES: u32 = 2;

/// A multiplexed connection and whether it still lives.
pub(crate) struct Shared {
    connection: MultiplexedConnection,
    line: Arc<Line>,
}

/// A request that is under way. Where it is dropped before it ends, the server may be the reason.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    connection: &'a Shared,
    is_ended: bool,
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

    /// A handle to the connection, for somebody who does not: only the last of them ends the connection.
    pub(super) fn lend(&self) -> MultiplexedConnection {
        self.line.lend();
        self.check();
        self.handle()
    }

    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }

    pub(super) fn is_closed(&self) -> bool {
        self.line.health.is_closed()
    }

    /// Whether many requests are under way.
    pub(super) fn is_heavy(&self) -> bool {
        self.line.traffic.is_heavy()
    }

    /// Notes that a request begins.
    pub(crate) fn begin(&self) -> Request<'_> {
        Request {
            connection: self,
            is_ended: false,
            _underway: self.line.traffic.begin(),
        }
    }

    /// Notes how a request ended, which shows whether the server is there and serves.
    fn note<T: Answer>(&self, result: &RedisResult<T>) {
        match self.line.health.note(result) {
            Verdict::Well => {}
            Verdict::Replace => self.line.health.close(),
            Verdict::Doubtful => self.probe(1),
        }
    }

    /// Whether the connection has ended too young; told to the first who asks.
    pub(super) fn take_early_end(&self) -> Option<EarlyEnd> {
        self.line.health.take_early_end()
    }

    /// Whether the server has answered a call.
    pub(super) fn has_served(&self) -> bool {
        self.line.health.has_served()
    }

    /// Asks the server in the background, once in a while, whether it is there: for users whose answers are not seen here.
    pub(super) fn check(&self) {
        if self.line.health.is_check_due() {
            self.doubt();
        }
    }

    /// Asks the server, in the background, whether it is there: something has not worked that was not done over this
    /// connection.
    pub(super) fn doubt(&self) {
        self.probe(TRIES);
    }

    /// Asks the server, in the background and so often, whether it is there. Calls that are under way are left alone.
    fn probe(&self, tries: u32) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut connection = self.handle();
        let line = Arc::clone(&self.line);
        runtime.spawn(async move {
            for _ in 0..tries {
                let answer: RedisResult<Value> =
                    redis::cmd("PING").query_async(&mut connection).await;
                if !answer.is_err_and(|error| error.is_io_error()) {
                    return line.health.note_presence();
                }
            }
            line.health.lose();
        });
    }
}

impl Request<'_> {
    /// Notes how the request ended.
    pub(crate) fn end<T: Answer>(mut self, result: &RedisResult<T>) {
        self.is_ended = true;
        self.connection.note(result);
    }
}

/// A caller with less patience than the response time-out would never find out that the server is frozen.
impl Drop for Request<'_> {
    fn drop(&mut self) {
        if !self.is_ended {
            self.connection.check();
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}
