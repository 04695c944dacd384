//! The client of blocking calls, for every kind of server.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, RedisResult, Value};

use super::asynchronous::needs_single_server;
use super::blocking::exhausted::Exhausted;
use super::blocking::pool::Pool;
use super::blocking::pooled::Pooled;
use super::blocking::session::Waits;
use super::cluster::blocking::ClusterPools;
use super::cluster::lease::ClusterLease;
use super::moves::{Moves, has_moved};
use super::opening::Opening;
use crate::config::endpoint::Endpoint;
use crate::error::Error;
#[cfg(feature = "metrics")]
use crate::telemetry::gauges::PoolUse;
use crate::transport::failure::Failure;
use crate::transport::node::Node;

/// The client that the threads of a process share.
#[derive(Clone, Debug)]
pub(crate) enum BlockingClient {
    Single(Arc<Pool>),
    Cluster(Arc<ClusterPools>),
}

/// The connections of one blocking call.
pub(crate) enum Lease {
    Single(Pooled),
    Cluster(Box<ClusterLease>),
}

impl BlockingClient {
    /// Connects, logs in and probes, on a thread without a runtime.
    pub(crate) fn open(opening: Opening) -> Result<Self, Failure> {
        if let Endpoint::Cluster(_) = opening.config.endpoint() {
            return Ok(Self::Cluster(Arc::new(ClusterPools::open(&opening)?)));
        }
        let Opening {
            config,
            policy,
            timeouts,
            subject,
            ..
        } = opening;
        let node = Node::prepare_blocking(&config, &policy, timeouts.connect)?;
        let pool = Pool::open(node, config.max_connections(), timeouts, subject)?;
        Ok(Self::Single(Arc::new(pool)))
    }

    /// Sets whether the server may refuse writes, because it is still a replica. The nodes of a
    /// cluster tell what they are themselves.
    pub(crate) fn set_may_be_replica(&self, may_be: bool) {
        if let Self::Single(pool) = self {
            pool.set_may_be_replica(may_be);
        }
    }

    /// Takes a connection for one call.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none. A cluster's are taken when a command needs them.
    pub(crate) fn take<M: Moves + 'static>(&self, component: &Arc<M>) -> Result<Lease, Exhausted> {
        match self {
            Self::Single(pool) => Pooled::take(pool).map(Lease::Single),
            Self::Cluster(pools) => {
                let component = Arc::clone(component) as _;
                Ok(Lease::of(pools, Some(component), None))
            }
        }
    }

    /// Opens a connection for one call that may wait without a bound. If there is a component to
    /// follow, a wait ends at the latest `deadline` after its move.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be opened. A cluster's are opened when a command needs them.
    pub(crate) fn open_dedicated(
        &self,
        component: Option<Arc<dyn Moves>>,
        deadline: Duration,
    ) -> Result<Lease, Exhausted> {
        match self {
            Self::Single(pool) => {
                let has_moved = move || has_moved(component.as_deref());
                Pooled::open_dedicated(pool, has_moved, deadline).map(Lease::Single)
            }
            Self::Cluster(pools) => Ok(Lease::of(pools, component, Some(deadline))),
        }
    }

    /// Returns the pool of the one server.
    ///
    /// # Errors
    ///
    /// Returns an error if there are several. `user` is what needs one.
    pub(crate) fn single(&self, user: &str) -> Result<&Arc<Pool>, Error> {
        match self {
            Self::Single(pool) => Ok(pool),
            Self::Cluster(pools) => Err(pools.about(needs_single_server(user))),
        }
    }

    /// Returns `true` if calls need another client.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Single(pool) => pool.is_closed(),
            Self::Cluster(pools) => pools.is_closed(),
        }
    }

    /// Returns why the client ended if it ended too young. Only the first caller is told.
    pub(crate) fn take_early_end(&self) -> Option<Failure> {
        match self {
            Self::Single(pool) => pool.take_early_end(),
            // Each node's pool is judged beside its node.
            Self::Cluster(_) => None,
        }
    }

    /// Returns why some calls cannot be served, or not as fast as they come.
    pub(crate) fn problem(&self) -> Option<String> {
        match self {
            Self::Single(pool) if pool.is_closed() => None,
            Self::Single(pool) => pool.growth_problem(),
            Self::Cluster(pools) => pools.problem(),
        }
    }

    /// Returns how its connections are used.
    #[cfg(feature = "metrics")]
    pub(crate) fn pool_use(&self) -> PoolUse {
        match self {
            Self::Single(pool) => pool.pool_use(),
            Self::Cluster(pools) => pools.pool_use(),
        }
    }

    /// Returns the addresses of the primaries, if there are several.
    pub(crate) fn nodes(&self) -> Vec<String> {
        match self {
            Self::Single(_) => Vec::new(),
            Self::Cluster(pools) => pools.nodes(),
        }
    }
}

