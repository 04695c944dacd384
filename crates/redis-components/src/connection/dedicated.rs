//! A connection for a single call, which follows its component while the call waits.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::{Either, pending, select};
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisError, RedisResult, Value};
use tokio::time::timeout;

use super::line::{Driven, Line, Shared, open, request, unblock};
use crate::client::cluster::dedicated::{Course, Place, Retry};
use crate::client::cluster::transaction::cross_slot;
use crate::client::commands::{Session, may_wait, name};
use crate::client::multiplexed::Multiplexed;
use crate::client::waiting::{Rest, rest};
use crate::clock::Wait;
use crate::error::Error;
use crate::slot::Slot;
use crate::slot::executor::OnRuntime;
#[cfg(feature = "spans")]
use crate::telemetry::span::sent_to;
use crate::transport::error_codes::is_ended_by_demotion;

/// The dedicated connections of a call: one, or one to each node of a cluster that the call uses.
///
/// When the component has moved, its old server ends a command that waits (`BLPOP`), which then
/// takes nothing. The command is sent again to the new server. A connection whose session the call
/// has changed stays on its server.
pub(crate) struct Following {
    slot: Arc<Slot>,
    wait: Wait,
    /// The client that calls share.
    shared: Shared,
    follows: bool,
    pub(super) lines: Vec<Line>,
}

impl Following {
    /// Opens a connection to the server where the component is now. A cluster's are opened when a
    /// command needs them.
    pub(crate) async fn open(slot: Arc<Slot>, wait: Wait) -> Result<Self, Error> {
        let executor = OnRuntime::demand()?;
        let shared = slot.acquire(&executor, wait).await?;
        let mut opened = Self {
            slot,
            wait,
            shared,
            follows: true,
            lines: Vec::new(),
        };
        if let Err(error) = opened.open_only().await {
            if !opened.shared.client.is_closed() {
                return Err(error);
            }
            // Its server was left meanwhile.
            opened.shared = opened.slot.acquire(&executor, wait).await?;
            opened.open_only().await?;
        }
        Ok(opened)
    }

    /// Opens the connection to the server of a component that has one.
    async fn open_only(&mut self) -> Result<(), Error> {
        if let Ok(only) = self.shared.client.single("").map(Arc::clone) {
            self.line_at(&only).await?;
        }
        Ok(())
    }

    /// Makes it stay on its server when the component moves.
    pub(crate) fn staying(mut self) -> Self {
        self.follows = false;
        self
    }

    /// Returns the only connection, or `None` if there may be several.
    pub(crate) fn into_only(mut self) -> Result<(MultiplexedConnection, Driven), Self> {
        if self.shared.client.single("").is_err() {
            return Err(self);
        }
        match self.lines.pop() {
            Some(line) => Ok((line.connection, line.driver)),
            None => Err(self),
        }
    }

    /// Returns a handle that does not follow, if there is only one connection.
    pub(super) fn handle(&self) -> Option<MultiplexedConnection> {
        self.shared.client.single("").ok()?;
        self.lines.first().map(|line| line.connection.clone())
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn db(&self) -> i64 {
        self.shared.client.db()
    }

    pub(super) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.replace_if_given_up().await?;
        let (begun, mut shorter) = (Instant::now(), None);
        let mut course = Course::begin();
        let mut asked = None;
        loop {
            let waits = may_wait(command);
            if waits && self.has_to_follow() {
                self.reopen().await?;
            }
            let is_asking = asked.is_some();
            let number = match asked.take() {
                Some(home) => self.line_at(&home).await?,
                None => match self.shared.client.place(command).await? {
                    Place::At(home) => self.line_at(&home).await?,
                    Place::Anywhere(home) => self.any_line(&home).await?,
                    Place::Session => return self.in_session(command).await,
                    Place::Shared => {
                        self.demand_no_queue(None)?;
                        return self
                            .shared
                            .client
                            .send(&mut Some(0), command, &|| true)
                            .await;
                    }
                },
            };
            self.demand_no_queue(Some(number))?;
            let was_clean = self.lines[number].session.is_clean();
            let answer = if waits {
                let command = shorter.as_ref().unwrap_or(command);
                self.wait_for(number, command, is_asking).await?
            } else {
                self.lines[number].session.note_command(command);
                request(&mut self.lines[number].connection, command, is_asking).await?
            };
            if waits && is_unblocked(&answer) && self.has_moved_by_now(&answer).await {
                match rest(command, begun.elapsed()) {
                    Rest::Whole => {}
                    Rest::Part(part) => shorter = Some(part),
                    Rest::Nothing => return Ok(Value::Nil),
                }
                continue;
            }
            if !was_clean {
                return Ok(answer);
            }
            let home = &self.lines[number].home;
            match self
                .shared
                .client
                .retry(&mut course, home, command, &answer)
                .await
            {
                None => return Ok(answer),
                Some(Retry::Again) if waits && is_unblocked(&answer) => {
                    match rest(command, begun.elapsed()) {
                        Rest::Whole => {}
                        Rest::Part(part) => shorter = Some(part),
                        Rest::Nothing => return Ok(Value::Nil),
                    }
                    // Its node closes the connection.
                    self.lines.remove(number);
                    continue;
                }
                Some(Retry::Again) => {}
                Some(Retry::Asking(home)) => asked = Some(home),
            }
            // Nothing was executed.
            self.lines[number].session = Session::default();
        }
    }

    pub(super) async fn send_all(
        &mut self,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        self.replace_if_given_up().await?;
        let shared = Arc::clone(&self.shared);
        shared
            .client
            .send_all_over(self, pipeline, offset, count)
            .await
    }

