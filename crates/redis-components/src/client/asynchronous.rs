//! The client of asynchronous calls, for every kind of server.

use std::sync::Arc;

use redis::{Cmd, Pipeline, RedisResult, Value};

use super::cluster::asynchronous::{ClusterClient, Stays};
use super::cluster::dedicated::{Course, Place, Retry};
use super::cluster::route::needs_session;
use super::lines::Lines;
use super::multiplexed::Multiplexed;
use super::multiplexed::socket::Socket;
use super::opening::Opening;
use crate::config::endpoint::{Address, Endpoint};
use crate::error::{Error, ErrorKind};
use crate::transport::failure::{EarlyEnd, Failure};
use crate::transport::node::Node;

/// The client that the asynchronous calls of one tokio runtime share.
#[derive(Clone)]
pub(crate) enum AsyncClient {
    Single(Arc<Multiplexed>),
    Cluster(Arc<ClusterClient>),
}

impl AsyncClient {
    /// Connects, logs in and probes on the current runtime, which then drives the connections.
    pub(crate) async fn open(opening: Opening) -> Result<Self, Failure> {
        if let Endpoint::Cluster(_) = opening.config.endpoint() {
            let client = ClusterClient::open(&opening).await?;
            return Ok(Self::Cluster(Arc::new(client)));
        }
        let Opening {
            config,
            policy,
            connections,
            timeouts,
            background,
            ..
        } = opening;
        let node = Node::prepare(&config, &policy, timeouts.connect).await?;
        let client = Multiplexed::open(node, connections, timeouts, background).await?;
        Ok(Self::Single(Arc::new(client)))
    }

    /// Connects, logs in and probes as [`open`](Self::open) does, and closes the connections.
    pub(crate) async fn prove(opening: Opening) -> Result<(), Failure> {
        if let Endpoint::Cluster(_) = opening.config.endpoint() {
            return ClusterClient::open(&opening).await.map(drop);
        }
        let timeouts = opening.timeouts;
        let node = Node::prepare(&opening.config, &opening.policy, timeouts.connect).await?;
        Multiplexed::prove(&node, opening.connections, timeouts).await
    }

    /// Sets whether the server may refuse writes, because it is still a replica. The nodes of a
    /// cluster tell what they are themselves.
    pub(crate) fn set_may_be_replica(&self, may_be: bool) {
        if let Self::Single(client) = self {
            client.set_may_be_replica(may_be);
        }
    }

    /// Sends a command. `picked` is the connection that the first command of a handle has picked.
    pub(crate) async fn send(
        &self,
        picked: &mut Option<u32>,
        command: &Cmd,
        stays: Stays<'_>,
    ) -> RedisResult<Value> {
        match self {
            Self::Single(client) => {
                let number = *picked.get_or_insert_with(|| client.pick());
                client.send(number, command).await
            }
            Self::Cluster(client) => {
                *picked = Some(0);
                client.send(command, stays).await
            }
        }
    }

    /// Sends a pipeline or transaction, as [`send`](Self::send) sends a command.
    pub(crate) async fn send_all(
        &self,
        picked: &mut Option<u32>,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
        stays: Stays<'_>,
    ) -> RedisResult<Vec<Value>> {
        match self {
            Self::Single(client) => {
                let number = *picked.get_or_insert_with(|| client.pick());
                client.send_all(number, pipeline, offset, count).await
            }
            Self::Cluster(client) => {
                *picked = Some(0);
                Box::pin(client.send_all(pipeline, offset, count, stays)).await
            }
        }
    }

    /// Returns the connections that calls share to some server of the component, on which a
    /// subscriber finds what all publish.
    ///
    /// # Errors
    ///
    /// Returns an error if none can be used.
    pub(crate) async fn home(&self) -> Result<Arc<Multiplexed>, Error> {
        match self {
            Self::Single(client) => Ok(Arc::clone(client)),
            Self::Cluster(client) => client.home().await,
        }
    }

    /// Returns `true` unless that is a node that its cluster has let go.
    pub(crate) fn has(&self, server: &Address) -> bool {
        match self {
            Self::Single(_) => true,
            Self::Cluster(client) => client.has(server),
        }
    }

