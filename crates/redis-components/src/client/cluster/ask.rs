//! Asking nodes what they know of their cluster.

use std::collections::HashSet;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisResult, Value};
use tokio::time::timeout;

use super::address::NodeAddress;
use super::topology::{View, ids_in};
use crate::config::endpoint::Address;
use crate::error::server_words::meaning;
use crate::settings::timeouts::Timeouts;
use crate::transport::asynchronous::open_bounded;
use crate::transport::failure::{Cause, Failure};
use crate::transport::node::Node;
use crate::transport::reply_bounds::ReplyBounds;
use crate::transport::role::is_sentinel;

/// How long a node may stay silent before the next one is asked beside it.
const HEAD_START: Duration = Duration::from_millis(100);

/// How long seeds may take that are asked whether they are of the same cluster as another.
const COMPARED_WITHIN: Duration = Duration::from_millis(300);

/// How nodes are asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) is_tls: bool,
    pub(super) timeouts: Timeouts,
}

/// Why a node is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The config names it.
    Seed,
    /// It was of the cluster when the table was read.
    Known,
}

/// What one node has said.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) view: View,
    by: Arc<Node>,
    /// The ids of the nodes. They stay when the nodes move.
    pub(super) ids: HashSet<String>,
}

impl Told {
    /// Returns `true` if both have said which nodes they know, and know none in common.
    fn is_of_another_cluster_than(&self, other: &Self) -> bool {
        let is_known = !self.ids.is_empty() && !other.ids.is_empty();
        is_known && self.ids.is_disjoint(&other.ids)
    }

    /// Returns `true` if it names half or more of these ids: few nodes leave at once.
    pub(super) fn names_most_of(&self, ids: &HashSet<String>) -> bool {
        !ids.is_empty() && 2 * self.ids.intersection(ids).count() >= ids.len()
    }

    /// Demands that these seeds are of the same cluster, as far as they answer soon.
    ///
    /// # Errors
    ///
    /// Returns an error if one is of another cluster.
    pub(super) async fn demand_same_cluster(
        &self,
        seeds: Vec<Arc<Node>>,
        how: How,
    ) -> Result<(), Failure> {
        let is_named = |node: &Arc<Node>| {
            let address = host_and_port(node.address());
            address.is_some_and(|address| self.view.names(&address))
        };
        let others = seeds.into_iter().filter(|node| !is_named(node));
        let mut asked: FuturesUnordered<_> = others.map(|node| told_by(node, how)).collect();
        let comparing = async {
            while let Some(told) = asked.next().await {
                if let Ok(told) = told
                    && told.is_of_another_cluster_than(self)
                {
                    return Err(Failure::new(
                        Cause::Refused,
                        format!(
                            "{} and {} are nodes of two clusters; keep those of one in `cluster`",
                            self.by.address(),
                            told.by.address(),
                        ),
                    ));
                }
            }
            Ok(())
        };
        timeout(COMPARED_WITHIN, comparing).await.unwrap_or(Ok(()))
    }
}

