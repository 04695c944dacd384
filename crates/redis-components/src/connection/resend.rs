//! What was refused goes again: to where the component is now, or to its candidate.

use std::borrow::Cow;
use std::sync::Arc;

use redis::{Cmd, Pipeline, RedisResult, Value};
use tokio::time::{sleep, timeout};

use super::refused::{Attempts, refusal, refusal_of_all};
use crate::client::asynchronous::AsyncClient;
use crate::client::cluster::asynchronous::Stays;
use crate::slot::published::OfGeneration;
use crate::telemetry::component::resent;

/// What a call sends at once.
pub(super) trait Request: Sync {
    type Reply: Send;

    fn send(
        &self,
        client: &AsyncClient,
        picked: &mut Option<u32>,
        stays: Stays<'_>,
    ) -> impl Future<Output = RedisResult<Self::Reply>> + Send;

    /// Returns the code with which all of it was refused, if it may be sent again.
    fn refusal<'r>(&self, result: &'r RedisResult<Self::Reply>) -> Option<Cow<'r, str>>;
}

/// A command.
pub(super) struct One<'a>(pub(super) &'a Cmd);

/// A pipeline or transaction.
pub(super) struct All<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) offset: usize,
    pub(super) count: usize,
}

impl Request for One<'_> {
    type Reply = Value;

    fn send(
        &self,
        client: &AsyncClient,
        picked: &mut Option<u32>,
        stays: Stays<'_>,
    ) -> impl Future<Output = RedisResult<Value>> + Send {
        client.send(picked, self.0, stays)
    }

    fn refusal<'r>(&self, result: &'r RedisResult<Value>) -> Option<Cow<'r, str>> {
        refusal(self.0, result).map(Cow::Borrowed)
    }
}

impl Request for All<'_> {
    type Reply = Vec<Value>;

    fn send(
        &self,
        client: &AsyncClient,
        picked: &mut Option<u32>,
        stays: Stays<'_>,
    ) -> impl Future<Output = RedisResult<Vec<Value>>> + Send {
        client.send_all(picked, self.pipeline, self.offset, self.count, stays)
    }

    fn refusal<'r>(&self, result: &'r RedisResult<Vec<Value>>) -> Option<Cow<'r, str>> {
        refusal_of_all(self.pipeline, result).map(Cow::Owned)
    }
}

/// Sends a refused request to the component's candidate, which has the same data, or where the
/// component is now. While sentinels elect another primary, or that has no replicas yet, and while
/// the candidate is promoted, it is sent again and again.
pub(super) async fn resend<R: Request>(
    client: &mut Arc<OfGeneration<AsyncClient>>,
    picked: &mut Option<u32>,
    request: &R,
    is_first: bool,
    mut attempts: Attempts,
    mut refused: RedisResult<R::Reply>,
) -> RedisResult<R::Reply> {
    while let Some(left) = attempts.left() {
        let Some(code) = request.refusal(&refused) else {
            return refused;
        };
        if client.has_candidate(&code) {
            attempts.wait_for_candidate();
        }
        let candidate = timeout(left, client.candidate(&code)).await.ok().flatten();
        if let Some(candidate) = candidate {
            resent(&client.subject);
            let mut picked_there = None;
            let answer = request.send(&candidate.client, &mut picked_there, &|| true);
            let answer = answer.await;
            if request.refusal(&answer).is_none() {
                (*client, *picked) = (candidate, picked_there);
                return answer;
            }
        }
        let Some(left) = attempts.left() else { break };
        let next = timeout(left, client.successor()).await.ok().flatten();
        match next.filter(|next| !Arc::ptr_eq(next, client)) {
            Some(next) if is_first || next.carries_on(client) => {
                (*client, *picked) = (next, None);
            }
            Some(_) => break,
            None => match attempts.next_pause(&client.config) {
                Some(pause) => sleep(pause).await,
                None => break,
            },
        }
        resent(&client.subject);
        refused = request.send(&client.client, picked, &|| true).await;
    }
    refused
}
