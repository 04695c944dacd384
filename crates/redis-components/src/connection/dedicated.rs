//! A connection for a single call, which follows its component while the call waits.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{Either, pending, select};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Cmd, Pipeline, ProtocolVersion, RedisError, RedisResult, Value,
};
use tokio::task::{AbortHandle, JoinHandle};

use crate::client::commands::{Session, may_wait};
use crate::client::multiplexed::Multiplexed;
use crate::client::waiting::{Rest, rest};
use crate::clock::Wait;
use crate::error::Error;
use crate::settings::timeouts::Timeouts;
use crate::slot::Slot;
use crate::slot::executor::OnRuntime;
use crate::slot::published::OfGeneration;
use crate::transport::asynchronous;

type Shared = Arc<OfGeneration<Multiplexed>>;

/// How often the shared client probes the server while a call waits without a timeout.
const PROBED_EVERY: Duration = Duration::from_secs(5);

/// How often a server that the component has left is asked to unblock a call, which may not have
/// reached it at first.
const UNBLOCKED_EVERY: Duration = Duration::from_millis(50);

/// Longer than any program runs: for commands that wait as long as they like.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The task that moves a connection's bytes. The connection is closed when this is dropped.
#[derive(Debug)]
pub(crate) struct Driven(JoinHandle<()>);

impl Drop for Driven {
    fn drop(&mut self) {
        // While its driver runs, a `BLPOP` without a caller would take one more element.
        self.0.abort();
    }
}

/// Opens a connection without a timeout for responses. It ends when the server answers no PING any
/// more.
pub(crate) async fn open(shared: Shared) -> Result<(MultiplexedConnection, Driven), Error> {
    let timeouts = Timeouts {
        response: FOREVER,
        ..shared.timeouts
    };
    let settings = AsyncConnectionConfig::new();
    let opened = asynchronous::open(
        shared.client.node(),
        ProtocolVersion::RESP2,
        timeouts,
        settings,
    )
    .await
    .map_err(|failure| {
        shared.client.probe_now();
        shared.error(&failure)
    })?;
    let driver = tokio::spawn(async move {
        // The first to end ends the other: dropping the driver closes the socket.
        select(opened.driver, pin!(until_lost(shared))).await;
    });
    Ok((opened.connection, Driven(driver)))
}

/// Waits until the server answers no PING any more.
pub(crate) async fn until_lost(shared: Shared) {
    loop {
        tokio::time::sleep(PROBED_EVERY).await;
        let connection = shared.client.any_open();
        let request = connection.begin();
        let answer = connection
            .handle()
            .send_packed_command(&redis::cmd("PING"))
            .await;
        request.end(&answer);
        // A refusal is an answer.
        if answer.is_err_and(|error| error.is_io_error()) {
            return;
        }
    }
}

/// A dedicated connection of a component.
///
/// When the component has moved, its old server ends a command that waits (`BLPOP`), which then
/// takes nothing. The command is sent again to the new server. A connection whose session the call
/// has changed stays on its server.
pub(crate) struct Following {
    slot: Arc<Slot>,
    wait: Wait,
    /// The client of the same server that calls share.
    shared: Shared,
    connection: MultiplexedConnection,
    driver: Driven,
    session: Session,
    /// Whether a command that waits was sent and is not answered. If it was given up, its
    /// connection is closed.
    is_waiting: bool,
}

/// Closes a connection if the command that waits on it is given up: it would take an element that
/// nobody awaits.
struct CloseIfGivenUp(Option<AbortHandle>);

impl Drop for CloseIfGivenUp {
    fn drop(&mut self) {
        if let Some(driver) = &self.0 {
            driver.abort();
        }
    }
}

impl Following {
    /// Opens a connection to the server where the component is now.
    pub(crate) async fn open(slot: Arc<Slot>, wait: Wait) -> Result<Self, Error> {
        let executor = OnRuntime::demand()?;
        let shared = slot.acquire(&executor, wait).await?;
        let (connection, driver) = open(Arc::clone(&shared)).await?;
        Ok(Self {
            slot,
            wait,
            shared,
            connection,
            driver,
            session: Session::default(),
            is_waiting: false,
        })
    }

    /// Returns a handle that does not follow.
    pub(super) fn handle(&self) -> MultiplexedConnection {
        self.connection.clone()
    }

    pub(super) fn shared(&self) -> &OfGeneration<Multiplexed> {
        &self.shared
    }

    pub(super) fn db(&self) -> i64 {
        self.connection.get_db()
    }

