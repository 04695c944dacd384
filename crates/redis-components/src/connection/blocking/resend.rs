//! What was refused goes again: to where the component is now, or to its candidate.

use std::borrow::Cow;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use redis::{Cmd, Pipeline, RedisResult, Value};

use super::{Connection, Inner};
use crate::client::packed;
use crate::client::threads::{BlockingClient, Lease};
use crate::clock::Tick;
use crate::connection::refused::{Attempts, refusal, refusal_of_all};
use crate::slot::published::OfGeneration;
use crate::telemetry::component::resent;
use crate::transport::error_codes::aborted_because_of;

/// What a blocking call sends at once.
pub(super) trait Request {
    type Reply;

    fn send(&self, lease: &mut Lease) -> RedisResult<Self::Reply>;

    /// Returns the code with which all of it was refused, if it may be sent again.
    fn refusal<'r>(&self, result: &'r RedisResult<Self::Reply>) -> Option<Cow<'r, str>>;
}

/// A command.
pub(super) struct One<'a>(pub(super) &'a Cmd);

/// An encoded pipeline or transaction.
pub(super) struct All<'a> {
    pub(super) packed: &'a [u8],
    pub(super) offset: usize,
    pub(super) count: usize,
}

impl Request for One<'_> {
    type Reply = Value;

    fn send(&self, lease: &mut Lease) -> RedisResult<Value> {
        lease.send(self.0)
    }

    fn refusal<'r>(&self, result: &'r RedisResult<Value>) -> Option<Cow<'r, str>> {
        refusal(self.0, result).map(Cow::Borrowed)
    }
}

impl Request for All<'_> {
    type Reply = Vec<Value>;

    fn send(&self, lease: &mut Lease) -> RedisResult<Vec<Value>> {
        lease.requests(self.packed, self.offset, self.count)
    }

    fn refusal<'r>(&self, result: &'r RedisResult<Vec<Value>>) -> Option<Cow<'r, str>> {
        let has_error = match result {
            Ok(replies) => replies
                .iter()
                .any(|reply| matches!(reply, Value::ServerError(_))),
            Err(error) => {
                let code = aborted_because_of(error.code()?, error.detail()?);
                return code.map(Cow::Borrowed);
            }
        };
        let commands = has_error.then(|| packed::commands(self.packed))??;
        let mut pipeline = Pipeline::new();
        let inner = match &*commands {
            // A transaction: redis-rs leaves out the replies before the last.
            [_, inner @ .., _] if self.offset > 0 => {
                pipeline.atomic();
                inner
            }
            all => all,
        };
        for command in inner {
            pipeline.add_command(command.clone());
        }
        refusal_of_all(&pipeline, result).map(Cow::Owned)
    }
}

impl Connection {
    /// Notes that something is sent. Returns when, how long it may be sent again if it is refused,
    /// and whether it is the first. Something later than the first may be sent again if another
    /// server carries on the data, and if the session is as it was.
    pub(super) fn begin(&mut self) -> (bool, Option<(Tick, Duration)>) {
        let is_first = !std::mem::replace(&mut self.is_used, true);
        let bounds = match &self.inner {
            Inner::Pooled { pooled, pool, .. } => {
                (is_first || pooled.is_clean()).then(|| (Tick::now(), pool.timeouts.response))
            }
            Inner::Own(_) => None,
        };
        (is_first, bounds)
    }

    /// Sends a request again if it was refused.
    pub(super) fn resend<R: Request>(
        &mut self,
        request: &R,
        (is_first, bounds): (bool, Option<(Tick, Duration)>),
        mut result: RedisResult<R::Reply>,
    ) -> RedisResult<R::Reply> {
        let Some((sent, response)) = bounds else {
            return result;
        };
        let mut attempts = Attempts::begin(sent, response);
        while let (Some(code), Some(_)) = (request.refusal(&result), attempts.left()) {
            let Inner::Pooled { pool, .. } = &self.inner else {
                break;
            };
            if pool.has_candidate(&code) {
                attempts.wait_for_candidate();
            }
            if let Some(candidate) = pool.candidate(&code)
                && let Ok(mut pooled) = candidate.client.take(|| Arc::new(candidate.move_watch()))
            {
                resent(&pool.subject);
                let answer = request.send(&mut pooled);
                if request.refusal(&answer).is_none() {
                    self.go_to(candidate, pooled);
                    return answer;
                }
            }
            match pool.successor().filter(|next| !Arc::ptr_eq(next, pool)) {
                Some(next) if is_first || next.carries_on(pool) => {
                    match next.client.take(|| Arc::new(next.move_watch())) {
                        Ok(pooled) => self.go_to(next, pooled),
                        // It ends just now.
                        Err(_) => match attempts.next_pause(&next.config) {
                            Some(pause) => thread::sleep(pause),
                            None => break,
                        },
                    }
                }
                Some(_) => break,
                None => match attempts.next_pause(&pool.config) {
                    Some(pause) => thread::sleep(pause),
                    None => break,
                },
            }
            if attempts.left().is_none() {
                break;
            }
            let Inner::Pooled { pooled, pool, .. } = &mut self.inner else {
                break;
            };
            resent(&pool.subject);
            let answer = request.send(pooled);
            result = answer;
        }
        result
    }

    fn go_to(&mut self, pool: Arc<OfGeneration<BlockingClient>>, pooled: Lease) {
        self.inner = Inner::Pooled {
            pooled,
            pool,
            following: None,
        };
    }
}
