//! The part of the task that goes where the component goes.

use std::mem::{replace, take};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::{Driver, LOOKS_EVERY, SHORTEST_PAUSE};
use crate::backoff::Backoff;
use crate::connection::line::Shared;
use crate::connection::subscriber::leaving::Leaving;
use crate::connection::subscriber::line::Line;
use crate::connection::subscriber::look::Found;
use crate::error::{Error, ErrorKind};
use crate::telemetry::component::{Subject, cannot_subscribe};

impl Driver {
    /// Waits for news of the component, if the subscriber follows it.
    pub(super) fn await_news(&mut self, shared: Shared) {
        if self.home.follows {
            self.news = Box::pin(self.home.clone().news(shared, self.revision));
        }
    }

    /// Looks where the component is, if there is a reason to, and subscribes there.
    pub(super) fn look(&mut self, now: Instant, context: &mut Context<'_>) -> Result<(), Error> {
        let is_time = self.is_due || self.current.is_none();
        let is_time = is_time || self.home.follows && now >= self.looks_at;
        if self.looking.is_none() && is_time && now >= self.not_before {
            self.is_due = false;
            self.revision = self.home.revision();
            let current = self.current.as_ref();
            let current = current.map(|line| (Arc::clone(&line.shared), Arc::clone(&line.node)));
            let looking = self.home.clone().look(current, self.list.clone());
            self.looking = Some(Box::pin(looking));
        }
        while let Some(looking) = &mut self.looking
            && let Poll::Ready(found) = looking.as_mut().poll(context)
        {
            self.looking = None;
            let now = Instant::now();
            self.looks_at = now + LOOKS_EVERY;
            match found {
                Ok(Found::Next(line)) if line.list != self.list => {
                    let caught_up = line.caught_up(self.list.clone());
                    self.looking = Some(Box::pin(async {
                        Ok(Found::Next(Box::new(caught_up.await?)))
                    }));
                }
                Ok(Found::Next(line)) => {
                    self.demand_not_left()?;
                    self.go_to(*line, now);
                }
                Ok(Found::Same) => {
                    self.not_before = now + SHORTEST_PAUSE;
                    let shared = self.current.as_ref().map(|line| Arc::clone(&line.shared));
                    shared
                        .into_iter()
                        .for_each(|shared| self.await_news(shared));
                }
                Err(error) => {
                    self.failed(error, now)?;
                    self.demand_not_left()?;
                }
            }
        }
        Ok(())
    }

    /// Takes a line on which everything is subscribed.
    fn go_to(&mut self, line: Line, now: Instant) {
        (self.has_failed, self.lost) = (false, None);
        self.has_news = true;
        self.await_news(Arc::clone(&line.shared));
        if let Some(left) = self.current.replace(line) {
            // Nobody publishes on a node that its cluster has let go.
            self.has_gap |= !left.shared.client.has(left.node.address());
            // The move may not have been announced yet.
            let address = |line: &Line| line.shared.config.address();
            let has_moved = left.shared.has_moved()
                || self.current.as_ref().map(address) != Some(address(&left));
            let lingers = if has_moved {
                self.lingers
            } else {
                Duration::ZERO
            };
            self.leaving.push(Leaving::begin(left, now + lingers));
        }
        let waiting = take(&mut self.waiting).into_iter();
        waiting.for_each(|request| request.answer(Ok(())));
    }

    fn failed(&mut self, error: Error, now: Instant) -> Result<(), Error> {
        if matches!(error.kind(), ErrorKind::ShutDown | ErrorKind::Disabled) {
            return Err(error);
        }
        self.is_due = true;
        let is_refused = matches!(
            error.kind(),
            ErrorKind::ServerRefused | ErrorKind::NeedsSingleServer
        );
        let cap = if is_refused {
            LOOKS_EVERY
        } else {
            Backoff::SERVER_DOWN
        };
        self.backoff = self.backoff.with_cap(cap);
        self.not_before = now + self.backoff.next();
        if !replace(&mut self.has_failed, true) {
            cannot_subscribe(&self.subject(), error.message());
        }
        for request in take(&mut self.waiting) {
            request.undo(&mut self.list);
            request.answer(Err(error.clone()));
        }
        Ok(())
    }

    fn subject(&self) -> Subject {
        Subject {
            component: self.home.slot.component().to_owned(),
            key: self.home.slot.key().to_owned(),
        }
    }
}
