//! A refused command goes again to where the component is now.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use redis::{Cmd, RedisResult, Value};

use super::{Connection, Inner};
use crate::client::threads::{BlockingClient, Lease};
use crate::clock::Tick;
use crate::connection::refused::{Attempts, refusal};
use crate::slot::published::OfGeneration;
use crate::telemetry::component::resent;

impl Connection {
    /// Sends a command. If it is refused, and the first of its connection or carried on elsewhere,
    /// it is sent again where the component is now.
    pub(super) fn send_or_resend(&mut self, command: &Cmd) -> RedisResult<Value> {
        let is_first = !std::mem::replace(&mut self.is_used, true);
        let Some((sent, response)) = self.resends(is_first) else {
            return self.send(command);
        };
        let mut result = self.send(command);
        let mut attempts = Attempts::begin(sent, response);
        while let (Some(code), Some(_)) = (refusal(command, &result), attempts.left()) {
            let Inner::Pooled { pool, .. } = &self.inner else {
                break;
            };
            if pool.has_candidate(code) {
                attempts.wait_for_candidate();
            }
            if let Some(candidate) = pool.candidate(code)
                && let Some(answer) = Self::send_to(&candidate, command)
            {
                resent(&pool.subject);
                let (answer, pooled) = answer;
                if refusal(command, &answer).is_none() {
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
            result = self.send_again(command);
        }
        result
    }

    /// Sends a command to another server. Returns the answer with the connection, or `None` if there
    /// is no connection.
    fn send_to(
        pool: &Arc<OfGeneration<BlockingClient>>,
        command: &Cmd,
    ) -> Option<(RedisResult<Value>, Lease)> {
        let mut pooled = pool.client.take(|| Arc::new(pool.move_watch())).ok()?;
        Some((pooled.send(command), pooled))
    }

    fn go_to(&mut self, pool: Arc<OfGeneration<BlockingClient>>, pooled: Lease) {
        self.inner = Inner::Pooled {
            pooled,
            pool,
            following: None,
        };
    }

    fn send_again(&mut self, command: &Cmd) -> RedisResult<Value> {
        if let Inner::Pooled { pool, .. } = &self.inner {
            resent(&pool.subject);
        }
        self.send(command)
    }

    /// Returns since when and how long a command that is refused may be sent again. A later command
    /// than the first may if another server carries on the data, and if the session is as it was.
    fn resends(&self, is_first: bool) -> Option<(Tick, Duration)> {
        match &self.inner {
            Inner::Pooled { pooled, pool, .. } => {
                (is_first || pooled.is_clean()).then(|| (Tick::now(), pool.timeouts.response))
            }
            Inner::Own(_) => None,
        }
    }
}
