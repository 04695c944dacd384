//! The client of a cluster that the asynchronous calls of one tokio runtime share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::{RedisError, RedisResult};
use tokio::runtime::Handle;

use super::lifetime::Lifetime;
use super::map::ClusterMap;
use super::member::{Attempt, Opener};
use super::members::Members;
use super::node_number::NodeNumber;
use super::plan::Goal;
use crate::background::Background;
use crate::client::multiplexed::Multiplexed;
use crate::client::multiplexed::socket::Socket;
use crate::client::opening::Opening;
use crate::clock::Tick;
use crate::error::{Error, ErrorKind};
use crate::fork::{Process, in_this_process};
use crate::settings::timeouts::Timeouts;
use crate::telemetry::component::Subject;
use crate::transport::failure::Failure;
use crate::transport::node::Node;

/// The clients of a cluster's nodes on one runtime, and the way to the right one.
pub(crate) struct ClusterClient {
    pub(super) members: Members<OnRuntime>,
    /// The clients of replicas, if reads go there.
    pub(super) readers: Option<Members<OnRuntime>>,
    pub(super) timeouts: Timeouts,
    pub(super) subject: Subject,
    pub(super) background: Option<Background>,
    process: Process,
    /// Whether no node can be used any more.
    is_lost: AtomicBool,
    runtime: Lifetime,
}

/// Opens the clients of nodes on a runtime.
#[derive(Clone)]
pub(crate) struct OnRuntime {
    runtime: Handle,
    connections: usize,
    timeouts: Timeouts,
    background: Option<Background>,
}

/// Whether a call's component still has the config that its client was made from.
pub(crate) type Stays<'a> = &'a (dyn Fn() -> bool + Sync);

impl Opener for OnRuntime {
    type Client = Multiplexed;

    fn open(&self, node: Arc<Node>, attempt: Attempt<Multiplexed>) {
        let (connections, timeouts) = (self.connections, self.timeouts);
        let background = self.background.clone();
        self.runtime.spawn(in_this_process(async move {
            let opened = Multiplexed::open(node, connections, timeouts, background).await;
            attempt.finish(opened);
        }));
    }

    fn is_closed(client: &Multiplexed) -> bool {
        client.is_closed()
    }

    fn take_early_end(client: &Multiplexed) -> Option<Failure> {
        client.take_early_end().map(Failure::closed_early)
    }
}

impl ClusterClient {
    /// Reads the table, and connects to the primaries on the current runtime. Until all primaries
    /// have answered once, each of them has to answer, unless the config does not require full
    /// coverage. Then one is enough.
    pub(crate) async fn open(opening: &Opening) -> Result<Self, Failure> {
        let Opening {
            timeouts,
            background,
            ..
        } = opening;
        let map = opening
            .shared
            .clusters
            .of(
                &opening.config,
                &opening.policy,
                *timeouts,
                &opening.subject,
                background.as_ref(),
            )
            .await?;
        let runtime = Handle::current();
        let opener = OnRuntime {
            runtime: runtime.clone(),
            connections: opening.connections,
            timeouts: *timeouts,
            background: background.clone(),
        };
        let readers = Members::readers(&map, opener.clone());
        let members = Members::new(map, opener);
        members.prove().await?;
        Ok(Self {
            members,
            readers,
            timeouts: *timeouts,
            subject: opening.subject.clone(),
            background: background.clone(),
            process: Process::current(),
            is_lost: AtomicBool::new(false),
            runtime: Lifetime::of(&runtime),
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_lost.load(Ordering::Acquire) || self.runtime.has_ended()
    }

    /// Returns the addresses of the primaries, for people.
    pub(crate) fn nodes(&self) -> Vec<String> {
        self.map().nodes()
    }

    /// Returns which node cannot be used, and why.
    pub(crate) fn problem(&self) -> Option<String> {
        let of_readers = || self.readers.as_ref().and_then(Members::problem);
        self.members.problem().or_else(of_readers)
    }

    /// Returns `true` if this process made the client, and not an earlier process from which it was
    /// forked.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process.is_current()
    }

    /// Returns the connections as seen from outside.
    pub(crate) fn sockets(&self) -> Vec<Arc<Socket>> {
        let mut clients = self.members.all();
        clients.extend(self.readers.iter().flat_map(Members::all));
        clients
            .iter()
            .flat_map(|client| client.sockets().cloned())
            .collect()
    }

    /// Returns the client of a node.
    pub(super) async fn client(&self, node: NodeNumber) -> Result<Arc<Multiplexed>, Error> {
        self.members.get(node).await.map_err(|failure| {
            self.refresh(None);
            if self.members.are_lost() {
                self.is_lost.store(true, Ordering::Release);
            }
            node_error(self.map(), &self.subject, node, &failure)
        })
    }

    /// Returns the primaries, those first that can be used.
    pub(super) fn primaries(&self) -> Vec<NodeNumber> {
        self.members.by_use()
    }

    /// Returns the node that serves a goal.
    pub(super) fn find(&self, goal: Goal) -> Option<NodeNumber> {
        self.members.find(goal)
    }

    /// Notes how a request to a node ended. A node that is silent or gone may have a successor.
    pub(super) fn note<T>(&self, result: RedisResult<T>) -> RedisResult<T> {
        if result.as_ref().is_err_and(RedisError::is_io_error) {
            self.refresh(None);
        }
        result
    }

    pub(super) fn refresh(&self, knows_best: Option<NodeNumber>) {
        self.map()
            .ask_for_refresh(knows_best, self.background.as_ref());
    }

    pub(super) fn map(&self) -> &Arc<ClusterMap> {
        &self.members.map
    }

    pub(super) fn left(&self, started: Tick) -> Duration {
        self.timeouts.response.saturating_sub(started.elapsed())
    }

    /// Makes the pause before commands are sent again. Returns `false` if that is of no use: the
    /// time is over, or the component has moved.
    pub(super) async fn has_time(
        &self,
        started: Tick,
        pause: Option<Duration>,
        stays: Stays<'_>,
    ) -> bool {
        let left = self.left(started);
        let pause = pause.unwrap_or_default();
        if pause >= left || !stays() {
            return false;
        }
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        stays() && !self.left(started).is_zero()
    }

    pub(crate) fn about(&self, error: Error) -> Error {
        let Subject { component, key } = &self.subject;
        error.about(component, key, None)
    }
}

/// Returns the error of a call whose node cannot be used.
pub(super) fn node_error(
    map: &ClusterMap,
    subject: &Subject,
    node: NodeNumber,
    failure: &Failure,
) -> Error {
    let server = map
        .table
        .address(node)
        .map(|address| address.to_string())
        .unwrap_or_default();
    let reason = &failure.message;
    let text = format!("the node {server} of its cluster cannot be used: {reason}");
    let error = Error::new(failure.cause.error_kind(), text);
    error.about(&subject.component, &subject.key, Some(&server))
}

/// Returns the error of a call to a cluster of which no node is known.
pub(super) fn no_nodes() -> Error {
    Error::new(
        ErrorKind::ServerUnreachable,
        "no node of its cluster is known",
    )
}

impl fmt::Debug for ClusterClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterClient")
            .field("members", &self.members)
            .finish_non_exhaustive()
    }
}
