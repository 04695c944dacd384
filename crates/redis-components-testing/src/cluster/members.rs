//! Nodes that come and go.

use std::io;
use std::sync::Arc;

use super::cluster::Cluster;
use super::form;
use super::node::Node;
use super::view::Seen;

impl Cluster {
    /// Starts one more primary, which has no slots, and returns it. It is ready to take slots.
    ///
    /// # Panics
    ///
    /// Panics if the node cannot be started, or the others do not accept it.
    #[allow(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn add_primary(&self) -> usize {
        self.add(None)
            .unwrap_or_else(|error| panic!("no other primary: {error}"))
    }

    /// Starts one more replica of a node, and returns it.
    ///
    /// # Panics
    ///
    /// Panics as [`add_primary`](Self::add_primary) does.
    #[allow(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn add_replica(&self, primary: usize) -> usize {
        self.add(Some(self.get(primary)))
            .unwrap_or_else(|error| panic!("no other replica of node {primary}: {error}"))
    }

    /// Takes a node without slots out of the cluster. If it is running, it goes on alone.
    ///
    /// # Panics
    ///
    /// Panics if the nodes refuse, for example because the node has slots.
    pub fn forget(&self, index: usize) {
        self.try_forget(&self.get(index))
            .unwrap_or_else(|error| panic!("node {index} cannot be forgotten: {error}"));
    }

    fn add(&self, primary: Option<Node>) -> io::Result<usize> {
        let server = self.options.node().try_start()?;
        let node = Node::of(Arc::new(server))?;
        for other in self.running() {
            form::meet(&node, &other)?;
        }
        if let Some(primary) = primary {
            form::replicate(&node, &primary)?;
        }
        let index = self.push(node);
        self.agree()?;
        Ok(index)
    }

    fn try_forget(&self, node: &Node) -> io::Result<()> {
        let view = self.agree()?;
        if view.node(&node.id).is_some_and(Seen::has_slots) {
            return Err(io::Error::other("it has slots"));
        }
        self.remove(&node.id);
        for other in self.running() {
            other.cluster(&["FORGET", &node.id])?;
        }
        if node.server.is_running() {
            // It would come back when the others may know it again, after a minute.
            node.cluster(&["RESET"])?;
        }
        Ok(())
    }
}
