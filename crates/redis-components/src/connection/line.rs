//! A connection that one call has for itself.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{pending, select};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, ProtocolVersion, RedisResult, Value};

use super::driven::{Closer, Driven};
use crate::client::asynchronous::AsyncClient;
use crate::client::commands::Session;
use crate::client::multiplexed::Multiplexed;
use crate::error::Error;
use crate::settings::timeouts::Timeouts;
use crate::slot::published::OfGeneration;
use crate::transport::asynchronous;

/// The client of a component that its calls share.
pub(super) type Shared = Arc<OfGeneration<AsyncClient>>;

/// How often the server is probed while a call waits without a timeout.
const PROBED_EVERY: Duration = Duration::from_secs(5);

/// How often a server that the component has left is asked to unblock a call, which may not have
/// reached it at first.
const UNBLOCKED_EVERY: Duration = Duration::from_millis(50);

/// Longer than any program runs: for commands that wait as long as they like.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Opens a connection without a timeout for responses, to the server of the shared connections
/// `home`. It ends when the server answers no PING any more, or when calls on that server are cut.
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
    let driver = Driven::spawn(async move {
        // It counts as a user of the client.
        let shared = shared;
        let (lost, cut) = (pin!(until_lost(home)), pin!(shared.cut()));
        // The first to end ends the others: dropping the driver closes the socket.
        select(driving, select(lost, cut)).await;
    });
    Ok((connection, driver))
}

/// Waits until the server answers a PING neither over the shared connections `home` nor over a new
/// one.
pub(crate) async fn until_lost(home: Arc<Multiplexed>) {
    loop {
        tokio::time::sleep(PROBED_EVERY).await;
        let answer = home.ask(&redis::cmd("PING")).await;
        // A refusal is an answer.
        if answer.is_err_and(|failure| !failure.is_refusal()) {
            return;
        }
    }
}

/// A dedicated connection.
pub(super) struct Line {
    /// The connections to the same server that calls share.
    pub(super) home: Arc<Multiplexed>,
    pub(super) connection: MultiplexedConnection,
    closer: Closer,
    /// `None` if the connection is closed with another handle to it.
    _driver: Option<Driven>,
    /// All handles to the connection share its session.
    session: Arc<Mutex<Session>>,
}

impl Line {
    pub(super) async fn open(shared: &Shared, home: &Arc<Multiplexed>) -> Result<Self, Error> {
        let (connection, driver) = open(Arc::clone(shared), Arc::clone(home)).await?;
        Ok(Self {
            home: Arc::clone(home),
            connection,
            closer: driver.closer(),
            _driver: Some(driver),
            session: Arc::default(),
        })
    }

    /// Returns `true` if both are handles to the same connection.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.session, &other.session)
    }

    /// Returns `true` if both lead to the same server.
    pub(super) fn leads_to(&self, other: &Self) -> bool {
        self.home.node().address() == other.home.node().address()
    }

    /// Returns another handle, which does not keep the connection open.
    pub(super) fn handle(&self) -> Self {
        Self {
            home: Arc::clone(&self.home),
            connection: self.connection.clone(),
            closer: self.closer.clone(),
            _driver: None,
            session: Arc::clone(&self.session),
        }
    }

    pub(super) fn closer(&self) -> &Closer {
        &self.closer
    }

    /// Returns what the commands of all handles have left in the session.
    pub(super) fn session(&self) -> MutexGuard<'_, Session> {
        // Nothing panics while it is held.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
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
        let asked = home.ask(unblock.arg("UNBLOCK").arg(id).arg("ERROR")).await;
        let is_done = |value: Value| value.extract_error().is_ok();
        if !asked.is_ok_and(is_done) {
            // The user may not, or the server is gone: the deadline or the end of the connection
            // ends the call.
            pending::<()>().await;
        }
        tokio::time::sleep(UNBLOCKED_EVERY).await;
    }
}
