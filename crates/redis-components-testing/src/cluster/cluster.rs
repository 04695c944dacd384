//! The cluster as tests see it.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::migration::Migration;
use super::node::Node;
use super::options::ClusterBuilder;
use super::view::{Seen, View};
use crate::server::Server;
use crate::wait;

/// A replica gives up a fail-over that it was asked for after five seconds. The primaries vote for
/// a replica of the same shard only once in twice the node timeout.
const FAILOVER_ENDS_AFTER: Duration = Duration::from_secs(6);

/// A Redis Cluster for one test or program; its servers are killed when this is dropped.
///
/// A node is a [`Server`]: [`Server::stop`] is its crash, [`Server::freeze`] makes it silent. Nodes
/// have indices, which do not change. All methods take `&self` and block until what they do is done
/// and all running nodes agree, for 30 seconds at most.
///
/// ```
/// use redis_components_testing::Cluster;
///
/// let cluster = Cluster::start(3, 0);
/// let primary = cluster.primary_of("user:7");
/// cluster.node(primary).command(&["SET", "user:7", "Ada"]);
///
/// let slot = cluster.slot_of("user:7");
/// let to = (primary + 1) % 3;
/// cluster.migrate(slot, to);
/// assert_eq!(cluster.primary_of("user:7"), to);
/// ```
#[derive(Debug)]
pub struct Cluster {
    nodes: RwLock<Vec<Node>>,
    pub(super) options: ClusterBuilder,
}

impl Cluster {
    /// Makes a cluster of nodes that know each other, and waits until they agree.
    pub(super) fn of(nodes: Vec<Node>, options: ClusterBuilder) -> io::Result<Self> {
        let nodes = RwLock::new(nodes);
        let cluster = Self { nodes, options };
        cluster.agree()?;
        Ok(cluster)
    }

    /// Returns all nodes, stopped, frozen and forgotten ones too.
    #[must_use]
    pub fn nodes(&self) -> Vec<Arc<Server>> {
        self.all().into_iter().map(|node| node.server).collect()
    }

    /// Returns a node.
    ///
    /// # Panics
    ///
    /// Panics if there is no such node.
    #[must_use]
    pub fn node(&self, index: usize) -> Arc<Server> {
        self.get(index).server
    }

    /// Returns the identity of a node, as `CLUSTER NODES` shows it.
    ///
    /// # Panics
    ///
    /// Panics if there is no such node.
    #[must_use]
    pub fn id(&self, index: usize) -> String {
        self.get(index).id
    }

    /// Returns the cluster as a component config, `{"cluster":["127.0.0.1:<port>",…]}`, with all
    /// nodes as seeds, without a password. If the nodes speak TLS, the config says so as that of a
    /// [`Server`] does.
    #[must_use]
    pub fn config(&self) -> String {
        let seeds: Vec<usize> = (0..self.all().len()).collect();
        self.config_with_seeds(&seeds)
    }

