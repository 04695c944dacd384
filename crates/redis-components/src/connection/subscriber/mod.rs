//! A subscriber that follows its component.

mod driver;
pub(crate) mod event;
mod leaving;
mod line;
mod look;
mod queue;
mod subscriptions;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use redis::ToRedisArgs;
use tokio::sync::{mpsc, oneshot};

use self::driver::Driver;
use self::event::SubscriberEvent;
use self::line::Request;
use self::look::Home;
use self::queue::Queue;
use self::subscriptions::{Change, Kind};
use super::driven::Driven;
use crate::clock::Wait;
use crate::error::{Error, ErrorKind};
use crate::fork::{MADE_BEFORE_FORK, Owned, in_this_process};
use crate::slot::Slot;

/// How many requests wait for the driver. Each is awaited, so there are more only if their futures
/// are dropped.
const REQUESTS: usize = 16;

/// A subscriber that follows its component: it subscribes on the new server before it leaves the old
/// one.
///
/// The first parameter of an `async fn` that hears what is published. It has a connection of its
/// own, which is closed when it is dropped.
///
/// ```no_run
/// use redis_components::{Error, Subscriber, SubscriberEvent};
///
/// pub async fn listen(subscriber: &mut Subscriber, channel: &str) -> Result<(), Error> {
///     subscriber.subscribe(channel).await?;
///     while let Some(event) = subscriber.next().await {
///         match event? {
///             SubscriberEvent::Message(message) => println!("{}", message.get_channel_name()),
///             event if event.is_gap() => println!("the connection was lost; read the state anew"),
///             _ => {}
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// # When the component moves
///
/// The subscriber connects to the new server, subscribes there to everything and waits for all
/// confirmations. Then it reads what the old server has published up to then, and only after that
/// what the new server publishes. It listens to the old server for another second and the
/// component's `wait`, because calls that began before the move may still publish there. If one of
/// the servers replicates the other, what is published meanwhile **may come twice**. Messages of one
/// server keep their order.
///
/// So nothing is missed that is published on the old server up to the end of that time, or on the
/// new server after the subscriber has subscribed there. While `redis-components move` moves the
/// data, nothing is missed at all: one of the two servers replicates the other, and passes on to its
/// replica what is published on it.
///
/// # When a connection is lost
///
/// It connects and subscribes again, with a pause that grows to half a second. Messages may have
/// been missed then, and the reader is told: [`SubscriberEvent::Resubscribed`] with `gap` set. A
/// server of which nothing is heard for five seconds is asked for an answer, within the response
/// timeout.
///
/// # When the reader is slow
///
/// At most 1024 messages or 8 MiB wait for the reader, and one more. Then nothing is read from the
/// server, which closes the connection when its own bound is reached (`client-output-buffer-limit
/// pubsub`, by default 32 MiB, or 8 MiB for a minute). What it had sent is delivered, and the gap is
/// reported. (A `PubSub` of redis-rs keeps every message in memory.) While a call such as
/// [`subscribe`](Self::subscribe) waits for its answer, messages are read without that bound.
///
/// # The end
///
/// The stream ends after [`shutdown`](crate::shutdown), and if the config says `"disabled": true`.
/// With `after-move = "stay"` it also ends if the component has moved and the connection to the old
/// server is lost, or is [cut](crate::Settings::cut_at_drain_deadline). The last item is the error.
pub struct Subscriber {
    /// `None` after the end in a child.
    inner: Option<Owned<Inner>>,
}

struct Inner {
    queue: Arc<Queue>,
    requests: mpsc::Sender<Request>,
    _driver: Driven,
}

impl Subscriber {
    /// Connects to the component's current server. If `follows` is not set, the subscriber stays
    /// there.
    pub(crate) async fn open(
        slot: Arc<Slot>,
        wait: Duration,
        follows: bool,
    ) -> Result<Self, Error> {
        let home = Home {
            slot,
            wait: Wait::of(wait),
            follows,
        };
        let revision = home.revision();
        let line = home.clone().first_line().await?;
        let queue = Arc::<Queue>::default();
        let (requests, received) = mpsc::channel(REQUESTS);
        let lingers = home.lingers(wait);
        let driver = Driver::new(
            home,
            lingers,
            (line, revision),
            received,
            Arc::clone(&queue),
        );
        let inner = Inner {
            queue,
            requests,
            _driver: Driven::spawn(in_this_process(driver.run())),
        };
        Ok(Self {
            inner: Some(Owned::new(inner)),
        })
    }

