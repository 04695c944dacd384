//! A subscriber's connection to one server.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use redis::{Msg, PushInfo, PushKind, RedisError, RedisResult, Value};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::subscriptions::{Change, Subscriptions};
use crate::client::commands::name;
use crate::connection::line::Shared;
use crate::error::text::printable;
use crate::error::{Error, ErrorKind};
use crate::telemetry::component::Subject;
use crate::transport::asynchronous::open_subscriber_socket;
use crate::transport::failure::Failure;
use crate::transport::node::Node;
use crate::transport::subscriber::SubscriberSocket;

/// After this time without a word from the server, it is asked whether it is there.
const PINGED_AFTER: Duration = Duration::from_secs(5);
/// How long an answer is looked for once more. It may be there if the runtime stood still.
const LOOKED_FOR: Duration = Duration::from_millis(100);

/// A change that somebody waits for.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) change: Change,
    /// The names of the change that were not on the list before.
    pub(super) fresh: Vec<Vec<u8>>,
    pub(super) answer: oneshot::Sender<Result<(), Error>>,
}

impl Request {
    /// Takes off the list what the request put on it.
    pub(super) fn undo(&self, list: &mut Subscriptions) {
        if self.change.adds {
            list.apply(&Change {
                kind: self.change.kind,
                adds: false,
                names: self.fresh.clone(),
            });
        }
    }

    /// Tells who waits.
    pub(super) fn answer(self, answer: Result<(), Error>) {
        // An error says that nobody waits any more.
        let _ = self.answer.send(answer);
    }
}

/// What the server has still to answer.
enum Awaited {
    /// With the number of confirmations that have not come.
    Change(usize),
    Request(usize, Request),
    Pong {
        is_mark: bool,
    },
}

/// What was heard on a line.
pub(super) enum Heard {
    Message(Msg),
    /// A request was refused.
    Refused(Request, Error),
    /// A change for which nobody waits was refused.
    Unchanged(RedisError),
    /// All that was published before the [mark](Line::mark) has been heard.
    Mark,
    /// Another answer.
    Answer,
}

/// A connection to one server, with what is subscribed there.
pub(super) struct Line {
    /// The client that calls share there. The line counts as one of its users.
    pub(super) shared: Shared,
    pub(super) node: Arc<Node>,
    socket: SubscriberSocket,
    pub(super) list: Subscriptions,
    awaited: VecDeque<Awaited>,
    /// What came before all subscriptions were confirmed.
    held: VecDeque<Msg>,
    /// When the server was last heard, or could not be.
    quiet_since: Instant,
    /// When it was first noticed that an answer is overdue.
    overdue_since: Option<Instant>,
    pub(super) opened: Instant,
}

impl Line {
    /// Connects to the client's server, and subscribes to everything on the list.
    pub(super) async fn open(shared: Shared, list: Subscriptions) -> Result<Self, Error> {
        demand_one_server(&shared, list.has_sharded())?;
        let home = shared.client.home().await?;
        let opening = open_subscriber_socket(home.node(), shared.timeouts.connect);
        let socket = opening.await.map_err(|failure| {
            home.note_refused(&failure);
            shared.error(&failure)
        })?;
        let now = Instant::now();
        let line = Self {
            shared,
            node: Arc::clone(home.node()),
            socket,
            list: Subscriptions::default(),
            awaited: VecDeque::new(),
            held: VecDeque::new(),
            quiet_since: now,
            overdue_since: None,
            opened: now,
        };
        line.caught_up(list).await
    }

    /// Makes the subscriptions those of the list, and waits for all confirmations.
    pub(super) async fn caught_up(mut self, list: Subscriptions) -> Result<Self, Error> {
        demand_one_server(&self.shared, list.has_sharded())?;
        for change in self.list.changes_to(&list) {
            self.send(&change);
            self.awaited.push_back(Awaited::Change(change.names.len()));
        }
        let bound = self.shared.timeouts.response;
        let confirmed = timeout(bound, self.confirmed()).await;
        match confirmed.unwrap_or_else(|_| Err(Failure::timed_out(bound))) {
            Ok(()) => Ok(self),
            Err(failure) => Err(self.shared.error(&failure)),
        }
    }