impl Lease {
    fn of(
        pools: &Arc<ClusterPools>,
        component: Option<Arc<dyn Moves>>,
        dedicated: Option<Duration>,
    ) -> Self {
        Self::Cluster(Box::new(ClusterLease::new(pools, component, dedicated)))
    }

    /// Sends a command.
    pub(crate) fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Single(pooled) => pooled.one(command, &command.get_packed_command(), None),
            Self::Cluster(lease) => lease.send(command),
        }
    }

    /// Sends one encoded command.
    pub(crate) fn request(&mut self, packed: &[u8]) -> RedisResult<Value> {
        match self {
            Self::Single(pooled) => pooled.request(packed),
            Self::Cluster(lease) => lease.request(packed),
        }
    }

    /// Sends encoded commands and returns `count` replies after the first `offset`.
    pub(crate) fn requests(
        &mut self,
        packed: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        match self {
            Self::Single(pooled) => pooled.requests(packed, offset, count),
            Self::Cluster(lease) => lease.requests(packed, offset, count),
        }
    }

    /// Sends a command that has no reply.
    pub(crate) fn send_only(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Single(pooled) => pooled.send_only(&command.get_packed_command()),
            Self::Cluster(lease) => lease.send_only(command),
        }
    }

    /// Sends a command that waits. If it follows, the server is asked to end it when the component
    /// has moved.
    pub(crate) fn wait_for(&mut self, command: &Cmd, follows: bool) -> RedisResult<Value> {
        match self {
            Self::Single(pooled) => {
                let packed = command.get_packed_command();
                pooled.wait_for(follows, |pooled| pooled.request(&packed))
            }
            Self::Cluster(lease) => lease.wait_for(command, follows),
        }
    }

    /// Makes requests that wait, and stays on its server meanwhile until the drain deadline. The
    /// connections to a cluster see for themselves which of their commands wait.
    pub(crate) fn while_waiting<T>(
        &mut self,
        request: impl FnOnce(&mut Self) -> RedisResult<T>,
    ) -> RedisResult<T> {
        if let Self::Single(pooled) = self {
            pooled.begin_staying();
        }
        let answer = request(self);
        if let Self::Single(pooled) = self {
            pooled.end_waiting();
        }
        answer
    }

    /// Returns how long these encoded commands may wait, and which of them waits first.
    pub(crate) fn wait_of<'a>(&self, packed: &'a [u8]) -> Option<Waits<'a>> {
        match self {
            Self::Single(pooled) => pooled.wait_of(packed),
            Self::Cluster(lease) => lease.wait_of(packed),
        }
    }

    /// Returns `true` if other calls get the connections after this one.
    pub(crate) fn is_member(&self) -> bool {
        match self {
            Self::Single(pooled) => pooled.is_member(),
            Self::Cluster(lease) => lease.is_member(),
        }
    }

    /// Returns `true` if the next command finds the session as the first command did.
    pub(crate) fn is_clean(&self) -> bool {
        match self {
            Self::Single(pooled) => pooled.is_clean(),
            Self::Cluster(lease) => lease.is_clean(),
        }
    }

    pub(crate) fn db(&self) -> i64 {
        match self {
            Self::Single(pooled) => pooled.db(),
            Self::Cluster(_) => 0,
        }
    }

    /// Returns `true` if no failure has closed it.
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::Single(pooled) => pooled.is_open(),
            Self::Cluster(lease) => lease.is_open(),
        }
    }
}
