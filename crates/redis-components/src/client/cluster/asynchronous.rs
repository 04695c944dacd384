//! The client of a cluster that the asynchronous calls of one tokio runtime share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use redis::{Cmd, Pipeline, RedisError, RedisResult, Value};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::lifetime::Lifetime;
use super::map::ClusterMap;
use super::member::{Attempt, Opener};
use super::members::Members;
use super::plan::{Goal, Piece, Plan};
use super::reads::only_reads;
use super::redirect::refusal;
use super::rounds::{Batch, Next, Rounds, timed_out, without_asking};
use super::route::{Route, route};
use super::slot_table::NodeNumber;
use crate::background::Background;
use crate::client::commands::is_script;
use crate::client::multiplexed::Multiplexed;
use crate::client::multiplexed::socket::Socket;
use crate::client::opening::Opening;
use crate::clock::Tick;
use crate::error::{Error, ErrorKind};
use crate::fork::{Process, in_this_process};
use crate::settings::timeouts::Timeouts;
use crate::telemetry::component::{Subject, resent};
use crate::transport::failure::Failure;
use crate::transport::node::Node;

/// The clients of a cluster's nodes on one runtime, and the way to the right one.
pub(crate) struct ClusterClient {
    members: Members<OnRuntime>,
    /// The clients of replicas, if reads go there.
    readers: Option<Members<OnRuntime>>,
    timeouts: Timeouts,
    subject: Subject,
    background: Option<Background>,
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
    /// Reads the table, and connects to the primaries on the current runtime. All have to answer
    /// until they all have answered once; then one is enough.
    pub(crate) async fn open(opening: &Opening) -> Result<Self, Failure> {
        let Opening {
            timeouts,
            background,
            ..
        } = opening;
        let map = opening
            .shared
            .clusters
            .of(&opening.config, *timeouts, background.as_ref())
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

    /// Returns `true` if this process made the client, and not an earlier process from which it was
    /// forked.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process.is_current()
    }

    /// Returns the connections as seen from outside.
    pub(crate) fn sockets(&self) -> Vec<Arc<Socket>> {
        let clients = self.members.all();
        clients
            .iter()
            .flat_map(|client| client.sockets().cloned())
            .collect()
    }

    /// Sends a command to the node of its keys.
    pub(crate) async fn send(&self, command: &Cmd, stays: Stays<'_>) -> RedisResult<Value> {
        let started = Tick::now();
        let route = route(command).map_err(|error| self.about(error))?;
        if let (Some(readers), Route::Slot(slot)) = (&self.readers, route)
            && only_reads(command)
            && let Some(reply) = self.read(readers, slot, command).await
        {
            return reply;
        }
        let mut first = None;
        if let Route::Slot(slot) = route
            && let Some(node) = self.map().table.owner(slot)
            && let Some(client) = self.members.living(node)
        {
            let reply = self.note(client.send(client.pick(), command).await)?;
            if !self.is_refused(&reply, command, node) {
                return Ok(reply);
            }
            first = Some((node, reply));
        }
        let plan = self.plan([command])?;
        let mut replies = self.run(plan, first, started, stays).await?;
        Ok(replies.pop().unwrap_or(Value::Nil))
    }

    /// Reads from a replica. Returns `None` if there is none that can be used, and the primary has to
    /// answer.
    async fn read(
        &self,
        readers: &Members<OnRuntime>,
        slot: u16,
        command: &Cmd,
    ) -> Option<RedisResult<Value>> {
        let Some(node) = readers.replica_of(slot) else {
            self.map().ask_for_replicas(self.background.as_ref());
            return None;
        };
        let client = match readers.living(node) {
            Some(client) => client,
            // The primary is left the time to answer.
            None => timeout(self.timeouts.response / 2, readers.get(node))
                .await
                .ok()?
                .ok()?,
        };
        let reply = self.note(client.send(client.pick(), command).await);
        match &reply {
            Ok(answer) if self.is_refused(answer, command, node) => None,
            _ => Some(reply),
        }
    }

