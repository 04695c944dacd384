//! What was refused goes again: to where the component is now, or to its candidate.

use std::sync::Arc;
use std::thread;

use redis::RedisResult;

use super::request::{One, Request};
use super::{Connection, Inner, Kind};
use crate::client::threads::BlockingClient;
use crate::clock::Tick;
use crate::connection::refused::{Attempts, asking_for_run, is_run};
use crate::slot::published::OfGeneration;
use crate::telemetry::component::resent;

impl Connection {
    /// Sends a request, and again if it was refused. Something later than the first may be sent
    /// again if another server carries on the data, and if the session is as it was.
    pub(super) fn send_safely<R: Request>(&mut self, request: &R) -> RedisResult<R::Reply> {
        let is_first = !std::mem::replace(&mut self.is_used, true);
        let Inner::Pooled { pooled, kind, .. } = &self.inner else {
            return request.send(self);
        };
        let may_go = match kind {
            Kind::Staying => false,
            Kind::Shared | Kind::Following(_) => is_first || pooled.is_clean(),
        };
        let has_bound = matches!(kind, Kind::Shared);
        let sent = Tick::now();
        let result = request.send(self);
        if !may_go || request.refusal(&result).is_none() {
            return result;
        }
        // A dedicated call may have waited for longer than the response timeout, which therefore
        // begins with the refusal.
        let since = if has_bound { sent } else { Tick::now() };
        self.resend(request, is_first, since, result)
    }

    fn resend<R: Request>(
        &mut self,
        request: &R,
        is_first: bool,
        since: Tick,
        mut refused: RedisResult<R::Reply>,
    ) -> RedisResult<R::Reply> {
        let Inner::Pooled { pool, .. } = &self.inner else {
            return refused;
        };
        let mut attempts = Attempts::begin(since, pool.timeouts.response);
        let mut there: Option<Self> = None;
        while let (Some(code), Some(_)) = (request.refusal(&refused), attempts.left()) {
            let Inner::Pooled { pool, .. } = &self.inner else {
                break;
            };
            if pool.has_candidate(&code) {
                attempts.wait_for_candidate();
            } else if pool.is_held(&code) {
                attempts.wait_while_held();
            } else {
                attempts.note_no_candidate();
            }
            let run_id = pool.run_of_candidate();
            if let Some(candidate) = pool.candidate(&code) {
                let known = there.take().filter(|there| there.is_of(&candidate));
                let place = known.or_else(|| self.at(candidate)?.proven(run_id.as_deref()));
                if let Some(mut place) = place {
                    resent(&pool.subject);
                    let answer = request.send(&mut place);
                    if request.refusal(&answer).is_none() {
                        *self = place;
                        return answer;
                    }
                    there = Some(place);
                }
            }
            let next = pool.successor().filter(|next| !Arc::ptr_eq(next, pool));
            let carries_on = next
                .as_ref()
                .is_none_or(|next| is_first || next.carries_on(pool));
            if !carries_on {
                break;
            }
            // Without a place there, the next server ends just now.
            match next.and_then(|next| self.at(next)) {
                Some(place) => *self = place,
                None => match attempts.next_pause(&pool.config) {
                    Some(pause) => thread::sleep(pause),
                    None => break,
                },
            }
            if attempts.left().is_none() {
                break;
            }
            if let Inner::Pooled { pool, .. } = &self.inner {
                resent(&pool.subject);
            }
            refused = request.send(self);
        }
        refused
    }

    /// Returns a connection of the same kind to the server of another pool.
    fn at(&self, pool: Arc<OfGeneration<BlockingClient>>) -> Option<Self> {
        let Inner::Pooled { kind, .. } = &self.inner else {
            return None;
        };
        let pooled = kind.lease(&pool).ok()?;
        let kind = kind.clone();
        Some(Self {
            inner: Inner::Pooled { pooled, pool, kind },
            function: self.function,
            is_used: true,
        })
    }

    /// Returns this if its server is the run which has the data.
    fn proven(mut self, run_id: Option<&str>) -> Option<Self> {
        if let Some(run_id) = run_id {
            let answer = One(&asking_for_run()).send(&mut self);
            is_run(&answer, run_id).then_some(())?;
        }
        Some(self)
    }

    fn is_of(&self, other: &Arc<OfGeneration<BlockingClient>>) -> bool {
        matches!(&self.inner, Inner::Pooled { pool, .. } if Arc::ptr_eq(pool, other))
    }
}
