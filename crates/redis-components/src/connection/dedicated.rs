//! A connection for a single call, which follows its component while the call waits.

use std::sync::Arc;
use std::time::Instant;
use std::{fmt, mem};

use redis::{Cmd, RedisResult, Value};

use super::call_lines::{CallLines, Owner};
use super::closed::{closed_elsewhere, session_lost};
use super::line::{Line, Shared, request};
use super::refused::Attempts;
use super::resend::{All, Request, Sender, resend};
use crate::client::cluster::dedicated::{Course, Place, Retry};
use crate::client::cluster::transaction::cross_slot;
use crate::client::commands::{may_wait, name};
use crate::client::multiplexed::Multiplexed;
use crate::client::waiting::{Rest, rest};
use crate::clock::{Tick, Wait};
use crate::error::Error;
use crate::slot::Slot;
use crate::slot::executor::OnRuntime;
#[cfg(feature = "spans")]
use crate::telemetry::span::sent_to;
use crate::transport::error_codes::is_unblocked;

/// The dedicated connections of a call: one, or one to each node of a cluster that the call uses.
///
/// When the component has moved, its old server ends a command that waits (`BLPOP`), which then
/// takes nothing. The command is sent again to the new server, and so is what a server refuses that
/// has become a replica. A connection whose session the call has changed stays on its server.
///
/// A connection is closed if a command that waits on it is given up. The next command opens another,
/// unless the call has changed the session, which is gone then.
pub(crate) struct Following {
    pub(super) slot: Arc<Slot>,
    wait: Wait,
    /// The client that calls share.
    pub(super) shared: Shared,
    pub(super) follows: bool,
    /// The connections, which all handles share.
    all: CallLines,
    /// Closes the connections. `None` if another handle does that.
    owner: Option<Owner>,
    is_used: bool,
    /// A handle to each connection that this one knows of.
    pub(super) lines: Vec<Line>,
}

impl Following {
    /// Opens a connection to the server where the component is now. A cluster's are opened when a
    /// command needs them.
    pub(crate) async fn open(slot: Arc<Slot>, wait: Wait) -> Result<Self, Error> {
        let executor = OnRuntime::demand()?;
        let shared = slot.acquire(&executor, wait).await?;
        let mut opened = Self::at_server(slot, wait, shared);
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

    /// Returns a call of its own without connections.
    fn at_server(slot: Arc<Slot>, wait: Wait, shared: Shared) -> Self {
        let (all, owner) = CallLines::new();
        Self {
            slot,
            wait,
            shared,
            follows: true,
            all,
            owner: Some(owner),
            is_used: false,
            lines: Vec::new(),
        }
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

    /// Returns another handle to the connections, which stays on its server and is closed with this
    /// one.
    pub(super) fn handle(&self) -> Self {
        Self {
            slot: Arc::clone(&self.slot),
            wait: self.wait,
            shared: Arc::clone(&self.shared),
            // Only one of the two can follow the component.
            follows: false,
            all: self.all.clone(),
            owner: None,
            is_used: true,
            lines: self.lines.iter().map(Line::handle).collect(),
        }
    }

    pub(super) fn db(&self) -> i64 {
        self.shared.client.db()
    }

    /// Sends a request, and again if all of it was refused.
    pub(super) async fn send_safely<R: Request>(&mut self, request: &R) -> RedisResult<R::Reply> {
        let is_first = !mem::replace(&mut self.is_used, true);
        let may_go = self.follows && self.is_clean();
        let result = request.send(self).await;
        if !may_go || request.refusal(&result).is_none() {
            return result;
        }
        // The command may have waited for longer than others may.
        let attempts = Attempts::begin(Tick::now(), self.shared.timeouts.response);
        resend(self, request, is_first, attempts, result).await
    }

    async fn send_here(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.demand_open().await?;
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
            let (was_clean, noted) = {
                let mut session = self.lines[number].session();
                let was_clean = session.is_clean();
                if !waits {
                    session.note_command(command);
                }
                (was_clean, session.noted())
            };
            let answer = if waits {
                let command = shorter.as_ref().unwrap_or(command);
                self.wait_for(number, command, is_asking).await?
            } else {
                request(&mut self.lines[number].connection, command, is_asking).await?
            };
            let follows = waits && self.follows && self.is_clean();
            if follows && is_unblocked(&answer) && self.has_moved_by_now(&answer).await {
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
                    self.lines.remove(number).closer().close();
                    continue;
                }
                Some(Retry::Again) => {}
                Some(Retry::Asking(home)) => asked = Some(home),
            }
            // Nothing was executed.
            self.lines[number].session().forget(noted);
        }
    }

