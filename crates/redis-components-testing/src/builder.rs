//! The ways to start a server.

use std::io;

use crate::plan::{Kind, Peers, Plan, TlsPlan};
use crate::server::Server;
use crate::tls::Tls;
use crate::tls::identity::Identity;

impl Server {
    /// Starts a server on a free port of 127.0.0.1 and waits until it answers.
    ///
    /// # Panics
    ///
    /// Panics if there is no redis-server to start, or it is not ready within 30 seconds.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with further arguments of redis-server, for example
    /// `["--requirepass", "secret"]`.
    ///
    /// # Panics
    ///
    /// Panics as [`start`](Self::start) does, and if redis-server refuses the arguments.
    #[must_use]
    pub fn start_with(arguments: &[&str]) -> Self {
        Self::try_start_with(arguments)
            .unwrap_or_else(|error| panic!("no Redis server for this test: {error}"))
    }

    /// Starts a server as [`start_with`](Self::start_with) does, for programs that are not tests.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no redis-server to start, it refuses the arguments, or it is
    /// not ready within 30 seconds.
    pub fn try_start_with(arguments: &[&str]) -> io::Result<Self> {
        Self::builder().arguments(arguments).try_start()
    }

    /// Returns options for a server that speaks TLS, or listens on a unix socket.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }
}

/// Starts a [`Server`] with options; see [`Server::builder`].
///
/// ```
/// use redis_components_testing::{Server, Tls};
///
/// let tls = Tls::new();
/// let server = Server::builder()
///     .tls(&tls)
///     .require_client_certificates()
///     .unix_socket()
///     .start();
/// assert!(server.unix_socket().is_some());
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is started before `start`"]
pub struct ServerBuilder {
    plan: Plan,
}

impl ServerBuilder {
    /// Adds arguments of redis-server, for example `["--requirepass", "secret"]`.
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|word| (*word).to_owned());
        self.plan.arguments.extend(arguments);
        self
    }

    /// Lets the server speak TLS on its port, and no plain text. It shows the server's certificate,
    /// and asks for none of its clients.
    pub fn tls(mut self, tls: &Tls) -> Self {
        self.plan.tls = Some(TlsPlan::of(tls));
        self
    }

    /// Shows this certificate instead of the server's. Has an effect after [`tls`](Self::tls) only.
    pub fn identity(mut self, identity: &Identity) -> Self {
        if let Some(tls) = &mut self.plan.tls {
            tls.server = identity.clone();
        }
        self
    }

    /// Refuses clients without a certificate of the same authority. Has an effect after
    /// [`tls`](Self::tls) only.
    pub fn require_client_certificates(mut self) -> Self {
        if let Some(tls) = &mut self.plan.tls {
            tls.demands_certificates = true;
        }
        self
    }

    /// Lets the server listen on a unix socket too, see [`Server::unix_socket`].
    pub fn unix_socket(mut self) -> Self {
        self.plan.has_socket = true;
        self
    }

    /// Gives the server a config file, which is empty at first and which it can rewrite, see
    /// [`Server::config_file`].
    pub fn config_file(mut self) -> Self {
        self.plan.has_config_file = true;
        self
    }

    /// Makes the server one of a cluster, with another port for other nodes.
    pub(crate) fn cluster_node(mut self) -> Self {
        self.plan.kind = Kind::ClusterNode;
        self
    }

    /// Makes the server a sentinel.
    pub(crate) fn sentinel(mut self) -> Self {
        self.plan.kind = Kind::Sentinel;
        self
    }

    /// Lets a sentinel speak with servers and other sentinels in another way than with clients.
    pub(crate) fn peers(mut self, peers: Peers) -> Self {
        self.plan.peers = peers;
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Panics
    ///
    /// Panics as [`Server::start_with`] does.
    #[must_use]
    pub fn start(self) -> Server {
        self.try_start()
            .unwrap_or_else(|error| panic!("no Redis server for this test: {error}"))
    }

    /// Starts the server as [`start`](Self::start) does, for programs that are not tests.
    ///
    /// # Errors
    ///
    /// Returns an error as [`Server::try_start_with`] does. It says so if the redis-server of this
    /// machine is built without TLS.
    pub fn try_start(self) -> io::Result<Server> {
        Server::of(self.plan)
    }
}
