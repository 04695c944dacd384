//! One sentinel: connected to, subscribed to, asked, and connected to again.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use redis::aio::{AsyncPushSender, MultiplexedConnection, SendError};
use redis::{
    AsyncConnectionConfig, ProtocolVersion, PushInfo, PushKind, RedisError, RedisResult, Value,
};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{sleep, timeout};

use super::names::all_names;
use super::replies::{self, Answer, Replicas, SWITCHES};
use crate::backoff::Backoff;
use crate::config::ComponentConfig;
use crate::config::endpoint::Address;
use crate::config::host_guard::HostGuard;
use crate::settings::policy::Policy;
use crate::settings::timeouts::Timeouts;
use crate::transport::asynchronous::{Opened, open_bounded};
use crate::transport::contents::resolve::resolve;
use crate::transport::contents::sources::Sources;
use crate::transport::demand::Demand;
use crate::transport::error_codes::refuses_resp3;
use crate::transport::failure::{Cause, Failure};
use crate::transport::node::Node;
use crate::transport::reply_bounds::ReplyBounds;

/// How long a sentinel may take to answer.
pub(super) const ANSWERS_WITHIN: Duration = Duration::from_millis(300);
/// After this many questions in a row without an answer, the connection is given up.
const SILENT_AFTER: u32 = 3;
/// A connection that has lasted this long was not closed early.
const LASTS: Duration = Duration::from_secs(1);
/// In one of this many rounds a sentinel is asked for its peers as well.
const PEERS_EVERY: u64 = 10;

/// The connection to one sentinel.
pub(super) struct Link {
    pub(super) number: u64,
    /// Where the sentinel is, and the login to it.
    pub(super) config: ComponentConfig,
    pub(super) service: Arc<str>,
    pub(super) policy: Arc<Policy>,
    pub(super) sources: Arc<Sources>,
    pub(super) connect: Duration,
    /// The newest round, in which every sentinel is asked.
    pub(super) rounds: watch::Receiver<Round>,
    pub(super) reports: mpsc::UnboundedSender<Report>,
    /// Wakes the watch if a sentinel publishes that the primary is elsewhere. However often it does
    /// so, the watch wakes once.
    pub(super) switched: Arc<Notify>,
}

/// A round in which every sentinel is asked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    pub(super) number: u64,
    pub(super) depth: Depth,
}

/// What is asked in a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Depth {
    /// Who is the primary.
    #[default]
    Primary,
    /// The replicas as well.
    Replicas,
    /// The replicas as well, and the addresses that their names and the primary's stand for.
    Names,
}

/// What one sentinel did.
#[derive(Debug)]
pub(super) struct Report {
    /// The link's number.
    pub(super) link: u64,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// It answered in a round.
    Answered {
        round: u64,
        answer: Answer,
        /// The addresses that the primary's name stands for, if they were looked up.
        aliases: Vec<Address>,
        replicas: Replicas,
        /// The other sentinels that it knows, if it was asked.
        peers: Option<Vec<Address>>,
        /// The address that it was reached at.
        reached: Option<SocketAddr>,
    },
    /// It did not answer in this round.
    Silent { round: u64 },
    /// It cannot be connected to, or the connection has ended.
    Lost(Failure),
}

impl Link {
    /// Keeps the link, until the task is aborted.
    pub(super) async fn keep(mut self) {
        let mut backoff = Backoff::new(Backoff::SERVER_DOWN);
        loop {
            let begun = Instant::now();
            let Err(failure) = self.session().await;
            if begun.elapsed() >= LASTS {
                backoff = Backoff::new(Backoff::SERVER_DOWN);
            }
            self.report(What::Lost(failure));
            sleep(backoff.next()).await;
        }
    }

    fn report(&self, what: What) {
        let link = self.number;
        // An error says that the watcher has ended, and this task with it.
        let _ = self.reports.send(Report { link, what });
    }

    /// Connects, and asks in each round while the connection lasts.
    async fn session(&mut self) -> Result<Infallible, Failure> {
        // As it is now: the next connect reads it again.
        let config = resolve(&self.config, &self.sources, self.connect).await?;
        let node = Node::prepare_for(Demand::Nothing, &config, &self.policy, self.connect);
        let node = node.await?;
        let guard = HostGuard::new(&config);
        let opened = self.open(&node).await;
        if opened
            .as_ref()
            .is_err_and(|failure| failure.cause == Cause::Refused)
        {
            self.sources.note_refused(node.login());
        }
        let (opened, hears) = opened?;
        let reached = opened.socket.peer().ok().flatten();
        let (mut connection, driver) = opened.into_parts();
        let work = pin!(async {
            if hears {
                // A read that is sent after this misses no switch.
                subscribe(&mut connection).await?;
            }
            self.ask_in_rounds(&mut connection, &guard, reached).await
        });
        match select(driver, work).await {
            Either::Left(((), _)) => {
                Err(Failure::unreachable("the sentinel closed the connection"))
            }
            Either::Right((result, _)) => result,
        }
    }

