//! Sending a transaction, and again as a whole if nothing of it was executed.

use redis::{RedisResult, Value};

use super::asynchronous::{ClusterClient, Stays};
use super::redirect::Refusal;
use super::rounds::{Pace, Target, not_served, redirected};
use super::send::Sending;
use super::transaction::redirect;
use super::whole::Whole;
use crate::telemetry::component::resent;
use crate::transport::transaction::executed;

impl ClusterClient {
    /// Sends commands that belong together to the node of their keys. Returns `count` replies after
    /// the first `offset`.
    pub(super) async fn transact(
        &self,
        whole: &Whole<'_>,
        sending: &mut impl Sending,
        offset: usize,
        count: usize,
        stays: Stays<'_>,
    ) -> RedisResult<Vec<Value>> {
        let mut pace = Pace::new();
        let mut next = None;
        loop {
            let found = next
                .take()
                .or_else(|| sending.find(whole.goal).map(Target::owner));
            let result = match found {
                Some(target) => {
                    let sent = sending.send_whole(target, whole.pipeline, offset, count);
                    sent.await?
                }
                None => Ok(vec![not_served()]),
            };
            let refusal = match found {
                Some(target) => {
                    // A node that has left meanwhile has answered nevertheless.
                    let by = self.map().table.address(target.node).unwrap_or_default();
                    let refusal = whole.refusal(&result, &by);
                    if refusal.is_none()
                        && let Some(seen) = redirect(&result, &by)
                    {
                        // The caller gets the redirect, but the next call finds its way.
                        self.refresh(redirected(&seen, self.map()).map(|owner| owner.node));
                    }
                    refusal
                }
                None => Some(Refusal::Later),
            };
            let Some(refusal) = refusal else {
                return executed(result);
            };
            next = redirected(&refusal, self.map());
            self.refresh(next.map(|target| target.node));
            let pause = pace.next(next.is_some());
            if !self.has_time(sending.since(), pause, stays).await {
                return executed(result);
            }
            if found.is_some() {
                resent(&self.subject);
            }
        }
    }
}