/// Returns what the first node says whose view `is_ours`. Each node is asked over a connection of
/// its own, because an old connection may lead to a node with an old view.
///
/// A view of another cluster is taken if more than half of the `seeds` have such a one: the cluster
/// was replaced. A few nodes may have been taken into another one.
///
/// # Errors
///
/// Returns the failures if no node has a view.
pub(super) async fn first_view(
    nodes: Vec<(Arc<Node>, Origin)>,
    how: How,
    is_ours: impl Fn(&Told) -> bool,
) -> Result<Told, Failure> {
    let is_seed = |origin: Origin| origin == Origin::Seed;
    let seeds = nodes.iter().filter(|(_, origin)| is_seed(*origin)).count();
    let mut waiting = nodes.into_iter();
    let mut asked = FuturesUnordered::new();
    let (mut failures, mut foreign) = (Vec::new(), Vec::new());
    loop {
        let next = waiting.next();
        let has_next = next.is_some();
        let told = async |node, origin| (told_by(node, how).await, origin);
        asked.extend(next.map(|(node, origin)| told(node, origin)));
        let head_start = async {
            if has_next && waiting.len() > 0 {
                tokio::time::sleep(HEAD_START).await;
            } else {
                pending::<()>().await;
            }
        };
        match select(asked.next(), pin!(head_start)).await {
            Either::Left((Some((Ok(told), _)), _)) if is_ours(&told) => return Ok(told),
            Either::Left((Some((Ok(told), origin)), _)) if is_seed(origin) => foreign.push(told),
            Either::Left((Some((Ok(told), _)), _)) => {
                let failure = Failure::unreachable("it has become part of another cluster");
                failures.push(failure.at(told.by.address()));
            }
            Either::Left((Some((Err(failure), _)), _)) => failures.push(failure),
            Either::Left((None, _)) => {
                let is_replaced = 2 * foreign.len() > seeds;
                let mut foreign = foreign.into_iter();
                if is_replaced {
                    return foreign.next().ok_or_else(|| joined(failures));
                }
                failures.extend(foreign.map(|told| {
                    let what = "it is of another cluster than the one in use";
                    Failure::unreachable(what).at(told.by.address())
                }));
                return Err(joined(failures));
            }
            Either::Right(_) => {}
        }
    }
}

/// Returns the failure of several nodes, which says what is wrong with each.
fn joined(failures: Vec<Failure>) -> Failure {
    let telling = |failure: &Failure| failure.cause != Cause::Unreachable;
    let first = failures.iter().find(|failure| telling(failure));
    let Some(first) = first.or(failures.first()).cloned() else {
        return Failure::unreachable("it has no nodes");
    };
    let mut messages: Vec<String> = Vec::new();
    for failure in failures {
        if !messages.contains(&failure.message) {
            messages.push(failure.message);
        }
    }
    Failure {
        message: messages.join("; "),
        ..first
    }
}

/// Returns what one node says.
async fn told_by(node: Arc<Node>, how: How) -> Result<Told, Failure> {
    let named = |failure: Failure| failure.at(node.address());
    let settings = AsyncConnectionConfig::new();
    let (protocol, bounds) = (ProtocolVersion::RESP2, ReplyBounds::TOPOLOGY);
    let opened = open_bounded(&node, protocol, how.timeouts, bounds, settings)
        .await
        .map_err(named)?;
    let by = host_and_port(node.address()).ok_or_else(|| Failure::unreachable("it has no port"))?;
    let (mut connection, driver) = opened.into_parts();
    let asking = pin!(ask(&mut connection, how.is_tls, &by));
    let answered = match select(asking, driver).await {
        Either::Left((answered, _)) => answered,
        Either::Right(_) => Err(Failure::unreachable("it closed the connection")),
    };
    let (view, ids) = answered.map_err(named)?;
    let by = node;
    Ok(Told { view, by, ids })
}

/// `CLUSTER SLOTS` names the port that fits the connection. `CLUSTER SHARDS` is for servers that
/// have only that.
async fn ask(
    connection: &mut MultiplexedConnection,
    is_tls: bool,
    by: &NodeAddress,
) -> Result<(View, HashSet<String>), Failure> {
    let answer = query(connection, "SLOTS").await?;
    if let Value::ServerError(error) = &answer {
        let text = error.details().unwrap_or_default();
        if text.contains("cluster support disabled") {
            let what = "it is no node of a cluster; write it as `host`, not in `cluster`";
            return Err(Failure::new(Cause::Refused, what));
        }
        if text.starts_with("unknown command") {
            let role = connection.req_packed_command(&redis::cmd("ROLE")).await?;
            if is_sentinel(&role) {
                let what = "it is a sentinel, and no node of a cluster; check `cluster`";
                return Err(Failure::new(Cause::Refused, what));
            }
        }
        let other = query(connection, "SHARDS").await?;
        let view = View::from_shards(&other, is_tls, by);
        return view.map(|view| (view, ids_in(&other))).ok_or_else(|| {
            let error = answer.clone().extract_error().err();
            let said = error.map_or_else(String::new, |error| meaning(&error));
            Failure::new(
                Cause::Refused,
                format!("it does not tell its slots: {said}"),
            )
        });
    }
    View::from_slots(&answer, by)
        .map(|view| (view, ids_in(&answer)))
        .ok_or_else(|| Failure::new(Cause::Busy, "it knows no node that owns a slot"))
}

