//! Sending single commands of a blocking call, and again what was refused.

use std::time::{Duration, Instant};

use redis::{Cmd, ErrorKind, RedisResult, Value};

use super::lease::ClusterLease;
use super::plan::Goal;
use super::rounds::{Pace, Target, not_served, not_served_error, redirected};
use super::route::{Route, route};
use super::transaction;
use crate::client::blocking::pooled::Pooled;
use crate::client::commands::{is_script, may_wait};
use crate::client::packed::commands;
use crate::client::reads::only_reads;
use crate::client::waiting::{Rest, rest};
use crate::clock::Tick;
use crate::telemetry::component::resent;
use crate::transport::error_codes::is_ended_by_demotion;

impl ClusterLease {
    /// Sends a command to the node of its keys.
    pub(crate) fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.send_by(command, false, |pooled, packed, within| {
            pooled.one(command, packed, within)
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
                let mut replies = self.run(plan)?;
                return Ok(replies.pop().unwrap_or(Value::Nil));
            }
        };
        let begun = Instant::now();
        let mut packed = command.get_packed_command();
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
            if waits && is_ended_by_demotion(&reply) {
                match rest(command, begun.elapsed()) {
                    Rest::Whole => {}
                    Rest::Part(part) => packed = part.get_packed_command(),
                    Rest::Nothing => return Ok(Value::Nil),
                }
            }
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
        let may_be_asked = self.pools.have_readers() && self.dedicated.is_none() && self.is_clean();
        if !may_be_asked || !only_reads(command) {
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
            [command] if may_wait(command) => self.wait_for(command, false),
            [command] => self.send(command),
            _ => Err((ErrorKind::Client, "not one command").into()),
        }
    }

    /// Sends a command that has no reply.
    pub(crate) fn send_only(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.demand_usable()?;
        let goal = transaction::goal([command])?;
        let node = self.target(goal).ok_or_else(not_served_error)?.node;
        let sent = self.held(node)?.send_only(&command.get_packed_command());
        self.note(sent)
    }
}

/// Sends a command for a slot that the node does not own yet, in one write.
fn asking(pooled: &mut Pooled, packed: &[u8], within: Option<Duration>) -> RedisResult<Value> {
    let mut both = redis::cmd("ASKING").get_packed_command();
    both.extend_from_slice(packed);
    let mut replies = pooled.all_asking(&both, packed, 2, within)?;
    Ok(replies.pop().unwrap_or(Value::Nil))
}

pub(super) fn unpacked(packed: &[u8]) -> RedisResult<Vec<Cmd>> {
    commands(packed).ok_or_else(|| (ErrorKind::Client, "not encoded commands").into())
}
