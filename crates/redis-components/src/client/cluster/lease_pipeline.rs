//! Sending the pipelines of a blocking call, and again what was refused.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, RedisResult, Value};

use super::lease::ClusterLease;
use super::lease_send::unpacked;
use super::plan::{Piece, Plan};
use super::rounds::{Batch, Next, Rounds, timed_out, unsent};
use crate::client::commands::{may_wait, name};
use crate::clock::Tick;
use crate::telemetry::component::resent;

impl ClusterLease {
    /// Sends encoded commands and returns `count` replies after the first `offset`.
    pub(crate) fn requests(
        &mut self,
        packed: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        self.demand_usable()?;
        let started = Tick::now();
        let commands = unpacked(packed)?;
        let ends = |command: Option<&Cmd>, word: &str| {
            command.is_some_and(|command| name(command) == word)
        };
        if let [_, inner @ .., _] = commands.as_slice()
            && ends(commands.first(), "MULTI")
            && ends(commands.last(), "EXEC")
        {
            return self.transact(packed, inner, (offset, count), started);
        }
        let replies = if self.are_for_session(&commands) {
            self.all_in_session(packed, &commands, started)?
        } else {
            let plan = self.plan(&commands)?;
            self.run(plan)?
        };
        Ok(replies.into_iter().skip(offset).take(count).collect())
    }

    /// Sends pieces, and again those that were refused, within the response timeout.
    pub(super) fn run(&mut self, plan: Plan<'_>) -> RedisResult<Vec<Value>> {
        let mut rounds = Rounds::new(&plan.pieces);
        let (mut was_sent, mut is_first) = (false, true);
        let mut started = Tick::now();
        loop {
            let pools = Arc::clone(&self.pools);
            let batches = rounds.batches(|goal| pools.find(goal));
            // A node that is down is found out before the others get their commands.
            for batch in &batches {
                let found = pools.pool(batch.node);
                found.map_err(|error| unsent(error.into(), was_sent))?;
            }
            let mut rest = batches.as_slice();
            while let Some((first, others)) = rest.split_first() {
                let held = self.held(first.node).map(drop);
                held.map_err(|error| unsent(error, was_sent))?;
                was_sent = true;
                let ready = others
                    .iter()
                    .take_while(|batch| self.holds_at_once(batch.node))
                    .count();
                let (together, later) = rest.split_at(1 + ready);
                if is_first {
                    // The connections are open now, which has a timeout of its own.
                    started = Tick::now();
                }
                let replies = self.send_together(together, &plan.pieces, started)?;
                for (batch, replies) in together.iter().zip(replies) {
                    rounds.take(batch, replies);
                }
                rest = later;
            }
            is_first = false;
            let Next::Again(again) = rounds.judge(self.pools.map()) else {
                break;
            };
            self.pools.refresh(again.knows_best);
            if self.has_time(started, again.pause).is_none() {
                break;
            }
            (0..again.pieces).for_each(|_| resent(&self.pools.subject));
        }
        let replies = rounds.finish();
        Ok(plan.merge(replies))
    }

    /// Sends batches to nodes to which the call has connections, and reads the replies when all are
    /// sent.
    fn send_together(
        &mut self,
        batches: &[Batch],
        pieces: &[Piece<'_>],
        started: Tick,
    ) -> RedisResult<Vec<Vec<Value>>> {
        if self.left(started).is_zero() {
            return Err(timed_out());
        }
        let result = self.exchange(batches, pieces, started);
        if result.is_err() {
            // Some connections may have replies that nobody reads.
            self.is_broken = true;
        }
        self.note(result)
    }

    fn exchange(
        &mut self,
        batches: &[Batch],
        pieces: &[Piece<'_>],
        started: Tick,
    ) -> RedisResult<Vec<Vec<Value>>> {
        for batch in batches {
            let left = self.left(started);
            self.write(batch, pieces, left)?;
        }
        let mut all = Vec::with_capacity(batches.len());
        for batch in batches {
            let left = self.left(started);
            let pooled = self.held(batch.node)?;
            let replies = pooled.receive(left);
            pooled.end_waiting();
            all.push(batch.replies(replies?));
        }
        Ok(all)
    }

    fn write(&mut self, batch: &Batch, pieces: &[Piece<'_>], left: Duration) -> RedisResult<()> {
        let (mut packed, mut without) = (Vec::new(), Vec::new());
        let asking = redis::cmd("ASKING").get_packed_command();
        let (mut count, mut waits) = (0, false);
        for item in &batch.items {
            let command = &pieces[item.piece].command;
            if item.is_asking {
                packed.extend_from_slice(&asking);
                count += 1;
            }
            command.write_packed_command(&mut packed);
            command.write_packed_command(&mut without);
            count += 1;
            waits |= may_wait(command);
        }
        let pooled = self.held(batch.node)?;
        if waits {
            // Some of its commands may have been executed when the component moves, so that it is
            // not sent again.
            pooled.begin_staying();
        }
        pooled.send(&packed, &without, count, left)
    }

    pub(super) fn plan<'a>(
        &self,
        commands: impl IntoIterator<Item = &'a Cmd>,
    ) -> RedisResult<Plan<'a>> {
        let primaries = || self.pools.map().table.primaries();
        let plan = Plan::of(commands, primaries).map_err(|error| self.pools.about(error))?;
        Ok(plan)
    }
}
