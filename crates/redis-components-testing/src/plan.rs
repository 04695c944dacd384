//! What a server is started with.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::tls::Tls;
use crate::tls::identity::Identity;

/// The file in a sentinel's directory in which it keeps what it knows.
const SENTINEL_FILE: &str = "sentinel.conf";
/// The config file of another server, if it has one.
const CONFIG_FILE: &str = "redis.conf";
/// The file of a server's unix socket, in its directory.
const SOCKET: &str = "redis.sock";

/// All that a server is started with, but for its ports and its directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) arguments: Vec<String>,
    pub(crate) tls: Option<TlsPlan>,
    pub(crate) has_socket: bool,
    pub(crate) has_config_file: bool,
    pub(crate) kind: Kind,
    pub(crate) peers: Peers,
}

/// What a server is for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Kind {
    #[default]
    Standalone,
    ClusterNode,
    Sentinel,
}

/// How a sentinel speaks with the servers that it watches, and with other sentinels.
#[derive(Clone, Debug, Default)]
pub(crate) enum Peers {
    /// As with clients.
    #[default]
    LikeClients,
    /// In plain text, although clients speak TLS.
    Plain,
    /// In TLS, although clients speak plain text.
    Tls(TlsPlan),
}

/// The ports of a server, all of 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) clients: u16,
    /// The port for other nodes, if the server is one of a cluster, and for other sentinels, if it
    /// is one that speaks with them in another way than with clients.
    pub(crate) peers: Option<u16>,
}

/// How a server encrypts.
#[derive(Clone, Debug)]
pub(crate) struct TlsPlan {
    pub(crate) ca: PathBuf,
    pub(crate) server: Identity,
    pub(crate) client: Identity,
    pub(crate) demands_certificates: bool,
}

impl TlsPlan {
    pub(crate) fn of(tls: &Tls) -> Self {
        Self {
            ca: tls.ca().to_owned(),
            server: tls.server().clone(),
            client: tls.client().clone(),
            demands_certificates: false,
        }
    }

    /// Adds to a component config what a client needs, in fields that begin with `prefix`.
    pub(crate) fn describe(&self, config: &mut serde_json::Value, prefix: &str) {
        config[format!("{prefix}ssl")] = true.into();
        let mut files = vec![("ca_certs", &self.ca)];
        if self.demands_certificates {
            files.extend([
                ("certfile", &self.client.certificate),
                ("keyfile", &self.client.key),
            ]);
        }
        for (field, file) in files {
            config[format!("{prefix}ssl_{field}")] = file.to_string_lossy().into();
        }
    }

    fn words(&self, port: u16, with_peers: bool) -> Vec<OsString> {
        let demands = if self.demands_certificates {
            "yes"
        } else {
            "no"
        };
        vec![
            "--tls-port".into(),
            port.to_string().into(),
            "--tls-cert-file".into(),
            self.server.certificate.clone().into(),
            "--tls-key-file".into(),
            self.server.key.clone().into(),
            "--tls-ca-cert-file".into(),
            self.ca.clone().into(),
            "--tls-auth-clients".into(),
            demands.into(),
            "--tls-replication".into(),
            (if with_peers { "yes" } else { "no" }).into(),
        ]
    }
}

impl Plan {
    /// Returns `true` if the server has a second port, see [`Ports::peers`].
    pub(crate) fn has_peers_port(&self) -> bool {
        self.kind == Kind::ClusterNode || !matches!(self.peers, Peers::LikeClients)
    }

    /// Returns the port for plain text, 0 for none.
    pub(crate) fn plain_port(&self, ports: Ports) -> u16 {
        match (&self.tls, &self.peers) {
            (None, _) => ports.clients,
            (Some(_), Peers::Plain) => ports.peers.unwrap_or(0),
            (Some(_), _) => 0,
        }
    }

    /// Returns where the server's unix socket is, if it has one. A server that speaks TLS always
    /// has one, through which it is observed.
    pub(crate) fn socket(&self, directory: &Path) -> Option<PathBuf> {
        (self.has_socket || self.tls.is_some()).then(|| directory.join(SOCKET))
    }

    /// Returns the config file, in which a sentinel keeps what it knows.
    pub(crate) fn config_file(&self, directory: &Path) -> Option<PathBuf> {
        match self.kind {
            Kind::Sentinel => Some(directory.join(SENTINEL_FILE)),
            _ => self.has_config_file.then(|| directory.join(CONFIG_FILE)),
        }
    }

    /// Returns the arguments of redis-server after those for plain text.
    pub(crate) fn words(&self, ports: Ports, directory: &Path) -> Vec<OsString> {
        let mut words = vec![OsString::from("--dir"), directory.into()];
        if let Some(socket) = self.socket(directory) {
            words.extend(["--unixsocket".into(), socket.into()]);
        }
        match (&self.tls, &self.peers, ports.peers) {
            (Some(tls), Peers::Plain, _) => words.extend(tls.words(ports.clients, false)),
            (Some(tls), _, _) => words.extend(tls.words(ports.clients, true)),
            (None, Peers::Tls(tls), Some(port)) => words.extend(tls.words(port, true)),
            (None, _, _) => {}
        }
        if let (Kind::ClusterNode, Some(bus)) = (self.kind, ports.peers) {
            let bus = bus.to_string();
            let node = ["--cluster-enabled", "yes", "--cluster-port", &bus];
            words.extend(node.map(OsString::from));
            let announced = ["--cluster-announce-ip", "127.0.0.1"];
            words.extend(announced.map(OsString::from));
            // Servers without TLS do not know this argument.
            if self.tls.is_some() {
                words.extend(["--tls-cluster", "yes"].map(OsString::from));
            }
        }
        if self.kind == Kind::Sentinel {
            words.push("--sentinel".into());
        }
        words.extend(self.arguments.iter().map(OsString::from));
        words
    }

    /// Returns the password of `--requirepass`, if the arguments have one.
    pub(crate) fn password(&self) -> Option<&str> {
        let mut words = self.arguments.iter();
        words.find(|word| *word == "--requirepass")?;
        words.next().map(String::as_str)
    }
}