async fn query(connection: &mut MultiplexedConnection, what: &str) -> RedisResult<Value> {
    connection
        .req_packed_command(redis::cmd("CLUSTER").arg(what))
        .await
}

pub(super) fn host_and_port(address: &Address) -> Option<NodeAddress> {
    match address {
        Address::Tcp { host, port } => Some(NodeAddress {
            host: host.clone(),
            port: *port,
        }),
        Address::Unix(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use redis_components_testing::Cluster;

    use super::{How, Origin, first_view};
    use crate::client::cluster::address::NodeAddress;
    use crate::client::cluster::slot_table::SlotTable;
    use crate::client::cluster::topology::View;
    use crate::config::ComponentConfig;
    use crate::config::host_guard::HostGuard;
    use crate::settings::policy::Policy;
    use crate::settings::timeouts::Timeouts;
    use crate::transport::node::Node;

    const BOUNDS: Timeouts = Timeouts {
        connect: Duration::from_secs(10),
        response: Duration::from_secs(10),
    };

    async fn node(cluster: &Cluster) -> (Arc<Node>, HostGuard) {
        let config = ComponentConfig::from_json(&cluster.config()).unwrap();
        let node = Node::prepare(&config, &Arc::new(Policy::default()), BOUNDS.connect).await;
        (node.unwrap(), HostGuard::new(&config))
    }

    /// A seed may have been taken into a cluster that this one does not concern.
    #[tokio::test]
    async fn r4_a_node_of_another_cluster_is_believed_only_if_most_seeds_are() {
        let (ours, others) = (Cluster::start(1, 0), Cluster::start(1, 0));
        let ((our_node, guard), (other_node, _)) = (node(&ours).await, node(&others).await);
        let is_of = |view: &View, cluster: &Cluster| {
            let (host, port) = ("127.0.0.1".to_owned(), cluster.node(0).port());
            view.names(&NodeAddress { host, port })
        };
        let table = SlotTable::new(guard);
        let how = How {
            is_tls: false,
            timeouts: BOUNDS,
        };
        let first = async |seeds: &[&Arc<Node>]| {
            let seeds = seeds.iter().map(|node| (Arc::clone(node), Origin::Seed));
            first_view(seeds.collect(), how, |told| table.knows_most_of(&told.view)).await
        };
        // Nothing is known yet.
        let since = table.mark();
        let told = first(&[&our_node, &other_node]).await.unwrap();
        assert!(is_of(&told.view, &ours));
        let seeds = vec![Arc::clone(&our_node), Arc::clone(&other_node)];
        let refused = told.demand_same_cluster(seeds, how).await.unwrap_err();
        assert!(
            refused.message.contains("nodes of two clusters"),
            "{refused:?}"
        );
        table.apply(&told.view, since);
        let told = first(&[&other_node, &our_node]).await.unwrap();
        assert!(is_of(&told.view, &ours));
        ours.node(0).stop();
        // It may come back.
        let failure = first(&[&other_node, &our_node]).await.unwrap_err();
        assert!(failure.message.contains("refused"), "{failure:?}");
        let told = first(&[&other_node]).await.unwrap();
        assert!(is_of(&told.view, &others), "the cluster was replaced");
    }
}