    /// Returns where a dedicated command goes.
    ///
    /// # Errors
    ///
    /// Returns an error if no server can execute it, or the server cannot be used.
    pub(crate) async fn place(&self, command: &Cmd) -> RedisResult<Place> {
        match self {
            Self::Single(client) => Ok(Place::At(Arc::clone(client))),
            Self::Cluster(client) => client.place(command).await,
        }
    }

    /// Sends a dedicated pipeline or transaction.
    pub(crate) async fn send_all_over(
        &self,
        lines: &mut impl Lines,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        match self {
            Self::Single(client) => {
                let sent = lines.send_whole(client, pipeline, false, offset, count);
                sent.await
            }
            Self::Cluster(client) => client.send_all_over(lines, pipeline, offset, count).await,
        }
    }

    /// Returns what to do with a dedicated command that `home` has answered so: `None` if the
    /// answer is for the caller.
    pub(crate) async fn retry(
        &self,
        course: &mut Course,
        home: &Multiplexed,
        command: &Cmd,
        reply: &Value,
    ) -> Option<Retry> {
        match self {
            Self::Single(_) => None,
            Self::Cluster(client) => client.retry(course, home, command, reply).await,
        }
    }

    /// Returns the client of the one server.
    ///
    /// # Errors
    ///
    /// Returns an error if there are several. `user` is what needs one.
    pub(crate) fn single(&self, user: &str) -> Result<&Arc<Multiplexed>, Error> {
        match self {
            Self::Single(client) => Ok(client),
            Self::Cluster(client) => Err(client.about(needs_single_server(user))),
        }
    }

    /// Returns the error for a command about a session, of which the call has none.
    pub(crate) fn needs_session(&self, command: &Cmd) -> Error {
        match self {
            Self::Single(_) => needs_session(command),
            Self::Cluster(client) => client.about(needs_session(command)),
        }
    }

    /// Returns the number of the database that commands go to.
    pub(crate) fn db(&self) -> i64 {
        match self {
            Self::Single(client) => client.db(),
            Self::Cluster(_) => 0,
        }
    }

    /// Returns `true` if no call can use the client any more.
    pub(crate) fn has_ended(&self) -> bool {
        match self {
            Self::Single(client) => client.has_ended(),
            Self::Cluster(client) => client.is_closed(),
        }
    }

    /// Returns `true` if calls need another client.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Single(client) => client.is_closed(),
            Self::Cluster(client) => client.is_closed(),
        }
    }

    /// Returns `true` if this process made the client, and not an earlier process from which it was
    /// forked.
    pub(crate) fn is_of_this_process(&self) -> bool {
        match self {
            Self::Single(client) => client.is_of_this_process(),
            Self::Cluster(client) => client.is_of_this_process(),
        }
    }

    /// Returns how the client ended if it ended too young. Only the first caller is told.
    pub(crate) fn take_early_end(&self) -> Option<EarlyEnd> {
        match self {
            Self::Single(client) => client.take_early_end(),
            // Each node's client is judged beside its node.
            Self::Cluster(_) => None,
        }
    }

    /// Returns why some calls cannot be served.
    pub(crate) fn problem(&self) -> Option<String> {
        match self {
            Self::Single(_) => None,
            Self::Cluster(client) => client.problem(),
        }
    }

    /// Returns the addresses of the primaries, if there are several.
    pub(crate) fn nodes(&self) -> Vec<String> {
        match self {
            Self::Single(_) => Vec::new(),
            Self::Cluster(client) => client.nodes(),
        }
    }

    /// Returns the connections as seen from outside. They may outlast this client if they are lent.
    pub(crate) fn sockets(&self) -> Vec<Arc<Socket>> {
        match self {
            Self::Single(client) => client.sockets().cloned().collect(),
            Self::Cluster(client) => client.sockets(),
        }
    }
}

/// Returns the error of a connection type that a cluster does not have.
pub(super) fn needs_single_server(user: &str) -> Error {
    let text = format!(
        "a `{user}` is a connection to one server, and the component is a cluster; take a \
         `redis_components::Connection` or `redis_components::blocking::Connection`"
    );
    Error::new(ErrorKind::NeedsSingleServer, text)
}

impl std::fmt::Debug for AsyncClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Single(client) => client.fmt(f),
            Self::Cluster(client) => client.fmt(f),
        }
    }
}
