//! What one blocking call has of a cluster: a connection to each node that it has used.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use redis::{Cmd, ErrorKind, RedisError, RedisResult, Value};

use super::blocking::ClusterPools;
use super::plan::{Goal, Plan};
use super::reads::only_reads;
use super::redirect::{Refusal, refusal};
use super::rounds::{Batch, Next, Pace, Rounds, Target, not_served, not_served_error, redirected};
use super::rounds::{timed_out, without_asking};
use super::route::{Route, needs_session, route};
use super::slot_table::NodeNumber;
use super::transaction::{self, cross_slot};
use crate::client::blocking::exhausted::Exhausted;
use crate::client::blocking::pooled::{Pooled, behind};
use crate::client::commands::{is_script, name};
use crate::client::packed::commands;
use crate::clock::Tick;
use crate::fork::MADE_BEFORE_FORK;
use crate::telemetry::component::resent;

/// Tells whether the component has another config in force now.
pub(crate) type HasMoved = Arc<dyn Fn() -> bool + Send + Sync>;

/// The connections of one call. They are given back when it ends, so that the session that the call
/// has on a node stays its own.
pub(crate) struct ClusterLease {
    pools: Arc<ClusterPools>,
    held: Vec<(NodeNumber, Pooled)>,
    has_moved: HasMoved,
    /// How long a command that waits may stay after a move. `None` for connections of the pools.
    dedicated: Option<Duration>,
    /// Whether a failure has closed one of the connections.
    is_broken: bool,
}

impl ClusterLease {
    /// Begins without connections.
    pub(crate) fn new(
        pools: &Arc<ClusterPools>,
        has_moved: HasMoved,
        dedicated: Option<Duration>,
    ) -> Self {
        Self {
            pools: Arc::clone(pools),
            held: Vec::new(),
            has_moved,
            dedicated,
            is_broken: false,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.is_broken && self.pools.is_of_this_process()
    }

    /// Returns `true` if the next command finds the connections as the first command did.
    pub(crate) fn is_clean(&self) -> bool {
        self.held.iter().all(|(_, pooled)| pooled.is_clean())
    }

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
            pooled.wait_for(packed, follows)
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
        let node = self.target(goal).ok_or_else(|| not_served_error())?.node;
        let sent = self.held(node)?.send_only(&command.get_packed_command());
        self.note(sent)
    }

    /// Sends a transaction to the node of its keys. `packed` has MULTI and EXEC around it.
    fn transact(
        &mut self,
        packed: &[u8],
        commands: &[Cmd],
        offset: usize,
        started: Tick,
    ) -> RedisResult<Vec<Value>> {
        let goal = transaction::goal(commands)?;
        self.demand_no_queue(None)?;
        let mut next: Option<Target> = None;
        let mut pace = Pace::new();
        let mut within = None;
        loop {
            let target = next.take().or_else(|| self.target(goal));
            let Some(target) = target else {
                match self.pause_before(&mut pace, started, None) {
                    Some(left) => within = Some(left),
                    None => return Err(not_served_error()),
                }
                continue;
            };
            self.demand_session_at(target.node)?;
            let pooled = self.held(target.node)?;
            let was_clean = pooled.is_clean();
            let all = commands.len() + 2;
            let replies = if target.is_asking {
                let mut both = redis::cmd("ASKING").get_packed_command();
                both.extend_from_slice(packed);
                let replies = pooled.all_asking(&both, packed, all + 1, within);
                replies.map(|mut replies| replies.split_off(1))
            } else {
                pooled.all(packed, all, within)
            };
            let replies = self.note(replies)?;
            let refusal = self.refused_transaction(&replies, target.node);
            let Some(refusal) = refusal.filter(|_| was_clean) else {
                return result_of(offset, replies);
            };
            next = redirected(&refusal, self.pools.map());
            match self.pause_before(&mut pace, started, next) {
                Some(left) => within = Some(left),
                None => return result_of(offset, replies),
            }
            resent(&self.pools.subject);
        }
    }

    /// Returns the refusal because of which nothing of a transaction was executed.
    fn refused_transaction(&self, replies: &[Value], node: NodeNumber) -> Option<Refusal> {
        let (last, queued) = replies.split_last()?;
        let Value::ServerError(_) = last else {
            return None;
        };
        let by = self.pools.map().table.address(node)?;
        let queued = queued.iter().find_map(|reply| refusal(reply, false, &by));
        queued.or_else(|| transaction::refused(&Ok(vec![last.clone()]), &by))
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
        let are_asking = batch.items.iter().map(|item| item.is_asking);
        Ok(without_asking(are_asking, replies))
    }

    /// Sends a command about the session: to the node on which there is one.
    fn in_session(&mut self, command: &Cmd) -> RedisResult<Value> {
        let mut with_session = self
            .held
            .iter_mut()
            .filter(|(_, pooled)| !pooled.is_clean());
        let packed = command.get_packed_command();
        let is_unwatch = name(command) == "UNWATCH";
        let answer = match (with_session.next(), with_session.next()) {
            (None, _) if is_unwatch => return Ok(Value::Okay),
            (None, _) => return Err(self.pools.about(needs_session(command)).into()),
            (Some((_, pooled)), None) => pooled.request(&packed),
            (Some((_, pooled)), Some((_, second))) if is_unwatch => {
                let mut answer = pooled
                    .request(&packed)
                    .and_then(|_| second.request(&packed));
                for (_, other) in with_session {
                    answer = answer.and_then(|_| other.request(&packed));
                }
                answer
            }
            _ => return Err(cross_slot()),
        };
        self.note(answer)
    }