    /// A server executes the few commands together, so hardly a message comes between.
    async fn confirmed(&mut self) -> Result<(), Failure> {
        while !self.awaited.is_empty() {
            let heard = poll_fn(|context| self.poll_socket(context));
            match heard.await? {
                Heard::Message(message) => self.held.push_back(message),
                Heard::Unchanged(error) => return Err(error.into()),
                Heard::Refused(..) | Heard::Mark | Heard::Answer => {}
            }
        }
        Ok(())
    }

    /// Sends a change that nobody waits for.
    pub(super) fn change(&mut self, change: &Change) {
        self.send(change);
        self.awaits(Awaited::Change(change.names.len()));
    }

    /// Sends a change that somebody waits for.
    pub(super) fn request(&mut self, request: Request) {
        self.send(&request.change);
        self.awaits(Awaited::Request(request.change.names.len(), request));
    }

    /// Sends a mark, behind what the server has published up to then.
    pub(super) fn mark(&mut self) {
        self.ping(true);
    }

    fn ping(&mut self, is_mark: bool) {
        self.socket.send(&redis::cmd("PING"));
        self.awaits(Awaited::Pong { is_mark });
    }

    fn send(&mut self, change: &Change) {
        self.socket.send(&change.command());
        self.list.apply(change);
    }

    fn awaits(&mut self, awaited: Awaited) {
        if self.awaited.is_empty() {
            self.quiet_since = Instant::now();
        }
        self.awaited.push_back(awaited);
    }

    /// Returns `true` if a mark was sent and not heard.
    pub(super) fn has_marks(&self) -> bool {
        let mut awaited = self.awaited.iter();
        awaited.any(|awaited| matches!(awaited, Awaited::Pong { is_mark: true }))
    }

    /// Returns `true` if somebody waits for a change.
    pub(super) fn has_requests(&self) -> bool {
        let mut awaited = self.awaited.iter();
        awaited.any(|awaited| matches!(awaited, Awaited::Request(..)))
    }

    /// Returns the requests that were not answered.
    pub(super) fn into_requests(self) -> impl Iterator<Item = Request> {
        self.awaited
            .into_iter()
            .filter_map(|awaited| match awaited {
                Awaited::Request(_, request) => Some(request),
                Awaited::Change(_) | Awaited::Pong { .. } => None,
            })
    }

    /// Returns what has come next.
    pub(super) fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<RedisResult<Heard>> {
        match self.held.pop_front() {
            Some(message) => Poll::Ready(Ok(Heard::Message(message))),
            None => self.poll_socket(context),
        }
    }

    /// Notes that nothing is read for now. Only writes go on.
    pub(super) fn pause(&mut self, context: &mut Context<'_>) -> RedisResult<()> {
        self.quiet_since = Instant::now();
        Ok(self.socket.write(context)?)
    }