    /// Returns the cluster as a component config with these nodes as seeds.
    ///
    /// # Panics
    ///
    /// Panics if there is no such node.
    #[must_use]
    pub fn config_with_seeds(&self, seeds: &[usize]) -> String {
        let nodes: Vec<_> = seeds.iter().map(|seed| self.node(*seed)).collect();
        let seeds: Vec<_> = nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port()))
            .collect();
        let mut config = serde_json::json!({ "cluster": seeds });
        if let Some(node) = nodes.first() {
            node.describe_tls(&mut config, "");
        }
        config.to_string()
    }

    /// Returns the slot of a key.
    ///
    /// # Panics
    ///
    /// Panics if no node is running.
    #[must_use]
    pub fn slot_of(&self, key: &str) -> u16 {
        let running = self.running().into_iter().next();
        let node = running.unwrap_or_else(|| panic!("no node of the cluster is running"));
        let slot = node.server.ask(&["CLUSTER", "KEYSLOT", key]);
        slot.unwrap_or_else(|error| panic!("no slot of the key: {error}"))
    }

    /// Returns the running node that serves the slot of a key, as
    /// [`primary_of_slot`](Self::primary_of_slot) does.
    ///
    /// # Panics
    ///
    /// Panics as that does.
    #[must_use]
    pub fn primary_of(&self, key: &str) -> usize {
        self.primary_of_slot(self.slot_of(key))
    }

    /// Returns the running node that serves a slot. If there is none, because it was killed or
    /// frozen, waits until a replica has taken over.
    ///
    /// # Panics
    ///
    /// Panics if no running node serves the slot within 30 seconds.
    #[must_use]
    pub fn primary_of_slot(&self, slot: u16) -> usize {
        self.search_primary(slot)
            .unwrap_or_else(|error| panic!("no primary of slot {slot}: {error}"))
    }

    /// Returns the running replicas of a node.
    ///
    /// # Panics
    ///
    /// Panics if there is no such node, or the running nodes do not agree.
    #[must_use]
    pub fn replicas_of(&self, primary: usize) -> Vec<usize> {
        let id = self.id(primary);
        let view = self.agreed();
        let is_replica = |node: &Node| {
            let seen = view.node(&node.id);
            node.server.is_running() && seen.is_some_and(|seen| seen.primary.as_ref() == Some(&id))
        };
        let all = self.all().into_iter().enumerate();
        all.filter(|(_, node)| is_replica(node))
            .map(|(index, _)| index)
            .collect()
    }

    /// Lets the first running replica of a node take over, without loss (`CLUSTER FAILOVER`), and
    /// returns it.
    ///
    /// # Panics
    ///
    /// Panics if the node has no running replica, or that does not take over within 30 seconds.
    #[allow(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn failover(&self, primary: usize) -> usize {
        let Some(replica) = self.replicas_of(primary).into_iter().next() else {
            panic!("node {primary} has no running replica");
        };
        let node = self.get(replica);
        let mut asked: Option<Instant> = None;
        wait::until("graceful fail-over", || {
            if asked.is_none_or(|asked| asked.elapsed() >= FAILOVER_ENDS_AFTER) {
                node.cluster(&["FAILOVER"])
                    .map_err(|error| error.to_string())?;
                asked = Some(Instant::now());
            }
            let view = self.try_agree()?;
            let seen = view.node(&node.id);
            let is_primary = seen.is_some_and(Seen::is_primary);
            let still = || format!("node {replica} is still a replica");
            is_primary.then_some(()).ok_or_else(still)
        })
        .unwrap_or_else(|error| panic!("node {replica} does not take over: {error}"));
        replica
    }

    /// Begins to move a slot to another primary, and moves no key yet.
    ///
    /// # Panics
    ///
    /// Panics if the nodes refuse.
    #[must_use = "the slot stays between both until `finish`"]
    pub fn begin_migration(&self, slot: u16, to: usize) -> Migration {
        let from = self.get(self.primary_of_slot(slot));
        let password = self.options.password.clone();
        Migration::begin(slot, from, self.get(to), password)
            .unwrap_or_else(|error| panic!("slot {slot} cannot be moved: {error}"))
    }

    /// Moves a slot with its keys to another primary.
    ///
    /// # Panics
    ///
    /// Panics if the nodes refuse.
    pub fn migrate(&self, slot: u16, to: usize) {
        let migration = self.begin_migration(slot, to);
        migration.move_keys();
        migration.finish();
        self.wait_until_ready();
    }

    /// Removes all keys.
    ///
    /// # Panics
    ///
    /// Panics if a primary that is running does not answer.
    pub fn flush(&self) {
        let view = self.agreed();
        for node in self.running() {
            if view.node(&node.id).is_some_and(Seen::is_primary) {
                node.server.command(&["FLUSHALL"]);
            }
        }
    }

    /// Waits until all running nodes say that the cluster serves, have the same view of it, copy
    /// their primaries if they are replicas, and hold those that do not run for failed.
    ///
    /// # Panics
    ///
    /// Panics if they do not within 30 seconds, for example because slots have no primary and the
    /// cluster requires all.
    pub fn wait_until_ready(&self) {
        let _ = self.agreed();
    }

    /// Waits until all running nodes say that the cluster does not serve (`CLUSTERDOWN`).
    ///
    /// # Panics
    ///
    /// Panics if they do not within 30 seconds.
    pub fn wait_until_down(&self) {
        wait::until("end of service in the cluster", || {
            let running = self.running();
            let serves = |node: &Node| node.serves().map_err(|error| error.to_string());
            for node in &running {
                if serves(node)? {
                    return Err(format!("{} serves", node.server.url()));
                }
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("the cluster is not down: {error}"));
    }

    fn agreed(&self) -> View {
        self.agree()
            .unwrap_or_else(|error| panic!("the cluster is not ready: {error}"))
    }

    pub(super) fn agree(&self) -> io::Result<View> {
        wait::until("agreement in the cluster", || self.try_agree())
    }

    /// Returns the view of all running nodes, if it is the same, and true to what runs.
    fn try_agree(&self) -> Result<View, String> {
        let all = self.members();
        let mut agreed: Option<View> = None;
        for node in all.iter().filter(|node| node.server.is_running()) {
            let view = node.ready()?;
            let url = node.server.url();
            let mistaken = all.iter().find(|other| {
                let is_well = view.node(&other.id).is_some_and(Seen::is_well);
                is_well != other.server.is_running()
            });
            if let Some(mistaken) = mistaken {
                return Err(format!("{url} is mistaken about {}", mistaken.server.url()));
            }
            if *agreed.get_or_insert_with(|| view.clone()) != view {
                return Err(format!("{url} has another view than those before it"));
            }
        }
        agreed.ok_or_else(|| "no node is running".to_owned())
    }

    fn search_primary(&self, slot: u16) -> io::Result<usize> {
        wait::until("primary", || {
            let view = self.try_agree()?;
            let serving = view.nodes.iter().find(|seen| seen.serves(slot));
            let found = self.all().into_iter().position(|node| {
                let serves = serving.is_some_and(|seen| seen.id == node.id);
                serves && node.server.is_running()
            });
            found.ok_or_else(|| "no running node serves it".to_owned())
        })
    }

    pub(super) fn get(&self, index: usize) -> Node {
        let mut all = self.all();
        assert!(
            index < all.len(),
            "there is no node {index}, only {}",
            all.len()
        );
        all.swap_remove(index)
    }

    /// Appends a node, and returns its index.
    pub(super) fn push(&self, node: Node) -> usize {
        let mut nodes = self.nodes.write().unwrap_or_else(PoisonError::into_inner);
        nodes.push(node);
        nodes.len() - 1
    }

    /// Marks a node as forgotten.
    pub(super) fn remove(&self, id: &str) {
        let mut nodes = self.nodes.write().unwrap_or_else(PoisonError::into_inner);
        let removed = nodes.iter_mut().filter(|node| node.id == id);
        removed.for_each(|node| node.is_member = false);
    }

    pub(super) fn running(&self) -> Vec<Node> {
        let mut running = self.members();
        running.retain(|node| node.server.is_running());
        running
    }

    fn members(&self) -> Vec<Node> {
        let mut members = self.all();
        members.retain(|node| node.is_member);
        members
    }

    fn all(&self) -> Vec<Node> {
        let nodes = self.nodes.read().unwrap_or_else(PoisonError::into_inner);
        nodes.clone()
    }
}
