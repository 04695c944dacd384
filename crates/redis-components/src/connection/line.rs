//! A connection that one call has for itself.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{pending, select};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, ProtocolVersion, RedisResult, Value};
use tokio::task::{AbortHandle, JoinHandle};

use crate::client::asynchronous::AsyncClient;
use crate::client::commands::Session;
use crate::client::multiplexed::Multiplexed;
use crate::error::Error;
use crate::settings::timeouts::Timeouts;
use crate::slot::published::OfGeneration;
use crate::transport::asynchronous;

/// The client of a component that its calls share.
pub(super) type Shared = Arc<OfGeneration<AsyncClient>>;

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

impl Driven {
    /// Runs a driver on the current runtime.
    pub(crate) fn spawn(driver: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(driver))
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        // While its driver runs, a `BLPOP` without a caller would take one more element.
        self.0.abort();
    }
}

/// Opens a connection without a timeout for responses, to the server of the shared connections
/// `home`. It ends when the server answers no PING any more.
pub(crate) async fn open(
    shared: Shared,
    home: Arc<Multiplexed>,
) -> Result<(MultiplexedConnection, Driven), Error> {
    let timeouts = Timeouts {
        response: FOREVER,
        ..shared.timeouts
    };
    let settings = AsyncConnectionConfig::new();
    let opened = asynchronous::open(home.node(), ProtocolVersion::RESP2, timeouts, settings)
        .await
        .map_err(|failure| {
            home.note_refused(&failure);
            shared.error(&failure)
        })?;
    let (connection, driving) = opened.into_parts();
    let driver = tokio::spawn(async move {
        // It counts as a user of the client.
        let _shared = shared;
        // The first to end ends the other: dropping the driver closes the socket.
        select(driving, pin!(until_lost(home))).await;
    });
    Ok((connection, Driven(driver)))
}

/// Waits until the server answers no PING any more.
pub(crate) async fn until_lost(home: Arc<Multiplexed>) {
    loop {
        tokio::time::sleep(PROBED_EVERY).await;
        // A refusal is an answer.
        let answer = home.send(home.pick(), &redis::cmd("PING")).await;
        if answer.is_err_and(|error| error.is_io_error()) {
            return;
        }
    }
}

/// A dedicated connection.
pub(super) struct Line {
    /// The connections to the same server that calls share.
    pub(super) home: Arc<Multiplexed>,
    pub(super) connection: MultiplexedConnection,
    pub(super) driver: Driven,
    pub(super) session: Session,
    /// Whether a command that waits was sent and is not answered. If it was given up, its
    /// connection is closed.
    pub(super) is_waiting: bool,
}

/// Closes a connection if the command that waits on it is given up: it would take an element that
/// nobody awaits.
pub(super) struct CloseIfGivenUp(Option<AbortHandle>);

impl Line {
    pub(super) async fn open(shared: &Shared, home: &Arc<Multiplexed>) -> Result<Self, Error> {
        let (connection, driver) = open(Arc::clone(shared), Arc::clone(home)).await?;
        Ok(Self {
            home: Arc::clone(home),
            connection,
            driver,
            session: Session::default(),
            is_waiting: false,
        })
    }

    pub(super) fn close(&self) {
        self.driver.0.abort();
    }

    pub(super) fn close_if_given_up(&self) -> CloseIfGivenUp {
        CloseIfGivenUp(Some(self.driver.0.abort_handle()))
    }
}

impl CloseIfGivenUp {
    /// Notes that the command was answered.
    pub(super) fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for CloseIfGivenUp {
    fn drop(&mut self) {
        if let Some(driver) = &self.0 {
            driver.abort();
        }
    }
}

/// Sends a command, behind an ASKING if the server does not own its slot yet.
pub(super) async fn request(
    connection: &mut MultiplexedConnection,
    command: &Cmd,
    is_asking: bool,
) -> RedisResult<Value> {
    if !is_asking {
        return connection.send_packed_command(command).await;
    }
    let mut both = redis::pipe();
    both.cmd("ASKING").add_command(command.clone());
    let mut answers = connection.send_packed_commands(&both, 1, 1).await?;
    Ok(answers.pop().unwrap_or(Value::Nil))
}

/// Asks the server to unblock the connection of that number, until it has been dropped.
pub(super) async fn unblock(home: &Multiplexed, id: i64) {
    loop {
        let mut unblock = redis::cmd("CLIENT");
        let asked = home
            .send(home.pick(), unblock.arg("UNBLOCK").arg(id).arg("ERROR"))
            .await;
        if asked.and_then(Value::extract_error).is_err() {
            // The user may not, or the server is gone: the deadline or the end of the connection
            // ends the call.
            pending::<()>().await;
        }
        tokio::time::sleep(UNBLOCKED_EVERY).await;
    }
}
