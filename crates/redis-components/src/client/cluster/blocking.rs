//! The client of a cluster that the threads of a process share: a pool for each node.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::asynchronous::node_error;
use super::map::ClusterMap;
use super::member::{Attempt, Opener};
use super::members::Members;
use super::node_number::NodeNumber;
use super::plan::Goal;
use crate::background::Background;
use crate::client::blocking::pool::Pool;
use crate::client::opening::Opening;
use crate::error::Error;
use crate::fork::Process;
use crate::os_thread;
use crate::settings::timeouts::Timeouts;
use crate::telemetry::component::Subject;
#[cfg(feature = "metrics")]
use crate::telemetry::gauges::PoolUse;
use crate::transport::failure::Failure;
use crate::transport::node::Node;

/// The pools of a cluster's nodes, and the way to the right one.
pub(crate) struct ClusterPools {
    members: Members<OnThreads>,
    /// The pools of replicas, if reads go there.
    readers: Option<Members<OnThreads>>,
    pub(super) timeouts: Timeouts,
    pub(super) subject: Subject,
    /// Whether the settings give the config.
    pub(super) is_fixed: bool,
    background: Option<Background>,
    process: Process,
    /// Whether no node can be used any more.
    is_lost: AtomicBool,
}

/// Opens the pools of nodes, each on a thread of its own.
#[derive(Clone)]
pub(crate) struct OnThreads {
    max_connections: Option<usize>,
    timeouts: Timeouts,
    subject: Subject,
}

impl Opener for OnThreads {
    type Client = Pool;

    fn open(&self, node: Arc<Node>, attempt: Attempt<Pool>) {
        let (size, timeouts, subject) = (self.max_connections, self.timeouts, self.subject.clone());
        // If the thread does not start, the attempt is dropped with it, and has failed.
        let _ = os_thread::start("redis-components-connect", move || {
            attempt.finish(Pool::open(node, size, timeouts, subject));
        });
    }

    fn is_closed(client: &Pool) -> bool {
        client.is_closed()
    }

    fn take_early_end(client: &Pool) -> Option<Failure> {
        client.take_early_end()
    }
}

impl ClusterPools {
    /// Reads the table, and opens a pool for each primary. Until all primaries have answered once,
    /// each of them has to answer, unless the config does not require full coverage. Then one is
    /// enough.
    pub(crate) fn open(opening: &Opening) -> Result<Self, Failure> {
        let Opening {
            config,
            policy,
            timeouts,
            subject,
            background,
            ..
        } = opening;
        let opener = OnThreads {
            max_connections: config.max_connections(),
            timeouts: *timeouts,
            subject: subject.clone(),
        };
        // Nodes are asked as tasks ask them.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| Failure::from(redis::RedisError::from(error)))?;
        let members = runtime.block_on(async {
            let map = opening
                .shared
                .clusters
                .of(config, policy, *timeouts, subject, background.as_ref())
                .await?;
            let readers = Members::readers(&map, opener.clone());
            let members = Members::new(map, opener);
            members.prove().await.map(|()| (members, readers))
        });
        // A name that is still being resolved is not waited for.
        runtime.shutdown_background();
        let (members, readers) = members?;
        Ok(Self {
            members,
            readers,
            timeouts: *timeouts,
            subject: subject.clone(),
            is_fixed: opening.is_fixed,
            background: background.clone(),
            process: Process::current(),
            is_lost: AtomicBool::new(false),
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_lost.load(Ordering::Acquire)
    }

    /// Returns the addresses of the primaries, for people.
    pub(crate) fn nodes(&self) -> Vec<String> {
        self.map().nodes()
    }

    /// Returns which node cannot be used, or the pool of which has fewer connections than calls
    /// want, and why.
    pub(crate) fn problem(&self) -> Option<String> {
        let of_readers = || self.readers.as_ref().and_then(Members::problem);
        let problem = self.members.problem().or_else(of_readers);
        problem.or_else(|| self.growth_problem())
    }

    /// Returns how the connections to all nodes are used.
    #[cfg(feature = "metrics")]
    pub(crate) fn pool_use(&self) -> PoolUse {
        let readers = self.readers.iter().flat_map(|readers| readers.all());
        let pools = self.members.all().into_iter().chain(readers);
        pools.map(|pool| pool.pool_use()).sum()
    }

    /// Returns `true` if this process made the client, and not an earlier process from which it was
    /// forked.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process.is_current()
    }

    /// Returns why the pool of a node could not open one more connection recently.
    fn growth_problem(&self) -> Option<String> {
        let pools = self.members.all();
        let mut open = pools.iter().filter(|pool| !pool.is_closed());
        open.find_map(|pool| pool.growth_problem())
    }

    /// Returns the pool of a node.
    pub(super) fn pool(&self, node: NodeNumber) -> Result<Arc<Pool>, Error> {
        if let Some(pool) = self.members.living(node) {
            return Ok(pool);
        }
        pollster::block_on(self.members.get(node)).map_err(|failure| {
            self.refresh(None);
            if self.members.are_lost() {
                self.is_lost.store(true, Ordering::Release);
            }
            node_error(self.map(), &self.subject, node, &failure)
        })
    }

    /// Returns the pool of a node, if it lives.
    pub(super) fn living(&self, node: NodeNumber) -> Option<Arc<Pool>> {
        self.members.living(node)
    }

    /// Returns `true` if reads go to replicas.
    pub(super) fn have_readers(&self) -> bool {
        self.readers.is_some()
    }

    /// Returns the pool of a replica of the owner of a slot, if reads go there and it can be used.
    pub(super) fn reader(&self, slot: u16) -> Option<(NodeNumber, Arc<Pool>)> {
        let readers = self.readers.as_ref()?;
        let Some(node) = readers.replica_of(slot) else {
            self.map().ask_for_replicas(self.background.as_ref());
            return None;
        };
        let pool = readers.living(node);
        let pool = pool.or_else(|| pollster::block_on(readers.get(node)).ok())?;
        Some((node, pool))
    }

    /// Returns the node that serves a goal.
    pub(super) fn find(&self, goal: Goal) -> Option<NodeNumber> {
        self.members.find(goal)
    }

    pub(super) fn refresh(&self, knows_best: Option<NodeNumber>) {
        self.map()
            .ask_for_refresh(knows_best, self.background.as_ref());
    }

    pub(super) fn map(&self) -> &Arc<ClusterMap> {
        &self.members.map
    }

    pub(crate) fn about(&self, error: Error) -> Error {
        let Subject { component, key } = &self.subject;
        error.about(component, key, None)
    }
}

impl fmt::Debug for ClusterPools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterPools")
            .field("members", &self.members)
            .finish_non_exhaustive()
    }
}
