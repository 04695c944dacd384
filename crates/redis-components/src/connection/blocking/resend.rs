//! What was refused goes again: to where the component is now, or to its candidate.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use redis::RedisResult;

use super::request::Request;
use super::{Connection, Inner};
use crate::client::threads::{BlockingClient, Lease};
use crate::clock::Tick;
use crate::connection::refused::Attempts;
use crate::slot::published::OfGeneration;
use crate::telemetry::component::resent;

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
