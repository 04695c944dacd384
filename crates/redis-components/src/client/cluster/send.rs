//! Sending commands and pipelines, and again what was refused.

use futures_util::future::join_all;
use redis::{Cmd, Pipeline, RedisResult, Value};
use tokio::time::timeout;

use super::asynchronous::{ClusterClient, OnRuntime, Stays};
use super::members::Members;
use super::plan::{Piece, Plan};
use super::reads::only_reads;
use super::redirect::refusal;
use super::rounds::{Batch, Next, Rounds, timed_out, without_asking};
use super::route::{Route, route};
use super::slot_table::NodeNumber;
use crate::client::commands::is_script;
use crate::clock::Tick;
use crate::error::Error;
use crate::telemetry::component::resent;

impl ClusterClient {
    /// Sends a command to the node of its keys.
    pub(crate) async fn send(&self, command: &Cmd, stays: Stays<'_>) -> RedisResult<Value> {
        let started = Tick::now();
        let route = route(command).map_err(|error| self.about(error))?;
        if let (Some(readers), Route::Slot(slot)) = (&self.readers, route)
            && only_reads(command)
            && let Some(reply) = self.read(readers, slot, command).await
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
        let plan = self.plan([command])?;
        let mut replies = self.run(plan, first, started, stays).await?;
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
        let started = Tick::now();
        if pipeline.is_transaction() {
            return self.transact(pipeline, offset, count, started, stays).await;
        }
        let plan = self.plan(pipeline.cmd_iter())?;
        let replies = self.run(plan, None, started, stays).await?;
        Ok(replies.into_iter().skip(offset).take(count).collect())
    }

    fn plan<'a>(&self, commands: impl IntoIterator<Item = &'a Cmd>) -> Result<Plan<'a>, Error> {
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
    async fn run(
        &self,
        plan: Plan<'_>,
        mut first: Option<(NodeNumber, Value)>,
        started: Tick,
        stays: Stays<'_>,
    ) -> RedisResult<Vec<Value>> {
        let mut rounds = Rounds::new(&plan.pieces);
        loop {
            match first.take() {
                Some((node, reply)) => rounds.take_first(node, reply),
                None => {
                    let batches = rounds.batches(|goal| self.find(goal));
                    let sending = batches
                        .iter()
                        .map(|batch| self.send_batch(batch, &plan.pieces));
                    let sent = timeout(self.left(started), join_all(sending)).await;
                    let results = sent.map_err(|_| timed_out())?;
                    for (batch, result) in batches.iter().zip(results) {
                        rounds.take(batch, result?);
                    }
                }
            }
            let Next::Again(again) = rounds.judge(self.map()) else {
                break;
            };
            self.refresh(again.knows_best);
            if !self.has_time(started, again.pause, stays).await {
                break;
            }
            (0..again.pieces).for_each(|_| resent(&self.subject));
        }
        let replies = rounds.finish();
        Ok(plan.merge(replies))
    }

    /// Sends pieces to their node in one write.
    async fn send_batch(&self, batch: &Batch, pieces: &[Piece<'_>]) -> RedisResult<Vec<Value>> {
        let client = self.client(batch.node).await?;
        let number = client.pick();
        let result = match batch.items.as_slice() {
            [item] if !item.is_asking => {
                let reply = client.send(number, &pieces[item.piece].command).await;
                reply.map(|reply| vec![reply])
            }
            items => {
                let mut pipeline = redis::pipe();
                for item in items {
                    if item.is_asking {
                        pipeline.cmd("ASKING");
                    }
                    pipeline.add_command(pieces[item.piece].command.clone().into_owned());
                }
                let replies = client.send_all(number, &pipeline, 0, pipeline.len()).await;
                replies
                    .map(|replies| without_asking(items.iter().map(|item| item.is_asking), replies))
            }
        };
        self.note(result)
    }
}
