//! A connection to the config server that is opened when it is needed, and opened again when it has
//! ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::RedisError;
use redis::aio::MultiplexedConnection;
use tokio::sync::watch;
use tokio::time::sleep;

use super::bound::Bound;
use super::candidates::{Candidates, Opened, Place};
use super::connection::Connection;
use super::pushes::Pushes;
use super::reading::Answer;
use super::receipts::writer::Line;
use super::signal::Signal;
use super::strict::reads::StrictReads;
use crate::backoff::Backoff;
use crate::settings::timeouts::Timeouts;
use crate::telemetry;
use crate::transport::failure::Failure;

/// A connection that lives this long shows that the server is well.
const WELL_AFTER: Duration = Duration::from_secs(1);

/// Connects when something is asked, and keeps the connection.
pub(super) struct Reconnect {
    candidates: Candidates,
    timeouts: Timeouts,
    /// `None` if changes are polled.
    pushes: Option<Pushes>,
    connection: Option<Connection>,
    /// The newest connection, for the writer of the receipt.
    line: watch::Sender<Option<MultiplexedConnection>>,
    signal: Arc<Signal>,
    /// Those who read beside the watch.
    strict: Arc<StrictReads>,
    /// Where the newest connection leads, or led.
    place: Option<Place>,
    /// Why servers that come first in the list are not used.
    unused: Option<String>,
    /// Whether the server did not grant pushes at the last connect.
    refused: bool,
    opened: Instant,
    /// Grows with every connection that fails or ends young.
    backoff: Backoff,
    /// The pause after a connection that ended young.
    pause: Option<Duration>,
}

impl Reconnect {
    pub(super) fn new(
        candidates: Candidates,
        timeouts: Timeouts,
        pushes: Option<Pushes>,
        signal: Arc<Signal>,
        strict: Arc<StrictReads>,
    ) -> Self {
        Self {
            candidates,
            timeouts,
            pushes,
            connection: None,
            line: watch::Sender::new(None),
            signal,
            strict,
            place: None,
            unused: None,
            refused: false,
            opened: Instant::now(),
            backoff: Backoff::new(Backoff::SERVER_DOWN),
            pause: None,
        }
    }

    /// Reads the keys. `sending` is called when the read is sent: the answer is newer than that
    /// moment. It is called a second time if the connection had ended. That may have happened while
    /// it was idle, and says nothing about the server.
    pub(super) async fn read(
        &mut self,
        keys: &[&str],
        mut sending: impl FnMut(),
    ) -> Result<Vec<Answer>, Failure> {
        let bound = self.bound();
        let kept = self.connection.is_some();
        let answers = self.read_once(keys, bound, &mut sending).await;
        if !kept || !answers.as_ref().is_err_and(Failure::is_closed) {
            return answers;
        }
        let left = bound.left();
        self.replace_ended().await;
        let bound = Bound::from_now(left);
        self.read_once(keys, bound, &mut sending).await
    }

    async fn read_once(
        &mut self,
        keys: &[&str],
        bound: Bound,
        sending: &mut impl FnMut(),
    ) -> Result<Vec<Answer>, Failure> {
        let connection = self.ensure(bound).await?;
        sending();
        let read = async { Ok(connection.read(keys.iter().copied()).await?) };
        bound.wait(read).await
    }

    /// Writes values by their keys, once. If no answer comes, they may or may not be written.
    pub(super) async fn write<'a>(
        &mut self,
        values: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Vec<Result<(), RedisError>>, Failure> {
        // A connection may have ended while it was idle. The PING finds that out, because the
        // values are sent only once.
        if self.ping().await.is_err_and(|failure| failure.is_closed()) {
            self.replace_ended().await;
        }
        let bound = self.bound();
        let connection = self.ensure(bound).await?;
        let written = async { Ok(connection.write(values).await?) };
        bound.wait(written).await
    }

