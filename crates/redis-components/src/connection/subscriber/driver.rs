//! The task that keeps a subscriber subscribed.

mod follow;
mod keep;
mod lost;

use std::future::{pending, poll_fn};
use std::mem::take;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use redis::RedisError;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep};

use self::lost::Lost;
use super::event::SubscriberEvent;
use super::leaving::{Leaving, Passed};
use super::line::{Heard, Line, Request, demand_one_server};
use super::look::{Found, Home};
use super::queue::Queue;
use super::subscriptions::{Kind, Subscriptions};
use crate::backoff::Backoff;
use crate::connection::line::Shared;
use crate::error::Error;
use crate::telemetry::component::{subscribed, subscriber_lost};

/// How often it is looked whether the component's client is another, without news of a move: its
/// credentials may have changed, or it may have reached its age.
const LOOKS_EVERY: Duration = Duration::from_secs(5);
/// The pause after news that changed nothing.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
/// A connection that is lost earlier than this counts as a failure.
const LASTS: Duration = Duration::from_secs(1);

/// Keeps a subscriber subscribed until its handle is dropped.
pub(super) struct Driver {
    home: Home,
    lingers: Duration,
    /// What has to be subscribed.
    list: Subscriptions,
    current: Option<Line>,
    /// The client of the lost server of a subscriber that was told to stay there, and the error
    /// with which it ends if the component moves before it is there again.
    lost: Option<(Shared, Error)>,
    leaving: Vec<Leaving>,
    /// Whether the reader is told of the current line when it may be heard.
    has_news: bool,
    /// Whether messages may have been missed, and the reader was not told.
    has_gap: bool,
    looking: Option<BoxFuture<'static, Result<Found, Error>>>,
    /// What was known of the component's config when the last look began.
    revision: u64,
    news: BoxFuture<'static, ()>,
    shut: BoxFuture<'static, Error>,
    /// Whether there is a reason to look.
    is_due: bool,
    not_before: Instant,
    looks_at: Instant,
    backoff: Backoff,
    has_failed: bool,
    /// Requests that came when there was no line.
    waiting: Vec<Request>,
    requests: mpsc::Receiver<Request>,
    queue: Arc<Queue>,
    timer: Pin<Box<Sleep>>,
}

impl Driver {
    pub(super) fn new(
        home: Home,
        lingers: Duration,
        (line, revision): (Line, u64),
        requests: mpsc::Receiver<Request>,
        queue: Arc<Queue>,
    ) -> Self {
        let now = Instant::now();
        let shut = Box::pin(ended(&home, &line.shared));
        let mut driver = Self {
            lingers,
            list: Subscriptions::default(),
            current: None,
            lost: None,
            leaving: Vec::new(),
            has_news: false,
            has_gap: false,
            looking: None,
            revision,
            news: Box::pin(pending()),
            shut,
            is_due: false,
            not_before: now,
            looks_at: now + LOOKS_EVERY,
            backoff: Backoff::new(Backoff::SERVER_DOWN),
            has_failed: false,
            waiting: Vec::new(),
            requests,
            queue,
            timer: Box::pin(sleep(LOOKS_EVERY)),
            home,
        };
        driver.await_news(Arc::clone(&line.shared));
        driver.current = Some(line);
        driver
    }

