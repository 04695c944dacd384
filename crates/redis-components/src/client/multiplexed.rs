//! The client that the asynchronous calls of one tokio runtime share.

use std::fmt;
use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult, Value};
use tokio::runtime::Handle;

use super::health::{Answer, EarlyEnd, Verdict};
use super::line::{EndGuard, Line, end_unused};
use super::{Failure, Timeouts, open};
use crate::ComponentConfig;
use crate::config_server::Errands;

/// How often in a row a server must not answer where no call has shown that it does not.
const TRIES: u32 = 2;

/// A multiplexed connection and whether it still lives.
pub(crate) struct Multiplexed {
    connection: MultiplexedConnection,
    line: Arc<Line>,
    /// Who ends the connection when the last user is gone.
    errands: Option<Errands>,
    /// For functions that take one: it goes when this client does.
    #[cfg(feature = "connection-manager")]
    pub(crate) manager: tokio::sync::OnceCell<redis::aio::ConnectionManager>,
}

impl Multiplexed {
    /// Connects, logs in and probes on the current runtime, where the connection is then driven.
    pub(crate) async fn open(
        config: &ComponentConfig,
        timeouts: Timeouts,
        errands: Option<Errands>,
    ) -> Result<Self, Failure> {
        let settings = AsyncConnectionConfig::new();
        let (connection, driver, socket) =
            open(config, &config.redis_settings(), timeouts, settings).await?;
        let line = Arc::new(Line::new(socket));
        let guard = EndGuard(Arc::clone(&line));
        Handle::current().spawn(async move {
            driver.await;
            guard.0.health.lose();
        });
        Ok(Self {
            connection,
            line,
            errands,
            #[cfg(feature = "connection-manager")]
            manager: tokio::sync::OnceCell::new(),
        })
    }

    /// A handle to the connection, for somebody who holds this client as long.
    pub(crate) fn connection(&self) -> MultiplexedConnection {
        self.connection.clone()
    }

    /// A handle to the connection, for somebody who does not: only the last of them ends the connection.
    pub(crate) fn lend(&self) -> MultiplexedConnection {
        self.line.lend();
        self.check();
        self.connection()
    }

    /// The connection as seen from outside, which may outlast this client where it is lent.
    pub(crate) fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// Asks the server in the background, once in a while, whether it is there: for users whose answers are not seen here.
    pub(crate) fn check(&self) {
        if self.line.health.is_check_due() {
            self.doubt();
        }
    }

    /// Whether calls shall have another client: the server closed the connection or does not answer any more, or its
    /// runtime is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.line.health.is_closed()
    }

    /// Whether the client has ended too young; told to the first who asks.
    pub(crate) fn take_early_end(&self) -> Option<EarlyEnd> {
        self.line.health.take_early_end()
    }

    /// Notes how a request ended, which shows whether the server is there and serves.
    pub(crate) fn note<T: Answer>(&self, result: &RedisResult<T>) {
        match self.line.health.note(result) {
            Verdict::Well => {}
            Verdict::Replace => self.line.health.close(),
            Verdict::Doubtful => self.probe(1),
        }
    }

    /// Asks the server, in the background, whether it is there: something has not worked that was not done over this
    /// connection.
    pub(crate) fn doubt(&self) {
        self.probe(TRIES);
    }

    /// Asks the server, in the background and so often, whether it is there. Calls that are under way are left alone.
    fn probe(&self, tries: u32) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut connection = self.connection();
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

impl Drop for Multiplexed {
    fn drop(&mut self) {
        if let Some(errands) = &self.errands
            && !self.line.is_lent()
        {
            errands.run(end_unused(Arc::clone(&self.line)));
        }
    }
}

impl fmt::Debug for Multiplexed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multiplexed")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}
