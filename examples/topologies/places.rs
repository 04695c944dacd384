//! The servers of every kind.

use std::fmt;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use redis_components_testing::{Cluster, Sentinels, Server, Tls};

/// How long a replica may take to receive what its primary has written.
const CATCHES_UP_WITHIN: Duration = Duration::from_secs(5);

/// A kind of place where a component's data can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Tcp,
    Tls,
    UnixSocket,
    Sentinels,
    Cluster,
}

/// All servers; they stop when this is dropped.
pub(crate) struct Places {
    config: Server,
    tcp: Server,
    tls: Server,
    unix: Server,
    sentinels: Sentinels,
    cluster: Cluster,
    /// Holds the certificates.
    _authority: Tls,
}

impl Places {
    /// Starts all servers. The sets start side by side, because each waits for its members.
    pub(crate) fn start() -> io::Result<Self> {
        let authority = Tls::new();
        thread::scope(|scope| {
            let sentinels = scope.spawn(|| Sentinels::builder().try_start());
            let cluster = scope.spawn(|| Cluster::builder(3, 0).try_start());
            let ended = |_| io::Error::other("starting the servers panicked");
            Ok(Self {
                config: Server::try_start_with(&[])?,
                tcp: Server::try_start_with(&[])?,
                tls: Server::builder().tls(&authority).try_start()?,
                unix: Server::builder().unix_socket().try_start()?,
                sentinels: sentinels.join().map_err(ended)??,
                cluster: cluster.join().map_err(ended)??,
                _authority: authority,
            })
        })
    }

    pub(crate) fn config_server(&self) -> String {
        self.config.url()
    }

    /// Moves the component as an operator does.
    pub(crate) fn move_to(&self, kind: Kind) {
        let config = match kind {
            Kind::Tcp => self.tcp.config(),
            Kind::Tls => self.tls.config(),
            Kind::UnixSocket => self.unix_config(),
            // Calls wait for as long as a fail-over takes.
            Kind::Sentinels => patient(&self.sentinels.config()),
            // A node writes to its disk when a slot changes, and answers nobody meanwhile.
            Kind::Cluster => patient(&self.cluster.config()),
        };
        let key = app::visits::COMPONENT.key();
        self.config.command(&["SET", key, &config]);
    }

    fn unix_config(&self) -> String {
        let path = self.unix.unix_socket().unwrap_or_else(|| "".as_ref());
        serde_json::json!({ "unix_socket_path": path }).to_string()
    }

    /// Lets a replica take over from the primary of the sentinels.
    ///
    /// Sentinels do not hold writes back meanwhile, so what the old primary still takes would be
    /// lost. Here it holds them, and refuses them once it is a replica. Refused commands go to the
    /// new primary.
    pub(crate) fn fail_over(&self) {
        let old = self.sentinels.primary();
        let servers = self.sentinels.servers();
        let primary = &servers[old];
        primary.command(&["CLIENT", "PAUSE", "10000", "WRITE"]);
        let written = offset(primary);
        let replicas = || (0..servers.len()).filter(|number| *number != old);
        let caught_up = || replicas().all(|number| offset(&servers[number]) >= written);
        let begun = Instant::now();
        // What a replica has not received after this long is lost, and found by the summary.
        while !caught_up() && begun.elapsed() < CATCHES_UP_WITHIN {
            thread::sleep(Duration::from_millis(1));
        }
        let new = servers[self.sentinels.failover()].port().to_string();
        primary.command(&["REPLICAOF", "127.0.0.1", &new]);
        primary.command(&["CLIENT", "UNPAUSE"]);
    }

    /// Moves the slot of the first task's counter to another node.
    pub(crate) fn migrate(&self) {
        let slot = self.cluster.slot_of("visits:task 0");
        let to = (self.cluster.primary_of_slot(slot) + 1) % 3;
        self.cluster.migrate(slot, to);
    }

    /// Returns a counter, summed over all servers where the component was.
    pub(crate) fn counter(&self, key: &str) -> u64 {
        let primary = self.sentinels.server(self.sentinels.primary());
        let node = self.cluster.node(self.cluster.primary_of(key));
        [&self.tcp, &self.tls, &self.unix, primary, &*node]
            .into_iter()
            .map(|server| {
                let count = server.command(&["GET", key]);
                redis::from_redis_value::<Option<u64>>(count)
                    .ok()
                    .flatten()
                    .unwrap_or(0)
            })
            .sum()
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = |servers: &mut dyn Iterator<Item = u16>| {
            let ports: Vec<String> = servers.map(|port| port.to_string()).collect();
            ports.join(", ")
        };
        let sentinels = ports(&mut self.sentinels.sentinels().iter().map(Server::port));
        let servers = ports(&mut self.sentinels.servers().iter().map(Server::port));
        let nodes = ports(&mut self.cluster.nodes().iter().map(|node| node.port()));
        let unix = self.unix.unix_socket().unwrap_or_else(|| "".as_ref());
        writeln!(f, "config server  127.0.0.1:{}", self.config.port())?;
        writeln!(f, "TCP            127.0.0.1:{}", self.tcp.port())?;
        writeln!(f, "TLS            127.0.0.1:{}", self.tls.port())?;
        writeln!(f, "unix socket    {}", unix.display())?;
        writeln!(
            f,
            "sentinels      127.0.0.1: {sentinels}, for the servers {servers}"
        )?;
        write!(f, "cluster        127.0.0.1: {nodes}")
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::UnixSocket => "unix socket",
            Self::Sentinels => "sentinels",
            Self::Cluster => "cluster",
        })
    }
}

/// Returns a config whose calls wait longer for an answer.
fn patient(config: &str) -> String {
    config.replacen('{', r#"{"socket_timeout":5,"#, 1)
}

/// Returns how far a server has written its part of the replication.
fn offset(server: &Server) -> u64 {
    let info = server.command(&["INFO", "replication"]);
    let info: String = redis::from_redis_value(info).unwrap_or_default();
    let field = |name| info.lines().find_map(|line| line.strip_prefix(name));
    let offset = field("slave_repl_offset:").or_else(|| field("master_repl_offset:"));
    offset
        .and_then(|offset| offset.trim().parse().ok())
        .unwrap_or(0)
}
