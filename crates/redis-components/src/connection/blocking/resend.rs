//! A refused command goes again to where the component is now.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use redis::{Cmd, RedisResult, Value};

use super::{Connection, Inner};
use crate::clock::Tick;
use crate::connection::refused::{Attempts, was_refused};
use crate::telemetry::component::resent;

impl Connection {
    /// Sends a command. If it is refused, and the first of its connection or carried on elsewhere,
    /// it is sent again where the component is now.
    pub(super) fn send_or_resend(&mut self, command: &Cmd) -> RedisResult<Value> {
        let is_first = !std::mem::replace(&mut self.is_used, true);
        let sent = self.resends(is_first).then(Tick::now);
        let mut result = self.send(command);
        let (Some(sent), Some(response)) = (sent, self.response_timeout()) else {
            return result;
        };
        let mut attempts = Attempts::begin(sent, response);
        while was_refused(command, &result) && attempts.left().is_some() {
            let Inner::Pooled { pool, .. } = &self.inner else {
                break;
            };
            match pool.successor().filter(|next| !Arc::ptr_eq(next, pool)) {
                Some(next) if is_first || next.config.carries_on(&pool.config) => {
                    let taken = next.client.take(|| Arc::new(next.move_watch()));
                    let (Ok(pooled), Some(_)) = (taken, attempts.left()) else {
                        break;
                    };
                    self.inner = Inner::Pooled {
                        pooled,
                        pool: next,
                        following: None,
                    };
                }
                Some(_) => break,
                None => match attempts.next_pause(&pool.config) {
                    Some(pause) => thread::sleep(pause),
                    None => break,
                },
            }
            result = self.send_again(command);
            if !self.has_sentinels() {
                break;
            }
        }
        result
    }

    fn send_again(&mut self, command: &Cmd) -> RedisResult<Value> {
        if let Inner::Pooled { pool, .. } = &self.inner {
            resent(&pool.subject);
        }
        self.send(command)
    }

    fn has_sentinels(&self) -> bool {
        match &self.inner {
            Inner::Pooled { pool, .. } => pool.config.sentinels().is_some(),
            Inner::Own(_) => false,
        }
    }

    fn response_timeout(&self) -> Option<Duration> {
        match &self.inner {
            Inner::Pooled { pool, .. } => Some(pool.timeouts.response),
            Inner::Own(_) => None,
        }
    }

    /// Returns `true` if a command that is refused may be sent again. A later command than the
    /// first may if another primary carries on the data, and if the session is as it was.
    fn resends(&self, is_first: bool) -> bool {
        match &self.inner {
            Inner::Pooled { pooled, .. } => is_first || self.has_sentinels() && pooled.is_clean(),
            Inner::Own(_) => false,
        }
    }
}
