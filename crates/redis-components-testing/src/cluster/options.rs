//! What a cluster is started with.

use std::time::Duration;

use crate::builder::ServerBuilder;
use crate::server::Server;
use crate::tls::Tls;

/// Long enough for a busy machine: nobody is taken for dead who only waits for a processor.
const NODE_TIMEOUT: Duration = Duration::from_secs(2);

/// Starts a [`Cluster`](crate::Cluster) with options; see
/// [`Cluster::builder`](crate::Cluster::builder).
#[derive(Clone, Debug)]
#[must_use = "nothing is started before `start`"]
pub struct ClusterBuilder {
    pub(super) primaries: usize,
    pub(super) replicas: usize,
    node_timeout: Duration,
    pub(super) password: Option<String>,
    server: ServerBuilder,
}

impl ClusterBuilder {
    pub(super) fn new(primaries: usize, replicas: usize) -> Self {
        Self {
            primaries,
            replicas,
            node_timeout: NODE_TIMEOUT,
            password: None,
            // Nobody changes its primary or its role unasked.
            server: Server::builder()
                .cluster_node()
                .arguments(&["--cluster-allow-replica-migration", "no"]),
        }
    }

    /// Sets how long a node may be silent before the others suspect it: two seconds if this is not
    /// called, 500 ms for tests that kill nodes. A replica takes over after three to four times as
    /// long.
    pub fn node_timeout(mut self, timeout: Duration) -> Self {
        self.node_timeout = timeout;
        self
    }

    /// Sets whether all slots are refused (`CLUSTERDOWN`) as long as some have no primary. They are,
    /// if this is not called.
    pub fn require_full_coverage(self, required: bool) -> Self {
        let required = if required { "yes" } else { "no" };
        self.arguments(&["--cluster-require-full-coverage", required])
    }

    /// Lets all nodes speak TLS, among themselves too, and no plain text.
    pub fn tls(mut self, tls: &Tls) -> Self {
        self.server = self.server.tls(tls);
        self
    }

    /// Refuses clients without a certificate of the same authority. Has an effect after
    /// [`tls`](Self::tls) only.
    pub fn require_client_certificates(mut self) -> Self {
        self.server = self.server.require_client_certificates();
        self
    }

    /// Lets all nodes announce this host name, and name each other by it in redirections and in
    /// `CLUSTER SLOTS`.
    pub fn hostname(self, name: &str) -> Self {
        let endpoint = ["--cluster-preferred-endpoint-type", "hostname"];
        self.arguments(&["--cluster-announce-hostname", name])
            .arguments(&endpoint)
    }

    /// Sets the password of all nodes, for clients and among themselves.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self.arguments(&["--requirepass", password, "--masterauth", password])
    }

    /// Adds arguments of redis-server for all nodes, for example
    /// `["--cluster-preferred-endpoint-type", "unknown-endpoint"]`.
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.server = self.server.arguments(arguments);
        self
    }

    /// Returns how one node is started.
    pub(super) fn node(&self) -> ServerBuilder {
        let timeout = self.node_timeout.as_millis().to_string();
        let node = self.server.clone();
        // A replica that comes anew need not wait for others to be served with it.
        node.arguments(&["--cluster-node-timeout", &timeout])
            .arguments(&["--repl-diskless-sync-delay", "0"])
    }
}