    /// Refuses commands for another node than that whose transaction is open: they would be executed
    /// at once.
    fn demand_no_queue(&self, node: Option<NodeNumber>) -> RedisResult<()> {
        let elsewhere = self
            .held
            .iter()
            .any(|(other, pooled)| pooled.is_queueing() && Some(*other) != node);
        if elsewhere { Err(cross_slot()) } else { Ok(()) }
    }

    /// Refuses a transaction on another node than that which watches keys for it.
    fn demand_session_at(&self, node: NodeNumber) -> RedisResult<()> {
        let elsewhere = self
            .held
            .iter()
            .any(|(other, pooled)| !pooled.is_clean() && *other != node);
        if elsewhere { Err(cross_slot()) } else { Ok(()) }
    }

    fn demand_usable(&self) -> RedisResult<()> {
        if !self.pools.is_of_this_process() {
            return Err((ErrorKind::Io, MADE_BEFORE_FORK).into());
        }
        if self.is_broken {
            let message = "the connection was closed by an earlier failure";
            return Err((ErrorKind::Io, message).into());
        }
        Ok(())
    }

    fn target(&self, goal: Goal) -> Option<Target> {
        let in_use = || {
            self.held
                .last()
                .map(|(node, _)| *node)
                .filter(|_| goal == Goal::Anywhere)
        };
        let node = in_use().or_else(|| self.pools.find(goal))?;
        Some(Target {
            node,
            is_asking: false,
        })
    }

    /// Returns the call's connection to a node. Takes or opens one if it has none.
    fn held(&mut self, node: NodeNumber) -> RedisResult<&mut Pooled> {
        let place = self.held.iter().position(|(other, _)| *other == node);
        let place = match place {
            Some(place) => place,
            None => {
                // A call that keeps what it does not need and waits for more could wait for another
                // call that does the same.
                if self.dedicated.is_none() {
                    self.held.retain(|(_, pooled)| !pooled.is_clean());
                }
                let pooled = self.take(node)?;
                self.held.push((node, pooled));
                self.held.len() - 1
            }
        };
        Ok(&mut self.held[place].1)
    }

    fn take(&self, node: NodeNumber) -> RedisResult<Pooled> {
        let mut tries = 0;
        loop {
            tries += 1;
            let pool = self.pools.pool(node)?;
            let taken = match self.dedicated {
                Some(deadline) => {
                    let has_moved = Arc::clone(&self.has_moved);
                    Pooled::open_dedicated(&pool, move || has_moved(), deadline)
                }
                None => Pooled::take(&pool),
            };
            match taken {
                Ok(pooled) => return Ok(pooled),
                // The pool has closed itself. The next turn opens another, or says why it cannot.
                Err(Exhausted::Failed(_)) if tries == 1 && pool.is_closed() => {}
                Err(exhausted) => {
                    self.pools.refresh(None);
                    return Err(exhausted
                        .into_error(&self.pools.subject, &pool.address())
                        .into());
                }
            }
        }
    }

    /// Gives the connection to a node back, if the call's session does not need it.
    fn release(&mut self, node: NodeNumber) {
        self.held.retain(|(other, _)| *other != node);
    }

    fn refusal(&self, reply: &Value, is_script: bool, node: NodeNumber) -> Option<Refusal> {
        let Value::ServerError(_) = reply else {
            return None;
        };
        refusal(reply, is_script, &self.pools.map().table.address(node)?)
    }

    /// Notes how a request ended. After a failure nobody knows what the session is.
    fn note<T>(&mut self, result: RedisResult<T>) -> RedisResult<T> {
        if result.as_ref().is_err_and(RedisError::is_io_error) {
            self.is_broken = true;
            self.pools.refresh(None);
        }
        result
    }

    fn left(&self, started: Tick) -> Duration {
        self.pools
            .timeouts
            .response
            .saturating_sub(started.elapsed())
    }

    /// Makes the pause before something is sent again. Returns the time that is left, if that is of
    /// use.
    fn pause_before(
        &self,
        pace: &mut Pace,
        started: Tick,
        next: Option<Target>,
    ) -> Option<Duration> {
        let knows_best = next
            .filter(|target| !target.is_asking)
            .map(|target| target.node);
        self.pools.refresh(knows_best);
        self.has_time(started, pace.next(next.is_some()))
    }

    fn has_time(&self, started: Tick, pause: Option<Duration>) -> Option<Duration> {
        let pause = pause.unwrap_or_default();
        if pause >= self.left(started) || (self.has_moved)() {
            return None;
        }
        thread::sleep(pause);
        Some(self.left(started)).filter(|left| !left.is_zero())
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

/// Returns the result of a transaction, out of all replies.
fn result_of(offset: usize, replies: Vec<Value>) -> RedisResult<Vec<Value>> {
    let mut results = behind(offset, replies)?;
    match results.pop() {
        Some(error @ Value::ServerError(_)) => error.extract_error().map(|value| vec![value]),
        Some(result) => Ok(vec![result]),
        None => Ok(results),
    }
}

fn unpacked(packed: &[u8]) -> RedisResult<Vec<Cmd>> {
    commands(packed).ok_or_else(|| (ErrorKind::Client, "not encoded commands").into())
}