    /// Sends a pipeline or transaction.
    pub(crate) async fn send_all(
        &self,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
        stays: Stays<'_>,
    ) -> RedisResult<Vec<Value>> {
        let started = Tick::now();
        if pipeline.is_transaction() {
            return self.transact(pipeline, offset, count, started, stays).await;
        }
        let plan = self.plan(pipeline.cmd_iter())?;
        let replies = self.run(plan, None, started, stays).await?;
        Ok(replies.into_iter().skip(offset).take(count).collect())
    }

    fn plan<'a>(&self, commands: impl IntoIterator<Item = &'a Cmd>) -> Result<Plan<'a>, Error> {
        Plan::of(commands, || self.map().table.primaries()).map_err(|error| self.about(error))
    }

    fn is_refused(&self, reply: &Value, command: &Cmd, node: NodeNumber) -> bool {
        matches!(reply, Value::ServerError(_))
            && self
                .map()
                .table
                .address(node)
                .is_some_and(|by| refusal(reply, is_script(command), &by).is_some())
    }

    /// Sends pieces, and again those that were refused, within the response timeout.
    async fn run(
        &self,
        plan: Plan<'_>,
        mut first: Option<(NodeNumber, Value)>,
        started: Tick,
        stays: Stays<'_>,
    ) -> RedisResult<Vec<Value>> {
        let mut rounds = Rounds::new(&plan.pieces);
        loop {
            match first.take() {
                Some((node, reply)) => rounds.take_first(node, reply),
                None => {
                    let batches = rounds.batches(|goal| self.find(goal));
                    let sending = batches
                        .iter()
                        .map(|batch| self.send_batch(batch, &plan.pieces));
                    let sent = timeout(self.left(started), join_all(sending)).await;
                    let results = sent.map_err(|_| timed_out())?;
                    for (batch, result) in batches.iter().zip(results) {
                        rounds.take(batch, result?);
                    }
                }
            }
            let Next::Again(again) = rounds.judge(self.map()) else {
                break;
            };
            self.refresh(again.knows_best);
            if !self.has_time(started, again.pause, stays).await {
                break;
            }
            (0..again.pieces).for_each(|_| resent(&self.subject));
        }
        let replies = rounds.finish();
        Ok(plan.merge(replies))
    }

    /// Sends pieces to their node in one write.
    async fn send_batch(&self, batch: &Batch, pieces: &[Piece<'_>]) -> RedisResult<Vec<Value>> {
        let client = self.client(batch.node).await?;
        let number = client.pick();
        let result = match batch.items.as_slice() {
            [item] if !item.is_asking => {
                let reply = client.send(number, &pieces[item.piece].command).await;
                reply.map(|reply| vec![reply])
            }
            items => {
                let mut pipeline = redis::pipe();
                for item in items {
                    if item.is_asking {
                        pipeline.cmd("ASKING");
                    }
                    pipeline.add_command(pieces[item.piece].command.clone().into_owned());
                }
                let replies = client.send_all(number, &pipeline, 0, pipeline.len()).await;
                replies
                    .map(|replies| without_asking(items.iter().map(|item| item.is_asking), replies))
            }
        };
        self.note(result)
    }

    /// Returns the client of a node.
    pub(super) async fn client(&self, node: NodeNumber) -> Result<Arc<Multiplexed>, Error> {
        self.members.get(node).await.map_err(|failure| {
            self.refresh(None);
            if self.members.are_lost() {
                self.is_lost.store(true, Ordering::Release);
            }
            node_error(self.map(), &self.subject, node, failure)
        })
    }

    /// Returns the primaries, those first that can be used.
    pub(super) fn primaries(&self) -> Vec<NodeNumber> {
        self.members.by_use()
    }

    pub(super) fn response_timeout(&self) -> Duration {
        self.timeouts.response
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

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
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
    failure: Failure,
) -> Error {
    let server = map
        .table
        .address(node)
        .map(|address| address.to_string())
        .unwrap_or_default();
    let reason = &failure.message;
    let text = format!("the node {server} of its cluster cannot be used: {reason}");
    let error = Error::new(failure.cause.error_kind(), text);
    let error = error.about(&subject.component, &subject.key, Some(&server));
    match failure.shown_source() {
        Some(source) => error.with_source(source),
        None => error,
    }
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
