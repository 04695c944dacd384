//! Makes a cluster of servers.

use std::io;
use std::sync::Arc;

use super::node::Node;
use crate::server::Server;
use crate::wait;

/// How many slots a cluster has.
const SLOTS: usize = 16384;

/// Lets servers meet: primaries with the slots, then the replicas of each.
pub(super) fn form(
    servers: Vec<Server>,
    primaries: usize,
    replicas_of_each: usize,
) -> io::Result<Vec<Node>> {
    let nodes: Vec<Node> = servers
        .into_iter()
        .map(|server| Node::of(Arc::new(server)))
        .collect::<io::Result<_>>()?;
    let (primaries, replicas) = nodes.split_at(primaries);
    assign_slots(primaries)?;
    for (at, node) in nodes.iter().enumerate() {
        for other in &nodes[at + 1..] {
            meet(node, other)?;
        }
    }
    for (at, replica) in replicas.iter().enumerate() {
        replicate(replica, &primaries[at / replicas_of_each])?;
    }
    Ok(nodes)
}

/// Spreads the slots evenly. The epochs are different from the start, or the nodes would spend time
/// to make them so.
fn assign_slots(primaries: &[Node]) -> io::Result<()> {
    let count = primaries.len();
    for (at, primary) in primaries.iter().enumerate() {
        let first = (at * SLOTS / count).to_string();
        let last = ((at + 1) * SLOTS / count - 1).to_string();
        primary.cluster(&["ADDSLOTSRANGE", &first, &last])?;
        primary.cluster(&["SET-CONFIG-EPOCH", &(at + 1).to_string()])?;
    }
    Ok(())
}

pub(super) fn meet(node: &Node, other: &Node) -> io::Result<()> {
    let port = other.server.port().to_string();
    let bus = other.server.bus_port().unwrap_or_default().to_string();
    node.cluster(&["MEET", "127.0.0.1", &port, &bus])
}

/// Makes a node a replica, as soon as it knows its primary.
pub(super) fn replicate(replica: &Node, primary: &Node) -> io::Result<()> {
    wait::until("replica of a cluster", || {
        let done = replica.cluster(&["REPLICATE", &primary.id]);
        done.map_err(|error| error.to_string())
    })
}
