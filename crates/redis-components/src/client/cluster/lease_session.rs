//! Commands for the session that a blocking call has on a node. They are sent once.

use redis::{Cmd, RedisResult, Value};

use super::lease::ClusterLease;
use super::plan::Goal;
use super::rounds::{not_served_error, redirected};
use super::route::{Route, needs_session, route};
use super::transaction::{cross_slot, goal_of_session, redirect};
use crate::client::blocking::pooled::Pooled;
use crate::client::commands::{concerns_session, may_wait, name};

impl ClusterLease {
    /// Returns `true` if these commands belong to one session: a transaction is open, or one of them
    /// begins or ends one.
    pub(super) fn are_for_session(&self, commands: &[Cmd]) -> bool {
        let is_for_session =
            |command| concerns_session(command) && matches!(route(command), Ok(Route::Session));
        self.is_queueing() || commands.iter().any(is_for_session)
    }

    /// Sends commands for a session together, to the node of their keys or of the session that there
    /// is. `packed` are these commands.
    pub(super) fn all_in_session(
        &mut self,
        packed: &[u8],
        commands: &[Cmd],
    ) -> RedisResult<Vec<Value>> {
        let goal = goal_of_session(commands)?;
        let mut with_session = self.held.iter().filter(|(_, pooled)| !pooled.is_clean());
        let begun = with_session
            .next()
            .map(|(node, _)| *node)
            .filter(|_| goal == Goal::Anywhere);
        let node = begun.or_else(|| Some(self.target(goal)?.node));
        let node = node.ok_or_else(not_served_error)?;
        self.demand_session_at(node)?;
        let pooled = self.held(node)?;
        let send = |pooled: &mut Pooled| pooled.all(packed, commands.len(), None);
        let replies = if commands.iter().any(may_wait) {
            pooled.wait_for(false, send)
        } else {
            send(pooled)
        };
        let replies = self.note(replies);
        let by = self.pools.map().table.address(node);
        if let Some(moved) = by.and_then(|by| redirect(&replies, &by)) {
            // The caller gets the redirect, but the next call finds its way.
            let owner = redirected(&moved, self.pools.map());
            self.pools.refresh(owner.map(|owner| owner.node));
        }
        replies
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
