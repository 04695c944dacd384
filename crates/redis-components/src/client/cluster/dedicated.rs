//! Where the commands of a dedicated call go.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Pipeline, RedisResult, Value};

use super::ask::host_and_port;
use super::asynchronous::{ClusterClient, no_nodes};
use super::node_number::NodeNumber;
use super::plan::{Goal, Piece};
use super::redirect::refusal;
use super::rounds::{Batch, Pace, Target, not_served_error, redirected};
use super::route::{Route, route};
use super::send::{Replies, Sending};
use super::whole::Whole;
use crate::client::commands::{concerns_session, is_script};
use crate::client::lines::Lines;
use crate::client::multiplexed::Multiplexed;
use crate::clock::Tick;
use crate::config::endpoint::Address;
use crate::error::Error;
use crate::telemetry::component::resent;

/// Where a dedicated command goes.
pub(crate) enum Place {
    /// To a connection of the call to this server, beside those that calls share.
    At(Arc<Multiplexed>),
    /// To a connection of the call, whichever it has, or else beside these.
    Anywhere(Arc<Multiplexed>),
    /// Over the connections that calls share, because several servers execute it.
    Shared,
    /// To the connection of the call that has its session.
    Session,
}

/// A command that was refused goes again.
pub(crate) enum Retry {
    /// To where it goes now.
    Again,
    /// To a server that does not own its slot yet, behind an ASKING.
    Asking(Arc<Multiplexed>),
}

/// A command on its way, which may wait for any time before it is refused.
pub(crate) struct Course {
    refused: Tick,
    last: Tick,
    pace: Pace,
}

impl Course {
    pub(crate) fn begin() -> Self {
        let now = Tick::now();
        Self {
            refused: now,
            last: now,
            pace: Pace::new(),
        }
    }

    /// Notes a refusal. Returns when the first of the refusals came that have no longer pause than
    /// this between them.
    fn note_refusal(&mut self, pause: Duration) -> Tick {
        if self.last.elapsed() >= pause {
            *self = Self::begin();
        }
        self.last = Tick::now();
        self.refused
    }
}

/// Sends over the connections of a dedicated call, which have no bound.
struct Dedicated<'a, L> {
    client: &'a ClusterClient,
    lines: &'a mut L,
    course: Course,
}

impl<L: Lines> Sending for Dedicated<'_, L> {
    fn find(&self, goal: Goal) -> Option<NodeNumber> {
        let in_use = || {
            let address = host_and_port(self.lines.last()?.node().address())?;
            self.client.map().table.number_of(&address)
        };
        let in_use = (goal == Goal::Anywhere).then(in_use).flatten();
        in_use.or_else(|| self.client.find(goal))
    }

    async fn send_each(
        &mut self,
        batches: &[Batch],
        pieces: &[Piece<'_>],
    ) -> RedisResult<Vec<Replies>> {
        let mut parts = Vec::with_capacity(batches.len());
        for batch in batches {
            let home = self.client.client(batch.node).await?;
            parts.push((home, batch.commands(pieces)));
        }
        let results = self.lines.send_each(parts).await?;
        let replies = batches.iter().zip(results).map(|(batch, result)| {
            let replies = self.client.note(result)?;
            Ok(batch.replies(replies))
        });
        Ok(replies.collect())
    }

    async fn send_whole(
        &mut self,
        target: Target,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Replies> {
        let home = self.client.client(target.node).await?;
        let sent = self
            .lines
            .send_whole(&home, pipeline, target.is_asking, offset, count);
        Ok(self.client.note(sent.await))
    }

    fn since(&mut self) -> Tick {
        self.course.note_refusal(self.client.timeouts.response)
    }
}

impl ClusterClient {
    /// Sends a pipeline or transaction over the connections of a dedicated call. Commands for a
    /// session go to one node; others are split as those of calls that share connections.
    pub(crate) async fn send_all_over(
        &self,
        lines: &mut impl Lines,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let are_clean = lines.are_clean();
        let mut sending = Dedicated {
            client: self,
            lines,
            course: Course::begin(),
        };
        let whole = match Whole::transaction(pipeline).filter(|_| are_clean) {
            Some(transaction) => Some(transaction?),
            None if !are_clean || pipeline.cmd_iter().any(concerns_session) => {
                Some(Whole::in_session(pipeline, !are_clean)?)
            }
            None => None,
        };
        if let Some(whole) = whole {
            return self
                .transact(&whole, &mut sending, offset, count, &|| true)
                .await;
        }
        let plan = self.plan(pipeline.cmd_iter())?;
        let replies = self.run(plan, None, &mut sending, &|| true).await?;
        Ok(replies.into_iter().skip(offset).take(count).collect())
    }

    /// Returns `true` if the cluster has that node, as a primary or replica.
    pub(crate) fn has(&self, server: &Address) -> bool {
        self.members.map.has(server)
    }

    /// Returns the connections that calls share to any primary.
    pub(crate) async fn home(&self) -> Result<Arc<Multiplexed>, Error> {
        let mut last = None;
        for node in self.primaries() {
            match self.client(node).await {
                Ok(client) => return Ok(client),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| self.about(no_nodes())))
    }

    /// Returns where a command goes.
    pub(crate) async fn place(&self, command: &Cmd) -> RedisResult<Place> {
        match route(command).map_err(|error| self.about(error))? {
            Route::Slot(slot) => self.place_of(Goal::Slot(slot)).await,
            Route::Anywhere => self.place_of(Goal::Anywhere).await,
            Route::Split(_) | Route::Everywhere(_) => Ok(Place::Shared),
            Route::Session => Ok(Place::Session),
        }
    }

    async fn place_of(&self, goal: Goal) -> RedisResult<Place> {
        if goal == Goal::Anywhere {
            return Ok(Place::Anywhere(self.home().await?));
        }
        let node = self.find(goal).ok_or_else(not_served_error)?;
        Ok(Place::At(self.client(node).await?))
    }

    /// Returns how a command goes again that `home` has refused, after the pause that it needs.
    pub(crate) async fn retry(
        &self,
        course: &mut Course,
        home: &Multiplexed,
        command: &Cmd,
        reply: &Value,
    ) -> Option<Retry> {
        let Value::ServerError(_) = reply else {
            return None;
        };
        let by = host_and_port(home.node().address())?;
        let refusal = refusal(reply, is_script(command), &by)?;
        let since = course.note_refusal(self.timeouts.response);
        let next = redirected(&refusal, self.map());
        let owner = next.filter(|target| !target.is_asking);
        self.refresh(owner.map(|target| target.node));
        let pause: Option<Duration> = course.pace.next(next.is_some());
        if !self.has_time(since, pause, &|| true).await {
            return None;
        }
        let retry = match next {
            Some(target) if target.is_asking => Retry::Asking(self.client(target.node).await.ok()?),
            _ => Retry::Again,
        };
        resent(&self.subject);
        Some(retry)
    }
}