    /// Runs until the component has no server any more. Dropping it closes the connections.
    pub(super) async fn run(mut self) {
        let end = poll_fn(|context| self.poll_end(context)).await;
        self.queue.push(Err(end));
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        if let Poll::Ready(end) = self.shut.as_mut().poll(context) {
            return Poll::Ready(end);
        }
        loop {
            self.take_requests(context);
            let now = Instant::now();
            if let Err(end) = self.look(now, context) {
                return Poll::Ready(end);
            }
            // After the look, which may have put a new future here that nobody would wake for.
            if self.is_due || self.news.as_mut().poll(context).is_ready() {
                self.is_due = true;
                // It must not be polled again.
                self.news = Box::pin(pending());
            }
            if let Err(end) = self.hear(context) {
                return Poll::Ready(end);
            }
            let next = match self.keep(Instant::now(), context) {
                Ok(next) => next,
                Err(end) => return Poll::Ready(end),
            };
            if self.timer.deadline() != next {
                self.timer.as_mut().reset(next);
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn take_requests(&mut self, context: &mut Context<'_>) {
        while let Poll::Ready(Some(mut request)) = self.requests.poll_recv(context) {
            request.fresh = self.list.without(&request.change);
            let is_sharded = request.change.adds && request.change.kind == Kind::Sharded;
            let shared = self.current.as_ref().map(|line| &line.shared);
            if let Some(shared) = shared
                && let Err(error) = demand_one_server(shared, is_sharded)
            {
                request.answer(Err(error));
                continue;
            }
            if request.change.names.is_empty() {
                request.change.names = self.list.of_kind(request.change.kind);
            }
            if request.change.names.is_empty() {
                request.answer(Ok(()));
                continue;
            }
            self.list.apply(&request.change);
            if !request.change.adds {
                let leaving = self.leaving.iter_mut();
                leaving.for_each(|leaving| leaving.line.change(&request.change));
            }
            match &mut self.current {
                Some(line) => line.request(request),
                None => self.waiting.push(request),
            }
        }
    }

    /// Hands on what has come, while there is room.
    fn hear(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        // A reader that waits for an answer takes no messages meanwhile.
        let on_current = self.current.as_ref().is_some_and(Line::has_requests);
        let is_awaited = on_current || !self.waiting.is_empty();
        let mut number = 0;
        while let Some(leaving) = self.leaving.get_mut(number) {
            match hear(&mut leaving.line, &self.queue, is_awaited, context) {
                Ok(Some(Heard::Mark)) => {
                    if leaving.marked() == Passed::Last {
                        self.leaving.remove(number);
                    }
                }
                // It is subscribed on the next server.
                Ok(Some(Heard::Refused(request, _))) => request.answer(Ok(())),
                Ok(Some(_)) => {}
                Ok(None) => number += 1,
                Err(error) => self.lost_left(number, &error),
            }
        }
        self.tell();
        if self.leaving.iter().any(Leaving::comes_first) {
            return self.pause_current(context);
        }
        while let Some(line) = &mut self.current {
            match hear(line, &self.queue, is_awaited, context) {
                Ok(Some(Heard::Refused(request, error))) => {
                    request.undo(&mut self.list);
                    request.answer(Err(error));
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => self.lost_current(&error)?,
            }
        }
        Ok(())
    }

    /// Tells the reader of the current line when it is its turn.
    fn tell(&mut self) {
        let is_first = !self.leaving.iter().any(Leaving::comes_first);
        if let Some(line) = &self.current
            && is_first
            && (take(&mut self.has_news) || self.has_gap)
        {
            let gap = take(&mut self.has_gap);
            let generation = line.shared.generation;
            if self.list.is_empty() {
                return;
            }
            let server = line.shared.config.address();
            subscribed(&line.shared.subject, &server, generation, gap);
            let event = SubscriberEvent::Resubscribed { generation, gap };
            self.queue.push(Ok(event));
        }
    }

    fn pause_current(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        match self.current.as_mut().map(|line| line.pause(context)) {
            Some(Err(error)) => self.lost_current(&error),
            _ => Ok(()),
        }
    }

    fn lost_current(&mut self, error: &RedisError) -> Result<(), Error> {
        let Some(line) = self.current.take() else {
            return Ok(());
        };
        let now = Instant::now();
        if now.saturating_duration_since(line.opened) >= LASTS {
            self.backoff = Backoff::new(Backoff::SERVER_DOWN);
            self.not_before = now;
        } else {
            self.not_before = now + self.backoff.next();
        }
        let shared = Arc::clone(&line.shared);
        let lost = self.note_lost(line, error);
        if !self.home.follows {
            self.lost = Some((shared, lost.last()));
            self.demand_not_left()?;
        }
        if !self.list.is_empty() {
            self.queue.push(Ok(SubscriberEvent::Lost(lost.passing())));
        }
        Ok(())
    }

    /// Ends a subscriber that was told to stay, if it has lost its server and the component has left
    /// that server.
    fn demand_not_left(&self) -> Result<(), Error> {
        match &self.lost {
            Some((shared, end)) if shared.has_moved() => Err(end.clone()),
            _ => Ok(()),
        }
    }

    fn lost_left(&mut self, number: usize, error: &RedisError) {
        let Leaving { line, .. } = self.leaving.remove(number);
        self.note_lost(line, error);
        if self.current.is_some() {
            // The next server has confirmed them.
            let waiting = take(&mut self.waiting).into_iter();
            waiting.for_each(|request| request.answer(Ok(())));
        }
    }

    fn note_lost(&mut self, line: Line, error: &RedisError) -> Lost {
        let lost = Lost::new(&line, error);
        if !line.list.is_empty() {
            self.has_gap = true;
            subscriber_lost(&lost.subject, &lost.server, &lost.reason);
        }
        self.waiting.extend(line.into_requests());
        lost
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.queue.end();
    }
}

/// Waits until the subscriber has to end: after a shutdown, or if it stays on a server whose calls
/// are cut.
fn ended(home: &Home, shared: &Shared) -> impl Future<Output = Error> + Send + use<> {
    let (slot, follows) = (Arc::clone(&home.slot), home.follows);
    let (generation, was_cut) = (shared.generation, shared.was_cut());
    async move {
        if follows {
            return slot.shut().await;
        }
        match select(pin!(slot.shut()), pin!(slot.cut(generation))).await {
            Either::Left((error, _)) => error,
            Either::Right(_) => was_cut,
        }
    }
}

/// Hands on the messages of a line while there is room, or somebody waits for an answer. Returns
/// what else has come, or `None` if nothing more has.
fn hear(
    line: &mut Line,
    queue: &Queue,
    is_awaited: bool,
    context: &mut Context<'_>,
) -> Result<Option<Heard>, RedisError> {
    loop {
        let reads = is_awaited || line.has_requests() || queue.has_room(context);
        if !reads {
            line.pause(context)?;
            return Ok(None);
        }
        match line.poll_heard(context)? {
            Poll::Ready(Heard::Message(message)) => {
                queue.push(Ok(SubscriberEvent::Message(message)));
            }
            Poll::Ready(heard) => return Ok(Some(heard)),
            Poll::Pending => return Ok(None),
        }
    }
}
