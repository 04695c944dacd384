//! Asking nodes what they know of their cluster.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisResult, Value};

use super::address::NodeAddress;
use super::topology::View;
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

/// Returns the first view that `is_ours`, or else the first of another cluster: a node may have been
/// taken into one. Each node is asked over a connection of its own, because an old connection may
/// lead to a node with an old view.
///
/// # Errors
///
/// Returns the last failure if no node has a view.
pub(super) async fn first_view(
    nodes: Vec<Arc<Node>>,
    is_tls: bool,
    timeouts: Timeouts,
    is_ours: impl Fn(&View) -> bool,
) -> Result<View, Failure> {
    let mut waiting = nodes.into_iter();
    let mut asked = FuturesUnordered::new();
    let mut last = Failure::unreachable("it has no nodes");
    let mut foreign = None;
    loop {
        let next = waiting.next();
        let has_next = next.is_some();
        asked.extend(next.map(|node| view_of(node, is_tls, timeouts)));
        let head_start = async {
            if has_next && waiting.len() > 0 {
                tokio::time::sleep(HEAD_START).await;
            } else {
                pending::<()>().await;
            }
        };
        match select(asked.next(), pin!(head_start)).await {
            Either::Left((Some(Ok(view)), _)) if is_ours(&view) => return Ok(view),
            Either::Left((Some(Ok(view)), _)) => drop(foreign.get_or_insert(view)),
            Either::Left((Some(Err(failure)), _)) => last = failure,
            Either::Left((None, _)) => return foreign.ok_or(last),
            Either::Right(_) => {}
        }
    }
}

/// Returns the view of one node.
async fn view_of(node: Arc<Node>, is_tls: bool, timeouts: Timeouts) -> Result<View, Failure> {
    let named = |failure: Failure| failure.at(node.address());
    let settings = AsyncConnectionConfig::new();
    let (protocol, bounds) = (ProtocolVersion::RESP2, ReplyBounds::TOPOLOGY);
    let opened = open_bounded(&node, protocol, timeouts, bounds, settings)
        .await
        .map_err(named)?;
    let by = host_and_port(node.address()).ok_or_else(|| Failure::unreachable("it has no port"))?;
    let (mut connection, driver) = opened.into_parts();
    let asking = pin!(ask(&mut connection, is_tls, &by));
    match select(asking, driver).await {
        Either::Left((view, _)) => view,
        Either::Right(_) => Err(Failure::unreachable("it closed the connection")),
    }
    .map_err(named)
}

/// `CLUSTER SLOTS` names the port that fits the connection. `CLUSTER SHARDS` is for servers that
/// have only that.
async fn ask(
    connection: &mut MultiplexedConnection,
    is_tls: bool,
    by: &NodeAddress,
) -> Result<View, Failure> {
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
        return View::from_shards(&other, is_tls, by).ok_or_else(|| {
            let error = answer.clone().extract_error().err();
            let said = error.map_or_else(String::new, |error| meaning(&error));
            Failure::new(
                Cause::Refused,
                format!("it does not tell its slots: {said}"),
            )
        });
    }
    View::from_slots(&answer, by)
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

    use super::first_view;
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
    async fn r4_a_node_of_another_cluster_is_believed_only_if_no_other_answers() {
        let (ours, others) = (Cluster::start(1, 0), Cluster::start(1, 0));
        let ((our_node, guard), (other_node, _)) = (node(&ours).await, node(&others).await);
        let is_of = |view: &View, cluster: &Cluster| {
            let (host, port) = ("127.0.0.1".to_owned(), cluster.node(0).port());
            view.names(&NodeAddress { host, port })
        };
        let table = SlotTable::new(guard);
        let first = async |nodes: &[&Arc<Node>]| {
            let nodes = nodes.iter().map(|node| Arc::clone(node)).collect();
            let view = first_view(nodes, false, BOUNDS, |view| table.knows_most_of(view)).await;
            view.unwrap()
        };
        // Nothing is known yet.
        let since = table.mark();
        let view = first(&[&our_node, &other_node]).await;
        assert!(is_of(&view, &ours));
        table.apply(&view, since);
        assert!(is_of(&first(&[&other_node, &our_node]).await, &ours));
        ours.node(0).stop();
        assert!(is_of(&first(&[&other_node, &our_node]).await, &others));
    }
}