    /// Notes that the server has answered.
    pub(super) fn note_answer(&mut self) {
        if self.opened.elapsed() >= WELL_AFTER {
            self.backoff = Backoff::new(Backoff::SERVER_DOWN);
        }
    }

    /// Returns the pause after a failure.
    pub(super) fn next_pause(&mut self) -> Duration {
        self.backoff.next()
    }

    /// Returns the pause before reads for which no caller asks, if a connection has ended young since
    /// the last time.
    pub(super) fn take_pause(&mut self) -> Option<Duration> {
        self.pause.take()
    }

    /// Makes room for the next connection, because this one has ended. If it was young, there is a
    /// pause: something before the server may close every connection after its first answer. For
    /// the read of callers it is short.
    async fn replace_ended(&mut self) {
        self.close();
        if self.opened.elapsed() < WELL_AFTER {
            let pause = self.next_pause();
            self.pause = Some(pause);
            sleep(pause.min(Backoff::UNSTEADY)).await;
        }
    }

    /// Asks a connected server if it is up.
    pub(super) async fn ping(&mut self) -> Result<(), Failure> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        let bound = Bound::from_now(self.timeouts.response);
        bound.wait(connection.ping()).await
    }

    /// Returns `true` if the connection brings pushes.
    pub(super) fn is_pushing(&self) -> bool {
        self.connection.as_ref().is_some_and(Connection::is_pushing)
    }

    /// Returns `true` if the server is connected and does not grant the pushes that are wanted.
    pub(super) fn is_refused(&self) -> bool {
        self.refused && self.connection.is_some()
    }

    pub(super) fn close(&mut self) {
        self.connection = None;
        self.strict.leave();
        if !self.signal.has_ended() {
            self.line.send_replace(None);
        } // Otherwise the receipt is removed over the last connection.
    }

    /// Returns the newest connection at any time. What is sent over it waits for no reads, and no
    /// read waits for it.
    pub(super) fn line(&self) -> Line {
        self.line.subscribe()
    }

    /// Closes the connection if sentinels name another server by now. Returns `true` if it did.
    pub(super) fn leave_if_moved(&mut self) -> bool {
        let place = self.place.as_ref().filter(|_| self.connection.is_some());
        let has_moved = place.is_some_and(|place| self.candidates.has_moved(place));
        if has_moved {
            self.close();
        }
        has_moved
    }

    /// Returns the address of the server that is connected, or was last.
    pub(super) fn address(&self) -> Option<&str> {
        self.place.as_ref().map(|place| &*place.address)
    }

    /// Returns `true` if another server can take the place of one that fails.
    pub(super) fn has_others(&self) -> bool {
        self.candidates.are_several()
    }

    /// Returns why servers that come first in the list are not used.
    pub(super) fn unused(&self) -> Option<&str> {
        self.unused.as_deref()
    }

    /// A server that has answered before gets the time of one answer, also if a new connection is
    /// needed.
    fn bound(&self) -> Bound {
        Bound::from_now(match self.connection {
            Some(_) => self.timeouts.response,
            None => self.timeouts.connect,
        })
    }

    async fn ensure(&mut self, bound: Bound) -> Result<&mut Connection, Failure> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.open(bound).await?,
        };
        Ok(self.connection.insert(connection))
    }

    async fn open(&mut self, bound: Bound) -> Result<Connection, Failure> {
        let Opened {
            connection,
            node,
            refusal,
            place,
            unused,
        } = self.candidates.open(self.pushes.as_ref(), bound).await?;
        self.opened = Instant::now();
        let refused_before = std::mem::replace(&mut self.refused, refusal.is_some());
        if let Some(refusal) = refusal
            && !refused_before
        {
            telemetry::config_server::does_not_push(&place.address, &refusal);
        }
        self.place = Some(place);
        self.strict.follow(node, self.timeouts);
        self.unused = unused;
        self.line.send_replace(Some(connection.line()));
        self.signal.note_change();
        Ok(connection)
    }
}