    /// Connects. The flag says whether the connection brings what the sentinel publishes.
    async fn open(&self, node: &Node) -> Result<(Opened, bool), Failure> {
        let timeouts = Timeouts {
            connect: self.connect,
            response: ANSWERS_WITHIN,
        };
        let heard = Switches {
            service: Arc::clone(&self.service),
            switched: Arc::clone(&self.switched),
        };
        let settings = AsyncConnectionConfig::new().set_push_sender(heard);
        let bounds = ReplyBounds::TOPOLOGY;
        match open_bounded(node, ProtocolVersion::RESP3, timeouts, bounds, settings).await {
            Ok(opened) => Ok((opened, true)),
            // Some proxies close the connection when they get an unknown command.
            Err(failure)
                if failure.source.as_ref().is_some_and(refuses_resp3)
                    || failure.cause == Cause::ClosedOnHello =>
            {
                let settings = AsyncConnectionConfig::new();
                let protocol = ProtocolVersion::RESP2;
                let opened = open_bounded(node, protocol, timeouts, bounds, settings).await?;
                Ok((opened, false))
            }
            Err(failure) => Err(failure),
        }
    }

    async fn ask_in_rounds(
        &mut self,
        connection: &mut MultiplexedConnection,
        guard: &HostGuard,
        reached: Option<SocketAddr>,
    ) -> Result<Infallible, Failure> {
        let mut silent = 0;
        for number in 0_u64.. {
            let round = *self.rounds.borrow_and_update();
            let asks_for_peers = number.is_multiple_of(PEERS_EVERY);
            let Round {
                number: round,
                depth,
            } = round;
            match ask(connection, &self.service, guard, depth, asks_for_peers).await {
                Ok((answer, mut replicas, peers)) => {
                    silent = 0;
                    let mut aliases = Vec::new();
                    if depth == Depth::Names {
                        // What takes longer is not waited for.
                        let looked_up =
                            all_names(&self.policy, &answer, &mut aliases, &mut replicas);
                        let _ = timeout(ANSWERS_WITHIN, looked_up).await;
                    }
                    self.report(What::Answered {
                        round,
                        answer,
                        aliases,
                        replicas,
                        peers,
                        reached,
                    });
                }
                Err(error) if error.is_timeout() => {
                    silent += 1;
                    if silent >= SILENT_AFTER {
                        return Err(error.into());
                    }
                    self.report(What::Silent { round });
                }
                Err(error) => return Err(error.into()),
            }
            if self.rounds.changed().await.is_err() {
                break;
            }
        }
        Err(Failure::unreachable("the watch has ended"))
    }
}

/// Subscribes, unless the user may not: then each round finds what is not heard.
async fn subscribe(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    match connection.subscribe(SWITCHES).await {
        Err(error) if error.code().is_some() => Ok(()),
        result => result,
    }
}

/// Asks for the primary, for the replicas if `depth` says so, and for the other sentinels if
/// `for_peers` does, in one round trip.
async fn ask(
    connection: &mut MultiplexedConnection,
    service: &str,
    guard: &HostGuard,
    depth: Depth,
    for_peers: bool,
) -> RedisResult<(Answer, Replicas, Option<Vec<Address>>)> {
    let mut pipeline = redis::pipe();
    pipeline.ignore_errors();
    let for_replicas = depth != Depth::Primary;
    let questions = [
        ("GET-MASTER-ADDR-BY-NAME", true),
        ("MASTER", true),
        ("REPLICAS", for_replicas),
        ("SENTINELS", for_peers),
    ];
    for (question, _) in questions.iter().filter(|(_, is_asked)| *is_asked) {
        pipeline.cmd("SENTINEL").arg(question).arg(service);
    }
    let replies: Vec<Result<Value, RedisError>> = pipeline.query_async(connection).await?;
    let mut replies = replies.into_iter();
    let mut next = || replies.next().unwrap_or(Ok(Value::Nil));
    let answer = replies::answer(next(), next(), guard);
    let replicas = if for_replicas {
        Replicas::of(next(), guard)
    } else {
        Replicas::NotAsked
    };
    let peers = for_peers
        .then(|| next().map_or_else(|_| Vec::new(), |reply| replies::peers(&reply, guard)));
    Ok((answer, replicas, peers))
}

/// Hears where frames are parsed that the primary is elsewhere.
#[derive(Clone)]
struct Switches {
    service: Arc<str>,
    switched: Arc<Notify>,
}

impl AsyncPushSender for Switches {
    fn send(&self, push: PushInfo) -> Result<(), SendError> {
        if push.kind == PushKind::Message
            && let [_, Value::BulkString(message)] = push.data.as_slice()
            && replies::is_about(&self.service, message)
        {
            self.switched.notify_one();
        }
        Ok(())
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("number", &self.number)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}