    pub(super) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.replace_if_given_up().await?;
        if !may_wait(command) {
            self.session.note_command(command);
            return self.connection.send_packed_command(command).await;
        }
        let (begun, mut shorter) = (Instant::now(), None);
        loop {
            if self.shared.has_moved() && self.session.is_clean() {
                *self = Self::open(Arc::clone(&self.slot), self.wait).await?;
            }
            let answer = self.wait_for(shorter.as_ref().unwrap_or(command)).await?;
            if !(is_unblocked(&answer) && self.shared.has_moved()) {
                return Ok(answer);
            }
            match rest(command, begun.elapsed()) {
                Rest::Whole => {}
                Rest::Part(part) => shorter = Some(part),
                Rest::Nothing => return Ok(Value::Nil),
            }
        }
    }

    pub(super) async fn send_all(
        &mut self,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        self.replace_if_given_up().await?;
        let waits = !pipeline.is_transaction() && pipeline.cmd_iter().any(may_wait);
        for command in pipeline.cmd_iter() {
            self.session.note_command(command);
        }
        let mut connection = self.connection.clone();
        let answers = connection.send_packed_commands(pipeline, offset, count);
        if !waits {
            return answers.await;
        }
        // Some of its commands may have been executed, so that it is not sent again.
        self.until_overdue(answers, None).await
    }

    /// Opens another connection if a command that waited was given up, and its connection closed.
    async fn replace_if_given_up(&mut self) -> Result<(), Error> {
        if self.is_waiting {
            *self = Self::open(Arc::clone(&self.slot), self.wait).await?;
        }
        Ok(())
    }

    /// Sends a command that waits. When the component moves, the server is asked to end it.
    async fn wait_for(&mut self, command: &Cmd) -> RedisResult<Value> {
        let follows = self.session.is_clean();
        let id = if follows { self.id().await? } else { None };
        let mut connection = self.connection.clone();
        self.is_waiting = true;
        let mut given_up = CloseIfGivenUp(Some(self.driver.0.abort_handle()));
        let answer = connection.send_packed_command(command);
        let answer = self.until_overdue(answer, id).await;
        given_up.0 = None;
        self.is_waiting = false;
        answer
    }

    /// Waits for an answer. When the component moves, the server is asked to unblock the connection
    /// of that number. The connection is closed if it still waits at the drain deadline.
    async fn until_overdue<T>(
        &self,
        answer: impl Future<Output = RedisResult<T>>,
        id: Option<i64>,
    ) -> RedisResult<T> {
        let answer = pin!(answer);
        let answer = match select(answer, pin!(self.shared.moved())).await {
            Either::Left((answer, _)) => return answer,
            Either::Right(((), answer)) => answer,
        };
        let unblocking = async {
            match id {
                Some(id) => self.unblock(id).await,
                None => pending().await,
            }
        };
        let deadline = tokio::time::sleep(self.slot.drain_deadline());
        let (unblocking, deadline) = (pin!(unblocking), pin!(deadline));
        match select(answer, select(unblocking, deadline)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => {
                // The command must not take an element for which no caller waits.
                self.driver.0.abort();
                Err(self.shared.stayed_too_long().into())
            }
        }
    }

    /// Returns the server's number for the connection, unless the user may not ask for it. Some
    /// proxies hang up on that, and then the connection is opened again: nothing of the call has
    /// been sent on it.
    async fn id(&mut self) -> Result<Option<i64>, Error> {
        let asking: RedisResult<i64> = redis::cmd("CLIENT")
            .arg("ID")
            .query_async(&mut self.connection)
            .await;
        if asking.as_ref().is_err_and(RedisError::is_io_error) {
            (self.connection, self.driver) = open(Arc::clone(&self.shared)).await?;
        }
        Ok(asking.ok())
    }

    /// Asks the server to unblock the connection of that number, until it has been dropped.
    async fn unblock(&self, id: i64) {
        let mut handle = self.shared.client.any_open().handle();
        loop {
            let mut unblock = redis::cmd("CLIENT");
            let asked = unblock.arg("UNBLOCK").arg(id).arg("ERROR");
            let answer: RedisResult<Value> = asked.query_async(&mut handle).await;
            if answer.is_err() {
                // The user may not, or the server is gone: the deadline or the end of the
                // connection ends the call.
                pending::<()>().await;
            }
            tokio::time::sleep(UNBLOCKED_EVERY).await;
        }
    }
}

fn is_unblocked(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if error.code() == "UNBLOCKED")
}

impl fmt::Debug for Following {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Following")
            .field("subject", &self.shared.subject)
            .finish_non_exhaustive()
    }
}
