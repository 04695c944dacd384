//! What was refused goes again: to where the component is now, or to its candidate.

use std::borrow::Cow;
use std::sync::Arc;

use redis::{Cmd, Pipeline, RedisResult, Value};
use tokio::time::{sleep, timeout};

use super::line::Shared;
use super::refused::{Attempts, asking_for_run, is_run, refusal, refusal_of_all};
use crate::telemetry::component::resent;
use crate::transport::transaction::executed;

/// What a call sends at once.
pub(super) trait Request: Sync {
    type Reply: Send;

    fn send(
        &self,
        sender: &mut impl Sender,
    ) -> impl Future<Output = RedisResult<Self::Reply>> + Send;

    /// Returns the code with which all of it was refused, if it may be sent again.
    fn refusal<'r>(&self, result: &'r RedisResult<Self::Reply>) -> Option<Cow<'r, str>>;
}

/// From where a call sends its requests.
pub(super) trait Sender: Sized + Send {
    /// Returns the client of the server to which it sends them.
    fn client(&self) -> &Shared;

    /// Returns what sends them to the server of another client, if that can be reached.
    fn at(&self, client: Shared) -> impl Future<Output = Option<Self>> + Send;

    fn send_one(&mut self, command: &Cmd) -> impl Future<Output = RedisResult<Value>> + Send;

    fn send_all(&mut self, all: &All<'_>) -> impl Future<Output = RedisResult<Vec<Value>>> + Send;
}

/// A command.
pub(super) struct One<'a>(pub(super) &'a Cmd);

/// A pipeline or transaction.
#[derive(Clone, Copy)]
pub(super) struct All<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) offset: usize,
    pub(super) count: usize,
}

impl Request for One<'_> {
    type Reply = Value;

    async fn send(&self, sender: &mut impl Sender) -> RedisResult<Value> {
        sender.send_one(self.0).await
    }

    fn refusal<'r>(&self, result: &'r RedisResult<Value>) -> Option<Cow<'r, str>> {
        refusal(self.0, result).map(Cow::Borrowed)
    }
}

impl All<'_> {
    /// Returns an error if it is a transaction that the server did not execute.
    pub(super) fn executed(&self, result: RedisResult<Vec<Value>>) -> RedisResult<Vec<Value>> {
        if self.pipeline.is_transaction() {
            executed(result)
        } else {
            result
        }
    }
}

impl Request for All<'_> {
    type Reply = Vec<Value>;

    async fn send(&self, sender: &mut impl Sender) -> RedisResult<Vec<Value>> {
        sender.send_all(self).await
    }

    fn refusal<'r>(&self, result: &'r RedisResult<Vec<Value>>) -> Option<Cow<'r, str>> {
        refusal_of_all(self.pipeline, result).map(Cow::Owned)
    }
}

/// Sends a refused request to the component's candidate, which has the same data, or where the
/// component is now. It is sent again and again while sentinels elect another primary, while that
/// primary has no replicas yet, and while the candidate is promoted.
pub(super) async fn resend<S: Sender, R: Request>(
    here: &mut S,
    request: &R,
    is_first: bool,
    mut attempts: Attempts,
    mut refused: RedisResult<R::Reply>,
) -> RedisResult<R::Reply> {
    let mut there: Option<S> = None;
    while let Some(left) = attempts.left() {
        let Some(code) = request.refusal(&refused) else {
            return refused;
        };
        let client = Arc::clone(here.client());
        if client.has_candidate(&code) {
            attempts.wait_for_candidate();
        } else if client.is_held(&code) {
            attempts.wait_while_held();
        } else {
            attempts.note_no_candidate();
        }
        let run_id = client.run_of_candidate();
        if let Some(candidate) = timeout(left, client.candidate(&code)).await.ok().flatten() {
            let is_known = |there: &S| Arc::ptr_eq(there.client(), &candidate);
            let mut place = there.take().filter(is_known);
            if place.is_none() {
                place = proven(here.at(candidate).await, run_id.as_deref()).await;
            }
            if let Some(mut place) = place {
                resent(&client.subject);
                let answer = request.send(&mut place).await;
                if request.refusal(&answer).is_none() {
                    *here = place;
                    return answer;
                }
                there = Some(place);
            }
        }
        let Some(left) = attempts.left() else { break };
        let next = timeout(left, client.successor()).await.ok().flatten();
        let next = next.filter(|next| !Arc::ptr_eq(next, &client));
        let carries_on = |next: &Shared| is_first || next.carries_on(&client);
        if !next.as_ref().is_none_or(carries_on) {
            break;
        }
        let place = match next {
            Some(next) => here.at(next).await,
            None => None,
        };
        match place {
            Some(place) => *here = place,
            None => match attempts.next_pause(&client.config) {
                Some(pause) => sleep(pause).await,
                None => break,
            },
        }
        resent(&client.subject);
        refused = request.send(here).await;
    }
    refused
}

/// Returns a place at a candidate's server if that is the run which has the data.
async fn proven<S: Sender>(place: Option<S>, run_id: Option<&str>) -> Option<S> {
    let mut place = place?;
    let Some(run_id) = run_id else {
        return Some(place);
    };
    let answer = place.send_one(&asking_for_run()).await;
    is_run(&answer, run_id).then_some(place)
}
