//! Sending the transaction of a blocking call, and again as a whole if nothing of it was executed.

use redis::{Cmd, RedisResult, Value};

use super::lease::ClusterLease;
use super::rounds::{Pace, Target, not_served_error, redirected};
use super::transaction::{goal, refused_of_all};
use crate::client::blocking::queued::behind;
use crate::clock::Tick;
use crate::telemetry::component::resent;

impl ClusterLease {
    /// Sends a transaction to the node of its keys. `packed` has MULTI and EXEC around it. Returns
    /// `count` replies after the first `offset`. For an atomic pipeline of redis-rs, `offset` covers
    /// all replies but the last; for a written MULTI … EXEC it is 0.
    pub(super) fn transact(
        &mut self,
        packed: &[u8],
        commands: &[Cmd],
        (offset, count): (usize, usize),
        started: Tick,
    ) -> RedisResult<Vec<Value>> {
        let goal = goal(commands)?;
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
            let by = self.pools.map().table.address(target.node);
            let refusal = by.and_then(|by| refused_of_all(&replies, &by));
            let Some(refusal) = refusal.filter(|_| was_clean) else {
                return result_of(replies, offset, count);
            };
            next = redirected(&refusal, self.pools.map());
            match self.pause_before(&mut pace, started, next) {
                Some(left) => within = Some(left),
                None => return result_of(replies, offset, count),
            }
            resent(&self.pools.subject);
        }
    }
}

/// Returns what the caller asked for of all replies.
fn result_of(replies: Vec<Value>, offset: usize, count: usize) -> RedisResult<Vec<Value>> {
    let mut replies = behind(offset, replies)?;
    replies.truncate(count);
    Ok(replies)
}
