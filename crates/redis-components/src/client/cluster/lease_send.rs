//! Sending commands and pipelines of a blocking call, and again what was refused.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, ErrorKind, RedisResult, Value};

use super::lease::ClusterLease;
use super::plan::{Goal, Plan};
use super::reads::only_reads;
use super::rounds::timed_out;
use super::rounds::{Batch, Next, Pace, Rounds, Target, not_served, not_served_error, redirected};
use super::route::{Route, route};
use super::transaction;
use crate::client::blocking::pooled::Pooled;
use crate::client::commands::{is_script, name};
use crate::client::packed::commands;
use crate::clock::Tick;
use crate::telemetry::component::resent;

impl ClusterLease {
    /// Sends a command to the node of its keys.
    pub(crate) fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.send_by(command, false, |pooled, packed, within| {
            let mut replies = pooled.all(packed, 1, within)?;
            Ok(replies.pop().unwrap_or(Value::Nil))
        })
    }

    /// Sends a command that waits.
    pub(crate) fn wait_for(&mut self, command: &Cmd, follows: bool) -> RedisResult<Value> {
        self.send_by(command, true, |pooled, packed, _| {
            pooled.wait_for(follows, |pooled| pooled.request(packed))
        })
    }

    fn send_by(
        &mut self,
        command: &Cmd,
        waits: bool,
        send: impl Fn(&mut Pooled, &[u8], Option<Duration>) -> RedisResult<Value>,
    ) -> RedisResult<Value> {
        self.demand_usable()?;
        let mut started = Tick::now();
        let goal = match route(command).map_err(|error| self.pools.about(error))? {
            Route::Slot(slot) => match self.read(slot, command) {
                Some(reply) => return reply,
                None => Goal::Slot(slot),
            },
            Route::Anywhere => Goal::Anywhere,
            Route::Session => return self.in_session(command),
            Route::Split(_) | Route::Everywhere(_) => {
                self.demand_no_queue(None)?;
                let plan = self.plan([command])?;
                let mut replies = self.run(plan, started)?;
                return Ok(replies.pop().unwrap_or(Value::Nil));
            }
        };
        let packed = command.get_packed_command();
        let mut next: Option<Target> = None;
        let mut pace = Pace::new();
        let mut within = None;
        loop {
            let target = next.take().or_else(|| self.target(goal));
            let Some(target) = target else {
                match self.pause_before(&mut pace, started, None) {
                    Some(left) => within = Some(left),
                    None => return Ok(not_served()),
                }
                continue;
            };
            self.demand_no_queue(Some(target.node))?;
            let pooled = self.held(target.node)?;
            let was_clean = pooled.is_clean();
            let reply = if target.is_asking {
                asking(pooled, &packed, within)
            } else {
                send(pooled, &packed, within)
            };
            let reply = self.note(reply)?;
            let refusal = self.refusal(&reply, is_script(command), target.node);
            let Some(refusal) = refusal.filter(|_| was_clean) else {
                return Ok(reply);
            };
            if waits && started.elapsed() >= self.pools.timeouts.response {
                // It has waited, and is refused for the first time since.
                (started, pace) = (Tick::now(), Pace::new());
            }
            // A refused WATCH watches nothing, which the connection cannot know.
            self.release(target.node);
            next = redirected(&refusal, self.pools.map());
            match self.pause_before(&mut pace, started, next) {
                Some(left) => within = Some(left),
                None => return Ok(reply),
            }
            resent(&self.pools.subject);
        }
    }

    /// Reads from a replica. Returns `None` if the primary has to answer.
    fn read(&self, slot: u16, command: &Cmd) -> Option<RedisResult<Value>> {
        if self.dedicated.is_some() || !self.is_clean() || !only_reads(command) {
            return None;
        }
        let (node, pool) = self.pools.reader(slot)?;
        let reply = Pooled::take(&pool)
            .ok()?
            .request(&command.get_packed_command());
        match &reply {
            Ok(answer) if self.refusal(answer, is_script(command), node).is_some() => None,
            _ => Some(reply),
        }
    }

    /// Sends one encoded command.
    pub(crate) fn request(&mut self, packed: &[u8]) -> RedisResult<Value> {
        match unpacked(packed)?.as_slice() {
            [command] => self.send(command),
            _ => Err((ErrorKind::Client, "not one command").into()),
        }
    }

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
            return self.transact(packed, inner, offset, started);
        }
        self.demand_no_queue(None)?;
        let plan = self.plan(&commands)?;
        let replies = self.run(plan, started)?;
        Ok(replies.into_iter().skip(offset).take(count).collect())
    }

    /// Sends a command that has no reply.
    pub(crate) fn send_only(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.demand_usable()?;
        let goal = transaction::goal([command])?;
        let node = self.target(goal).ok_or_else(not_served_error)?.node;
        let sent = self.held(node)?.send_only(&command.get_packed_command());
        self.note(sent)
    }

    /// Sends pieces, and again those that were refused, within the response timeout. The nodes are
    /// asked one after the other.
    fn run(&mut self, plan: Plan<'_>, started: Tick) -> RedisResult<Vec<Value>> {
        let mut rounds = Rounds::new(&plan.pieces);
        loop {
            let pools = Arc::clone(&self.pools);
            for batch in rounds.batches(|goal| pools.find(goal)) {
                let left = self.left(started);
                if left.is_zero() {
                    return Err(timed_out());
                }
                let replies = self.send_batch(&batch, &plan, left)?;
                rounds.take(&batch, replies);
            }
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

    fn send_batch(
        &mut self,
        batch: &Batch,
        plan: &Plan<'_>,
        left: Duration,
    ) -> RedisResult<Vec<Value>> {
        let (mut packed, mut without) = (Vec::new(), Vec::new());
        let asking = redis::cmd("ASKING").get_packed_command();
        let mut count = 0;
        for item in &batch.items {
            let command = &plan.pieces[item.piece].command;
            if item.is_asking {
                packed.extend_from_slice(&asking);
                count += 1;
            }
            command.write_packed_command(&mut packed);
            command.write_packed_command(&mut without);
            count += 1;
        }
        let pooled = self.held(batch.node)?;
        let replies = pooled.all_asking(&packed, &without, count, Some(left));
        let replies = self.note(replies)?;
        Ok(batch.replies(replies))
    }

    fn plan<'a>(&self, commands: impl IntoIterator<Item = &'a Cmd>) -> RedisResult<Plan<'a>> {
        let primaries = || self.pools.map().table.primaries();
        let plan = Plan::of(commands, primaries).map_err(|error| self.pools.about(error))?;
        Ok(plan)
    }
}

/// Sends a command for a slot that the node does not own yet, in one write.
fn asking(pooled: &mut Pooled, packed: &[u8], within: Option<Duration>) -> RedisResult<Value> {
    let mut both = redis::cmd("ASKING").get_packed_command();
    both.extend_from_slice(packed);
    let mut replies = pooled.all_asking(&both, packed, 2, within)?;
    Ok(replies.pop().unwrap_or(Value::Nil))
}

fn unpacked(packed: &[u8]) -> RedisResult<Vec<Cmd>> {
    commands(packed).ok_or_else(|| (ErrorKind::Client, "not encoded commands").into())
}
