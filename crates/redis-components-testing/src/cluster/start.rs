//! The ways to start a cluster.

use std::io;

use super::cluster::Cluster;
use super::form;
use super::options::ClusterBuilder;
use crate::together;

impl Cluster {
    /// Starts a cluster of so many primaries, each with so many replicas, and waits until all nodes
    /// agree and the slots can be written.
    ///
    /// The slots are spread evenly, in the order of the primaries. Nodes 0 to `primaries - 1` are
    /// the primaries, then come the replicas of node 0, of node 1 and so on. One primary without
    /// replicas is a cluster too.
    ///
    /// # Panics
    ///
    /// Panics if there is no redis-server to start, it is older than 7.0, or the cluster is not
    /// ready within 30 seconds.
    #[must_use]
    pub fn start(primaries: usize, replicas: usize) -> Self {
        Self::builder(primaries, replicas).start()
    }

    /// Returns options for a cluster of so many primaries, each with so many replicas.
    pub fn builder(primaries: usize, replicas: usize) -> ClusterBuilder {
        ClusterBuilder::new(primaries, replicas)
    }
}

impl ClusterBuilder {
    /// Starts the cluster, see [`Cluster::start`].
    ///
    /// # Panics
    ///
    /// Panics as [`Cluster::start`] does.
    #[must_use]
    pub fn start(self) -> Cluster {
        self.try_start()
            .unwrap_or_else(|error| panic!("no cluster for this test: {error}"))
    }

    /// Starts the cluster, for programs that are not tests.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no redis-server to start, it is older than 7.0, or the cluster
    /// is not ready within 30 seconds.
    pub fn try_start(self) -> io::Result<Cluster> {
        let count = self.primaries * (1 + self.replicas);
        if count == 0 {
            let reason = "a cluster needs a primary";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let servers = together::start(vec![self.node(); count])?;
        let nodes = form::form(servers, self.primaries, self.replicas)?;
        Cluster::of(nodes, self)
    }
}