    async fn send_all_here(&mut self, all: &All<'_>) -> RedisResult<Vec<Value>> {
        self.demand_open().await?;
        let shared = Arc::clone(&self.shared);
        shared
            .client
            .send_all_over(self, all.pipeline, all.offset, all.count)
            .await
    }

    pub(super) fn is_clean(&self) -> bool {
        self.all.are_clean()
    }

    fn has_to_follow(&self) -> bool {
        self.follows && self.is_clean() && self.shared.has_moved()
    }

    async fn reopen(&mut self) -> Result<(), Error> {
        let opened = Self::open(Arc::clone(&self.slot), self.wait).await?;
        // Handles that were cloned before have ended with the connections that this one leaves.
        (self.shared, self.lines) = (opened.shared, opened.lines);
        (self.all, self.owner) = (opened.all, opened.owner);
        Ok(())
    }

    /// Opens another connection in place of a closed one. Refuses everything if a session was lost
    /// with it, or another handle has it.
    async fn demand_open(&mut self) -> Result<(), Error> {
        let is_closed = |line: &Line| line.closer().is_closed();
        self.all.add_to(&mut self.lines);
        let are_closed = !self.lines.is_empty() && self.lines.iter().all(is_closed);
        // The connections to other nodes of a cluster may be in use by other handles.
        let is_over = are_closed || self.shared.has_moved() || self.shared.client.is_closed();
        if self.owner.is_none() && (are_closed || self.all.are_closed()) {
            return Err(closed_elsewhere(&self.shared));
        }
        if !self.lines.iter().any(is_closed) {
            return Ok(());
        }
        let has_lost = |line: &Line| is_closed(line) && !line.session().is_clean();
        if self.lines.iter().any(has_lost) {
            return Err(session_lost(&self.shared));
        }
        if is_over && self.follows && self.is_clean() {
            return self.reopen().await;
        }
        self.lines.retain(|line| !is_closed(line));
        self.open_only().await
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
        let line = self.opened(home).await?;
        self.lines.push(line);
        Ok(self.lines.len() - 1)
    }

    /// Opens a connection for all handles.
    pub(super) async fn opened(&self, home: &Arc<Multiplexed>) -> Result<Line, Error> {
        let line = Line::open(&self.shared, home).await?;
        let kept = self.all.keep(line);
        kept.ok_or_else(|| closed_elsewhere(&self.shared))
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
            .filter(|line| !line.session().is_clean());
        match (with_session.next(), with_session.next()) {
            (Some(line), None) => {
                line.session().note_command(command);
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
            |(other, line): (usize, &Line)| line.session().is_queueing() && Some(other) != number;
        if self.lines.iter().enumerate().any(elsewhere) {
            return Err(cross_slot());
        }
        Ok(())
    }
}

impl Sender for Following {
    fn client(&self) -> &Shared {
        &self.shared
    }

    async fn at(&self, client: Shared) -> Option<Self> {
        let mut opened = Self {
            follows: self.follows,
            is_used: true,
            ..Self::at_server(Arc::clone(&self.slot), self.wait, client)
        };
        opened.open_only().await.ok()?;
        Some(opened)
    }

    async fn send_one(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.send_here(command).await
    }

    async fn send_all(&mut self, all: &All<'_>) -> RedisResult<Vec<Value>> {
        self.send_all_here(all).await
    }
}

impl fmt::Debug for Following {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Following")
            .field("subject", &self.shared.subject)
            .finish_non_exhaustive()
    }
}
