//! Commands for the session that a blocking call has on a node.

use redis::{Cmd, RedisResult, Value};

use super::lease::ClusterLease;
use super::node_number::NodeNumber;
use super::plan::Goal;
use super::rounds::{Pace, Target, not_served_error, redirected};
use super::route::needs_session;
use super::transaction::{cross_slot, goal_of_session, redirect};
use crate::client::blocking::pooled::Pooled;
use crate::client::commands::{concerns_session, is_script, may_wait, name};
use crate::clock::Tick;
use crate::telemetry::component::resent;

impl ClusterLease {
    /// Returns `true` if these commands belong to one session: the call has one, or one of them
    /// begins or ends one.
    pub(super) fn are_for_session(&self, commands: &[Cmd]) -> bool {
        !self.is_clean() || commands.iter().any(concerns_session)
    }

    /// Sends commands for a session together, to the node of their keys or of the session that there
    /// is. `packed` are these commands. They go again as a whole if their node has refused each of
    /// them, and so has begun no session.
    pub(super) fn all_in_session(
        &mut self,
        packed: &[u8],
        commands: &[Cmd],
        started: Tick,
    ) -> RedisResult<Vec<Value>> {
        let goal = goal_of_session(commands)?;
        let mut next: Option<Target> = None;
        let mut pace = Pace::new();
        let mut within = None;
        loop {
            let mut with_session = self.held.iter().filter(|(_, pooled)| !pooled.is_clean());
            let begun = with_session
                .next()
                .map(|(node, _)| Target::owner(*node))
                .filter(|_| goal == Goal::Anywhere);
            let target = next.take().or(begun).or_else(|| self.target(goal));
            let target = target.ok_or_else(not_served_error)?;
            self.demand_session_at(target.node)?;
            let pooled = self.held(target.node)?;
            let was_clean = pooled.is_clean();
            let send = |pooled: &mut Pooled| pooled.all(packed, commands.len(), within);
            let replies = if commands.iter().any(may_wait) {
                pooled.wait_for(false, send)
            } else {
                send(pooled)
            };
            let replies = self.note(replies);
            let by = self.pools.map().table.address(target.node);
            let moved = by.and_then(|by| redirect(&replies, &by));
            let owner = moved
                .as_ref()
                .and_then(|moved| redirected(moved, self.pools.map()));
            let replies = replies?;
            if !was_clean || !self.are_all_refused(commands, &replies, target.node) {
                if moved.is_some() {
                    // The caller gets the redirect, but the next call finds its way.
                    self.pools.refresh(owner.map(|owner| owner.node));
                }
                return Ok(replies);
            }
            // A refused WATCH watches nothing, which the connection cannot know.
            self.release(target.node);
            next = owner;
            match self.pause_before(&mut pace, started, next) {
                Some(left) => within = Some(left),
                None => return Ok(replies),
            }
            resent(&self.pools.subject);
        }
    }

    fn are_all_refused(&self, commands: &[Cmd], replies: &[Value], by: NodeNumber) -> bool {
        let mut answers = commands.iter().zip(replies);
        answers.all(|(command, reply)| self.refusal(reply, is_script(command), by).is_some())
    }

    /// Sends a command about the session: to the node on which there is one.
    pub(super) fn in_session(&mut self, command: &Cmd) -> RedisResult<Value> {
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
}