    /// Subscribes to channels. Returns when the server has confirmed all of them.
    ///
    /// If the returned future is dropped, they are subscribed nevertheless.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses, or the connection is lost and the next one cannot be
    /// opened at once. Then none of them is subscribed that was not before.
    pub async fn subscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.add(Kind::Channel, channels).await
    }

    /// Subscribes to patterns, as [`subscribe`](Self::subscribe) does to channels.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses, or the connection is lost and the next one cannot be
    /// opened at once.
    pub async fn psubscribe(&mut self, patterns: impl ToRedisArgs) -> Result<(), Error> {
        self.add(Kind::Pattern, patterns).await
    }

    /// Subscribes to sharded channels of a single server, as [`subscribe`](Self::subscribe) does to
    /// others. Servers know them from Redis 7 on.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NeedsSingleServer`](crate::ErrorKind::NeedsSingleServer) if the component
    /// is a cluster, where each of these channels is on one of the nodes. Otherwise it returns an
    /// error if the server refuses, or the connection is lost and the next one cannot be opened at
    /// once.
    pub async fn ssubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.add(Kind::Sharded, channels).await
    }

    /// Ends subscriptions to channels, or to all channels if none is named. Their messages that have
    /// come are delivered.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses, or the connection is lost and the next one cannot be
    /// opened at once. They do not come back with the next connection.
    pub async fn unsubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.change(Kind::Channel, false, channels).await
    }

    /// Ends subscriptions to patterns, as [`unsubscribe`](Self::unsubscribe) does to channels.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses, or the connection is lost and the next one cannot be
    /// opened at once.
    pub async fn punsubscribe(&mut self, patterns: impl ToRedisArgs) -> Result<(), Error> {
        self.change(Kind::Pattern, false, patterns).await
    }

    /// Ends subscriptions to sharded channels, as [`unsubscribe`](Self::unsubscribe) does to others.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses, or the connection is lost and the next one cannot be
    /// opened at once.
    pub async fn sunsubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.change(Kind::Sharded, false, channels).await
    }

    /// Returns the next message, or what happened to the connection. Returns `None` after the last
    /// error, or when the runtime ends.
    ///
    /// Nothing is lost if the returned future is dropped. This is also a [`Stream`].
    pub async fn next(&mut self) -> Option<Result<SubscriberEvent, Error>> {
        poll_fn(|context| self.poll_item(context)).await
    }

    /// Makes subscriptions. Redis knows no subscription to nothing.
    async fn add(&mut self, kind: Kind, names: impl ToRedisArgs) -> Result<(), Error> {
        let names = names.to_redis_args();
        if names.is_empty() {
            return Ok(());
        }
        self.change(kind, true, names).await
    }

    async fn change(
        &mut self,
        kind: Kind,
        adds: bool,
        names: impl ToRedisArgs,
    ) -> Result<(), Error> {
        let names = names.to_redis_args();
        let inner = self.inner.as_mut().and_then(Owned::get_mut);
        let requests = &inner.ok_or_else(made_before_fork)?.requests;
        let (answer, answered) = oneshot::channel();
        let request = Request {
            change: Change { kind, adds, names },
            fresh: Vec::new(),
            answer,
        };
        // An error says that the driver has ended, and then the answer is an error as well.
        let _ = requests.send(request).await;
        answered.await.unwrap_or_else(|_| Err(has_ended()))
    }

    fn poll_item(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<SubscriberEvent, Error>>> {
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        match inner.get_mut() {
            Some(inner) => inner.queue.poll_next(context),
            None => {
                self.inner = None;
                Poll::Ready(Some(Err(made_before_fork())))
            }
        }
    }
}

impl Stream for Subscriber {
    type Item = Result<SubscriberEvent, Error>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<SubscriberEvent, Error>>> {
        self.poll_item(context)
    }
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber").finish_non_exhaustive()
    }
}

fn made_before_fork() -> Error {
    Error::new(ErrorKind::NoRuntime, MADE_BEFORE_FORK)
}

fn has_ended() -> Error {
    let text = "the subscriber has ended: redis-components or the tokio runtime was shut down, or the component is \
                switched off";
    Error::new(ErrorKind::ShutDown, text)
}