    /// Returns how long nothing has been heard.
    pub(super) fn quiet(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.quiet_since)
    }

    /// Asks a server of which nothing was heard for a while whether it is there. Returns when to
    /// come again.
    ///
    /// # Errors
    ///
    /// Returns an error if it does not answer.
    pub(super) fn keep_alive(
        &mut self,
        now: Instant,
        context: &mut Context<'_>,
    ) -> RedisResult<Instant> {
        if self.awaited.is_empty() && self.quiet(now) >= PINGED_AFTER {
            self.ping(false);
            self.socket.write(context)?;
        }
        let bound = match self.awaited.is_empty() {
            true => PINGED_AFTER,
            false => self.shared.timeouts.response,
        };
        if self.quiet(now) < bound {
            self.overdue_since = None;
            return Ok(self.quiet_since + bound);
        }
        let given_up_at = *self.overdue_since.get_or_insert(now) + LOOKED_FOR;
        if now < given_up_at {
            return Ok(given_up_at);
        }
        Err(io::Error::from(io::ErrorKind::TimedOut).into())
    }

    fn poll_socket(&mut self, context: &mut Context<'_>) -> Poll<RedisResult<Heard>> {
        let heard = self.socket.poll_value(context);
        // A large message may take longer to come than an answer may.
        if self.socket.take_has_read() || heard.is_ready() {
            self.quiet_since = Instant::now();
        }
        let value = ready!(heard)?;
        Poll::Ready(self.take(value))
    }

    fn take(&mut self, value: Value) -> RedisResult<Heard> {
        let value = match value.extract_error() {
            Ok(value) => value,
            Err(error) => return self.refused(error),
        };
        let kind = match &value {
            Value::Array(parts) => match parts.first() {
                Some(Value::BulkString(kind)) => kind.as_slice(),
                _ => return Err(not_expected()),
            },
            // Without subscriptions it answers a PING as it does others.
            _ => b"pong",
        };
        match kind {
            b"message" | b"pmessage" => Msg::from_owned_value(value)
                .map(Heard::Message)
                .ok_or_else(not_expected),
            b"smessage" => sharded(value).map(Heard::Message).ok_or_else(not_expected),
            b"pong" => match self.awaited.pop_front() {
                Some(Awaited::Pong { is_mark: true }) => Ok(Heard::Mark),
                Some(Awaited::Pong { is_mark: false }) => Ok(Heard::Answer),
                _ => Err(not_expected()),
            },
            _ => self.confirm(),
        }
    }

    fn confirm(&mut self) -> RedisResult<Heard> {
        let Some(Awaited::Change(left) | Awaited::Request(left, _)) = self.awaited.front_mut()
        else {
            return Err(not_expected());
        };
        *left = left.saturating_sub(1);
        if *left == 0
            && let Some(Awaited::Request(_, request)) = self.awaited.pop_front()
        {
            request.answer(Ok(()));
        }
        Ok(Heard::Answer)
    }

    fn refused(&mut self, error: RedisError) -> RedisResult<Heard> {
        match self.awaited.pop_front() {
            Some(Awaited::Request(_, request)) => {
                request.undo(&mut self.list);
                let error = self.refusal(&request.change, &error);
                Ok(Heard::Refused(request, error))
            }
            // A refusal is an answer.
            Some(Awaited::Pong { is_mark: true }) => Ok(Heard::Mark),
            Some(Awaited::Pong { is_mark: false }) => Ok(Heard::Answer),
            Some(Awaited::Change(_)) => Ok(Heard::Unchanged(error)),
            None => Err(error),
        }
    }

    fn refusal(&self, change: &Change, error: &RedisError) -> Error {
        let server = self.shared.config.address();
        let command = change.command();
        let name = name(&command);
        let reason = match (error.code(), error.detail()) {
            (Some(code), Some(detail)) => printable(&format!("{code}: {detail}")),
            _ => printable(&error.to_string()),
        };
        let advice = match error.code() {
            Some("NOPERM") => "; give the user of the config the right to the channel",
            _ => "",
        };
        let text = format!("the server refuses `{name}`: {reason}{advice}");
        let Subject { component, key } = &self.shared.subject;
        Error::new(ErrorKind::ServerRefused, text).about(component, key, Some(&server))
    }
}

/// Refuses sharded channels of a cluster.
pub(super) fn demand_one_server(shared: &Shared, has_sharded: bool) -> Result<(), Error> {
    if !has_sharded || shared.client.single("").is_ok() {
        return Ok(());
    }
    let text = "sharded channels of a cluster are each on one node, and a `Subscriber` has one connection; use \
                `subscribe` and `PUBLISH`, which all nodes pass on";
    let Subject { component, key } = &shared.subject;
    let error = Error::new(ErrorKind::NeedsSingleServer, text);
    Err(error.about(component, key, Some(&shared.config.address())))
}

/// Returns the message of a sharded channel, which redis-rs knows as a push only.
fn sharded(value: Value) -> Option<Msg> {
    let Value::Array(mut data) = value else {
        return None;
    };
    data.remove(0);
    let kind = PushKind::SMessage;
    Msg::from_push_info(PushInfo { kind, data })
}

fn not_expected() -> RedisError {
    let text = "the server sends what a subscriber does not expect";
    RedisError::from((redis::ErrorKind::Parse, text))
}
