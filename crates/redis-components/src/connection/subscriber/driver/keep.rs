//! The part of the task that keeps connections alive.

use std::io;
use std::task::Context;

use tokio::time::Instant;

use super::{Driver, LOOKS_EVERY};
use crate::error::Error;

impl Driver {
    /// Keeps connections alive, and leaves those of earlier servers. Returns when to come again.
    pub(super) fn keep(
        &mut self,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Result<Instant, Error> {
        // A look that runs wakes the task itself.
        let mut next = match self.looking {
            Some(_) => now + LOOKS_EVERY,
            None => self.looks_at,
        };
        if self.looking.is_none() && (self.is_due || self.current.is_none()) {
            next = next.min(self.not_before);
        }
        if !self.home.follows && self.current.is_some() {
            next = now + LOOKS_EVERY;
        }
        let mut number = 0;
        while let Some(leaving) = self.leaving.get_mut(number) {
            if leaving.gives_way(now) {
                next = now;
            }
            if let Some(at) = leaving.leave(now) {
                next = next.min(at);
            }
            next = next.min(leaving.ends());
            let kept = if now < leaving.ends() {
                leaving.line.keep_alive(now, context)
            } else {
                Err(io::Error::from(io::ErrorKind::TimedOut).into())
            };
            match kept {
                Ok(at) => next = next.min(at),
                Err(error) => {
                    self.lost_left(number, &error);
                    self.tell();
                    next = now;
                    continue;
                }
            }
            number += 1;
        }
        if let Some(line) = &mut self.current {
            match line.keep_alive(now, context) {
                Ok(at) => next = next.min(at),
                Err(error) => {
                    self.lost_current(&error)?;
                    next = now;
                }
            }
        }
        Ok(next)
    }
}
