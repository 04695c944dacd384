//! Sending commands and pipelines, and again what was refused.

use futures_util::future::{join_all, try_join_all};
use redis::{Cmd, Pipeline, RedisResult, Value};
use tokio::time::timeout;

use super::asynchronous::{ClusterClient, OnRuntime, Stays};
use super::members::Members;
use super::node_number::NodeNumber;
use super::plan::{Goal, Piece, Plan};
use super::redirect::refusal;
use super::rounds::{Batch, Next, Rounds, Target, timed_out, unsent};
use super::route::{Route, route};
use super::whole::Whole;
use crate::client::commands::is_script;
use crate::client::lines::behind_asking;
use crate::client::multiplexed::Multiplexed;
use crate::client::reads::only_reads;
use crate::clock::Tick;
use crate::error::Error;
use crate::telemetry::component::resent;

impl ClusterClient {
    /// Sends a command to the node of its keys.
    ///
    /// What few calls need is in boxes, so that the future stays as small as that of a call to a
    /// single server.
    pub(crate) async fn send(&self, command: &Cmd, stays: Stays<'_>) -> RedisResult<Value> {
        let started = Tick::now();
        let route = route(command).map_err(|error| self.about(error))?;
        if let (Some(readers), Route::Slot(slot)) = (&self.readers, route)
            && only_reads(command)
            && let Some(reply) = Box::pin(self.read(readers, slot, command)).await
        {
            return reply;
        }
        let mut first = None;
        if let Route::Slot(slot) = route
            && let Some(node) = self.map().table.owner(slot)
            && let Some(client) = self.members.living(node)
        {
            let reply = self.note(client.send(client.pick(), command).await)?;
            if !self.is_refused(&reply, command, node) {
                return Ok(reply);
            }
            first = Some((node, reply));
        }
        Box::pin(self.send_planned(command, started, first, stays)).await
    }

    /// Sends a command to as many nodes as it has to go to, and where it was refused, again.
    async fn send_planned(
        &self,
        command: &Cmd,
        started: Tick,
        first: Option<(NodeNumber, Value)>,
        stays: Stays<'_>,
    ) -> RedisResult<Value> {
        let plan = self.plan([command])?;
        let mut sharing = self.sharing(started);
        let mut replies = self.run(plan, first, &mut sharing, stays).await?;
        Ok(replies.pop().unwrap_or(Value::Nil))
    }

    /// Reads from a replica. Returns `None` if there is none that can be used, and the primary has
    /// to answer.
    async fn read(
        &self,
        readers: &Members<OnRuntime>,
        slot: u16,
        command: &Cmd,
    ) -> Option<RedisResult<Value>> {
        let Some(node) = readers.replica_of(slot) else {
            self.map().ask_for_replicas(self.background.as_ref());
            return None;
        };
        let client = match readers.living(node) {
            Some(client) => client,
            // The primary is left the time to answer.
            None => timeout(self.timeouts.response / 2, readers.get(node))
                .await
                .ok()?
                .ok()?,
        };
        let reply = self.note(client.send(client.pick(), command).await);
        match &reply {
            Ok(answer) if self.is_refused(answer, command, node) => None,
            _ => Some(reply),
        }
    }

    /// Sends a pipeline or transaction.
    pub(crate) async fn send_all(
        &self,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
        stays: Stays<'_>,
    ) -> RedisResult<Vec<Value>> {
        let mut sharing = self.sharing(Tick::now());
        if let Some(whole) = Whole::transaction(pipeline) {
            return self
                .transact(&whole?, &mut sharing, offset, count, stays)
                .await;
        }
        let plan = self.plan(pipeline.cmd_iter())?;
        let replies = self.run(plan, None, &mut sharing, stays).await?;
        Ok(replies.into_iter().skip(offset).take(count).collect())
    }

