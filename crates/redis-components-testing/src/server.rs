//! The server as tests see it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redis::Client;

use crate::control::Control;
use crate::plan::{Kind, Plan, Ports, TlsPlan};
use crate::process::Process;
use crate::reserved::Reserved;
use crate::startup;
use crate::tls::identity::Identity;

/// A Redis server for one test or program; it is killed when this is dropped.
///
/// All methods take `&self`, so that the threads and tasks of a test can share a server. They block
/// for as long as a local server takes to answer. If the server is stopped or
/// [frozen](Self::freeze), methods that ask it panic.
pub struct Server {
    ports: Ports,
    socket: Option<PathBuf>,
    config_file: Option<PathBuf>,
    tls: Option<TlsPlan>,
    kind: Kind,
    client: Client,
    state: Mutex<State>,
    /// The ports are nobody else's as long as this lives. Otherwise what still looks for a stopped
    /// server could find another one there.
    _reserved: Vec<Reserved>,
}

pub(crate) struct State {
    process: Process,
    is_frozen: bool,
    /// `None` while the server is stopped.
    pub(crate) control: Option<Control>,
}

impl Server {
    pub(crate) fn of(plan: Plan) -> io::Result<Self> {
        let started = startup::on_free_ports(&plan)?;
        let socket = plan.socket(started.process.directory());
        let config_file = plan.config_file(started.process.directory());
        let state = Mutex::new(State {
            process: started.process,
            is_frozen: false,
            control: Some(started.control),
        });
        Ok(Self {
            ports: started.ports,
            socket,
            config_file,
            tls: plan.tls,
            kind: plan.kind,
            client: started.client,
            state,
            _reserved: started.reserved,
        })
    }

    /// Returns the port of 127.0.0.1 that the server listens on; a restart does not change it.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.clients
    }

    /// Returns the port for other nodes, if the server is one of a cluster.
    #[must_use]
    pub fn bus_port(&self) -> Option<u16> {
        (self.kind == Kind::ClusterNode)
            .then_some(self.ports.peers)
            .flatten()
    }

    /// Returns the file of the server's unix socket. A server has one if it was asked for one, and
    /// if it speaks TLS.
    #[must_use]
    pub fn unix_socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// Returns the server's config file, if it was asked for one.
    #[must_use]
    pub fn config_file(&self) -> Option<&Path> {
        self.config_file.as_deref()
    }

    /// Returns the server's address as `redis://127.0.0.1:<port>`, or `rediss://…` if the server
    /// speaks TLS, without a password.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() {
            "rediss"
        } else {
            "redis"
        };
        format!("{scheme}://127.0.0.1:{}", self.ports.clients)
    }

    /// Returns the server's address as a component config, `{"host":"127.0.0.1","port":<port>}`,
    /// without a password. If the server speaks TLS, the config says so and names the authority's
    /// certificate, and the client's if the server demands one.
    #[must_use]
    pub fn config(&self) -> String {
        let mut config = serde_json::json!({"host": "127.0.0.1", "port": self.ports.clients});
        self.describe_tls(&mut config, "");
        config.to_string()
    }

    /// Adds to a component config what a client needs to speak TLS, if the server does, in fields
    /// that begin with `prefix`.
    pub(crate) fn describe_tls(&self, config: &mut serde_json::Value, prefix: &str) {
        if let Some(tls) = &self.tls {
            tls.describe(config, prefix);
        }
    }

    /// Shows another certificate to clients that connect from now on, until a
    /// [restart](Self::restart).
    ///
    /// # Panics
    ///
    /// Panics if the server does not speak TLS, or refuses the certificate.
    pub fn rotate(&self, identity: &Identity) {
        let certificate = identity.certificate.to_string_lossy();
        let key = identity.key.to_string_lossy();
        let names = ["tls-cert-file", "tls-key-file"];
        self.command(&["CONFIG", "SET", names[0], &certificate, names[1], &key]);
    }

    /// Returns a client of the server. The client knows the password if the server was started with
    /// `--requirepass`, and connects to the unix socket if the server speaks TLS.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Returns a new blocking connection.
    ///
    /// # Panics
    ///
    /// Panics if the server does not answer.
    #[must_use]
    pub fn connection(&self) -> redis::Connection {
        let timeout = std::time::Duration::from_secs(5);
        self.client
            .get_connection_with_timeout(timeout)
            .unwrap_or_else(|error| panic!("cannot connect to {}: {error}", self.url()))
    }

    /// Kills the server, as a crash does. Its port and its directory stay for a
    /// [restart](Self::restart).
    pub fn stop(&self) {
        let mut state = self.state();
        state.control = None;
        state.process.kill();
        state.is_frozen = false;
    }

    /// Starts the server again on the same port, and first stops it if it runs. It comes back
    /// empty, unless it was started with `--appendonly yes`.
    ///
    /// # Panics
    ///
    /// Panics if the server does not start, for example because another process has taken the port.
    pub fn restart(&self) {
        self.try_restart()
            .unwrap_or_else(|error| panic!("cannot restart {}: {error}", self.url()));
    }

    /// Starts the server again as [`restart`](Self::restart) does, for programs that are not tests.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not start. The server is then stopped or does not
    /// answer, and the caller may try again.
    pub fn try_restart(&self) -> io::Result<()> {
        self.stop();
        let mut state = self.state();
        state.process.respawn()?;
        state.control = Some(startup::ready(&mut state.process, &self.client, self.kind)?);
        Ok(())
    }

    /// Freezes the server: its connections stay open, and it answers nothing until it is
    /// [thawed](Self::thaw).
    ///
    /// # Panics
    ///
    /// Panics if the server is not running.
    pub fn freeze(&self) {
        self.signal(rustix::process::Signal::STOP);
        self.state().is_frozen = true;
    }

    /// Lets a [frozen](Self::freeze) server go on.
    ///
    /// # Panics
    ///
    /// Panics if the server is not running.
    pub fn thaw(&self) {
        self.signal(rustix::process::Signal::CONT);
        self.state().is_frozen = false;
    }

    /// Returns `true` if the server is neither stopped nor [frozen](Self::freeze).
    #[must_use]
    pub fn is_running(&self) -> bool {
        let state = self.state();
        state.control.is_some() && !state.is_frozen
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let sent = self.state().process.signal(signal);
        sent.unwrap_or_else(|error| panic!("cannot signal {}: {error}", self.url()));
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // If a test has failed on one thread, the panics of others must not hide its reason.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("port", &self.ports.clients)
            .finish_non_exhaustive()
    }
}
