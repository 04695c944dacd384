//! Sending a transaction, and again as a whole if nothing of it was executed.

use redis::{Pipeline, RedisResult, Value};
use tokio::time::timeout;

use super::asynchronous::{ClusterClient, Stays};
use super::redirect::Refusal;
use super::rounds::{Pace, Target, not_served, redirected, timed_out};
use super::transaction;
use crate::clock::Tick;
use crate::telemetry::component::resent;

impl ClusterClient {
    /// Sends a transaction to the node of its keys.
    pub(super) async fn transact(
        &self,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
        started: Tick,
        stays: Stays<'_>,
    ) -> RedisResult<Vec<Value>> {
        let goal = transaction::goal(pipeline.cmd_iter())?;
        let mut pace = Pace::new();
        let mut next = None;
        loop {
            let found = next.take().or_else(|| {
                let node = self.find(goal)?;
                Some(Target {
                    node,
                    is_asking: false,
                })
            });
            let result = match found {
                Some(target) => {
                    let sending = self.transact_at(target, pipeline, offset, count);
                    timeout(self.left(started), sending)
                        .await
                        .map_err(|_| timed_out())?
                }
                None => Ok(vec![not_served()]),
            };
            let by = found.and_then(|target| self.map().table.address(target.node));
            let refusal = match by {
                Some(by) => transaction::refused(&result, pipeline.len(), &by),
                None => Some(Refusal::Later),
            };
            let Some(refusal) = refusal else {
                return errors_of(result);
            };
            next = redirected(&refusal, self.map());
            self.refresh(next.map(|target| target.node));
            let pause = pace.next(next.is_some());
            if !self.has_time(started, pause, stays).await {
                return errors_of(result);
            }
            resent(&self.subject);
        }
    }

    async fn transact_at(
        &self,
        target: Target,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let client = self.client(target.node).await?;
        let number = client.pick();
        let result = if target.is_asking {
            let mut asking = redis::pipe();
            asking.cmd("ASKING").cmd("MULTI");
            for command in pipeline.cmd_iter() {
                asking.add_command(command.clone());
            }
            asking.cmd("EXEC");
            client.send_all(number, &asking, offset + 1, count).await
        } else {
            client.send_all(number, pipeline, offset, count).await
        };
        self.note(result)
    }
}

/// An error in the place of the replies fails the transaction.
fn errors_of(result: RedisResult<Vec<Value>>) -> RedisResult<Vec<Value>> {
    match result?.as_slice() {
        [error @ Value::ServerError(_)] => error.clone().extract_error().map(|value| vec![value]),
        replies => Ok(replies.to_vec()),
    }
}