    fn sharing(&self, started: Tick) -> Sharing<'_> {
        Sharing {
            client: self,
            started,
        }
    }

    pub(super) fn plan<'a>(
        &self,
        commands: impl IntoIterator<Item = &'a Cmd>,
    ) -> Result<Plan<'a>, Error> {
        Plan::of(commands, || self.map().table.primaries()).map_err(|error| self.about(error))
    }

    fn is_refused(&self, reply: &Value, command: &Cmd, node: NodeNumber) -> bool {
        matches!(reply, Value::ServerError(_))
            && self
                .map()
                .table
                .address(node)
                .is_some_and(|by| refusal(reply, is_script(command), &by).is_some())
    }

    /// Sends pieces, and again those that were refused, within the response timeout.
    pub(super) async fn run(
        &self,
        plan: Plan<'_>,
        mut first: Option<(NodeNumber, Value)>,
        sending: &mut impl Sending,
        stays: Stays<'_>,
    ) -> RedisResult<Vec<Value>> {
        let mut rounds = Rounds::new(&plan.pieces);
        let mut was_sent = false;
        loop {
            match first.take() {
                Some((node, reply)) => rounds.take_first(node, reply),
                None => {
                    let batches = rounds.batches(|goal| sending.find(goal));
                    let results = sending.send_each(&batches, &plan.pieces).await;
                    let results = results.map_err(|error| unsent(error, was_sent))?;
                    was_sent = true;
                    for (batch, result) in batches.iter().zip(results) {
                        rounds.take(batch, result?);
                    }
                }
            }
            let Next::Again(again) = rounds.judge(self.map()) else {
                break;
            };
            self.refresh(again.knows_best);
            if !self.has_time(sending.since(), again.pause, stays).await {
                break;
            }
            (0..again.pieces).for_each(|_| resent(&self.subject));
        }
        let replies = rounds.finish();
        Ok(plan.merge(replies))
    }
}

/// How a call's commands get to their nodes.
pub(super) trait Sending: Send {
    /// Returns the node that serves a goal.
    fn find(&self, goal: Goal) -> Option<NodeNumber>;

    /// Sends pieces to their nodes, to all of them at once. An error says that none was sent, but for
    /// one of time.
    fn send_each(
        &mut self,
        batches: &[Batch],
        pieces: &[Piece<'_>],
    ) -> impl Future<Output = RedisResult<Vec<Replies>>> + Send;

    /// Sends commands that belong together to one node, and returns `count` replies after the first
    /// `offset`.
    fn send_whole(
        &mut self,
        target: Target,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> impl Future<Output = RedisResult<Replies>> + Send;

    /// Notes a refusal, and returns when the time began within which commands are sent again.
    fn since(&mut self) -> Tick;
}

/// The replies of one node.
pub(super) type Replies = RedisResult<Vec<Value>>;

/// Sends over the connections that calls share.
pub(super) struct Sharing<'a> {
    client: &'a ClusterClient,
    started: Tick,
}

impl Sharing<'_> {
    async fn send_batch(
        &self,
        client: &Multiplexed,
        batch: &Batch,
        pieces: &[Piece<'_>],
    ) -> Replies {
        let number = client.pick();
        let result = match batch.items.as_slice() {
            [item] if !item.is_asking => {
                let reply = client.send(number, &pieces[item.piece].command).await;
                reply.map(|reply| vec![reply])
            }
            _ => {
                let commands = batch.commands(pieces);
                let replies = client.send_all(number, &commands, 0, commands.len()).await;
                replies.map(|replies| batch.replies(replies))
            }
        };
        self.client.note(result)
    }
}

impl Sending for Sharing<'_> {
    fn find(&self, goal: Goal) -> Option<NodeNumber> {
        self.client.find(goal)
    }

    async fn send_each(
        &mut self,
        batches: &[Batch],
        pieces: &[Piece<'_>],
    ) -> RedisResult<Vec<Replies>> {
        let sending = async {
            // All of them come before the first command, so that nothing is sent if one is missing.
            let clients = batches.iter().map(|batch| self.client.client(batch.node));
            let clients = try_join_all(clients).await?;
            let sending = clients.iter().zip(batches);
            let sending = sending.map(|(client, batch)| self.send_batch(client, batch, pieces));
            Ok(join_all(sending).await)
        };
        let sent = timeout(self.client.left(self.started), sending).await;
        sent.map_err(|_| timed_out())?
    }

    async fn send_whole(
        &mut self,
        target: Target,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Replies> {
        let sending = async {
            let client = self.client.client(target.node).await?;
            let number = client.pick();
            let result = if target.is_asking {
                let asking = behind_asking(pipeline);
                client.send_all(number, &asking, offset + 1, count).await
            } else {
                client.send_all(number, pipeline, offset, count).await
            };
            self.client.note(result)
        };
        let sent = timeout(self.client.left(self.started), sending).await;
        sent.map_err(|_| timed_out())
    }

    fn since(&mut self) -> Tick {
        self.started
    }
}