    fn has_to_follow(&self) -> bool {
        let is_clean = self.lines.iter().all(|line| line.session.is_clean());
        self.follows && is_clean && self.shared.has_moved()
    }

    /// Returns `true` if the component has moved. If its server has become a replica and ended what
    /// waited there, that comes within moments: there is a candidate, or sentinels say so.
    async fn has_moved_by_now(&self, answer: &Value) -> bool {
        let has_successor =
            || self.slot.candidate().is_some() || self.shared.config.sentinels().is_some();
        let moves = self.follows && is_ended_by_demotion(answer) && has_successor();
        if moves && !self.shared.has_moved() {
            let bound = self.shared.timeouts.response;
            // An error says that the component stays.
            drop(timeout(bound, self.shared.moved()).await);
        }
        self.shared.has_moved()
    }

    async fn reopen(&mut self) -> Result<(), Error> {
        let follows = self.follows;
        *self = Self::open(Arc::clone(&self.slot), self.wait).await?;
        self.follows = follows;
        Ok(())
    }

    /// Opens another connection if a command that waited was given up, and its connection closed.
    async fn replace_if_given_up(&mut self) -> Result<(), Error> {
        if self.lines.iter().any(|line| line.is_waiting) {
            self.reopen().await?;
        }
        Ok(())
    }

    /// Returns the number of the connection to the server of `home`, which may have to be opened.
    pub(super) async fn line_at(&mut self, home: &Arc<Multiplexed>) -> Result<usize, Error> {
        let address = home.node().address();
        #[cfg(feature = "spans")]
        sent_to(address);
        let is_there = |line: &Line| line.home.node().address() == address;
        if let Some(number) = self.lines.iter().position(is_there) {
            return Ok(number);
        }
        let line = Line::open(&self.shared, home).await?;
        self.lines.push(line);
        Ok(self.lines.len() - 1)
    }

    async fn any_line(&mut self, home: &Arc<Multiplexed>) -> Result<usize, Error> {
        let last = self.lines.len().checked_sub(1);
        match last {
            Some(number) => Ok(number),
            None => self.line_at(home).await,
        }
    }

    /// Sends a command about the session to the connection that has one.
    async fn in_session(&mut self, command: &Cmd) -> RedisResult<Value> {
        let mut with_session = self
            .lines
            .iter_mut()
            .filter(|line| !line.session.is_clean());
        match (with_session.next(), with_session.next()) {
            (Some(line), None) => {
                line.session.note_command(command);
                line.connection.send_packed_command(command).await
            }
            // Nothing is watched.
            (None, _) if name(command) == "UNWATCH" => Ok(Value::Okay),
            (None, _) => Err(self.shared.client.needs_session(command).into()),
            (Some(_), Some(_)) => Err(cross_slot()),
        }
    }

    /// Refuses commands for another server than that whose transaction is open: they would be
    /// executed at once.
    fn demand_no_queue(&self, number: Option<usize>) -> RedisResult<()> {
        let elsewhere =
            |(other, line): (usize, &Line)| line.session.is_queueing() && Some(other) != number;
        if self.lines.iter().enumerate().any(elsewhere) {
            return Err(cross_slot());
        }
        Ok(())
    }

    /// Sends a command that waits. When the component moves, the server is asked to end it.
    async fn wait_for(
        &mut self,
        number: usize,
        command: &Cmd,
        is_asking: bool,
    ) -> RedisResult<Value> {
        let follows = self.follows && self.lines[number].session.is_clean();
        let id = if follows {
            self.id(number).await?
        } else {
            None
        };
        let line = &mut self.lines[number];
        let mut connection = line.connection.clone();
        line.is_waiting = true;
        let given_up = line.close_if_given_up();
        let answer = request(&mut connection, command, is_asking);
        let answer = self.until_overdue(number, answer, id).await;
        given_up.disarm();
        self.lines[number].is_waiting = false;
        answer
    }

    /// Waits for an answer. When the component moves, the server is asked to unblock the connection
    /// of that number. The connection is closed if it still waits at the drain deadline.
    pub(super) async fn until_overdue<T>(
        &self,
        number: usize,
        answer: impl Future<Output = RedisResult<T>>,
        id: Option<i64>,
    ) -> RedisResult<T> {
        let line = &self.lines[number];
        let answer = pin!(answer);
        let answer = match select(answer, pin!(self.shared.moved())).await {
            Either::Left((answer, _)) => return answer,
            Either::Right(((), answer)) => answer,
        };
        if !self.follows {
            return answer.await;
        }
        let unblocking = async {
            match id {
                Some(id) => unblock(&line.home, id).await,
                None => pending().await,
            }
        };
        let deadline = tokio::time::sleep(self.slot.drain_deadline());
        let (unblocking, deadline) = (pin!(unblocking), pin!(deadline));
        match select(answer, select(unblocking, deadline)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => {
                // The command must not take an element for which no caller waits.
                line.close();
                Err(self.shared.stayed_too_long().into())
            }
        }
    }

    /// Returns the server's number for the connection, unless the user may not ask for it. Some
    /// proxies hang up on that, and then the connection is opened again: nothing of the call has
    /// been sent on it.
    async fn id(&mut self, number: usize) -> Result<Option<i64>, Error> {
        let line = &mut self.lines[number];
        let asking: RedisResult<i64> = redis::cmd("CLIENT")
            .arg("ID")
            .query_async(&mut line.connection)
            .await;
        if asking.as_ref().is_err_and(RedisError::is_io_error) {
            let home = Arc::clone(&line.home);
            (line.connection, line.driver) = open(Arc::clone(&self.shared), home).await?;
        }
        Ok(asking.ok())
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
