//! The servers, and the proxies in front of them.

use std::io;
use std::time::Duration;

use redis_components_testing::{Cluster, Proxy, Sentinels, Server, Tls};
use serde_json::{Value, json};

use crate::admin::CONTROL;
use crate::places::{CLUSTER, Place, SENTINELS, SERVERS, SINGLE, name};

/// The password of every second server, so that configs can have a wrong one.
const PASSWORD: &str = "soaked";

/// A killed server must have all counts when it is back: each is written to the file before it is
/// answered.
const PERSISTENT: [&str; 6] = [
    "--appendonly",
    "yes",
    "--appendfsync",
    "no",
    "--auto-aof-rewrite-min-size",
    "16mb",
];

/// The server that speaks TLS only.
const ENCRYPTED: usize = 2;

/// The server that is reached over a unix socket, unless its proxy is in between.
const LOCAL: usize = 3;

/// How long a node of the cluster may be silent. The primaries vote for a fail-over once in twice
/// this time.
const NODE_TIMEOUT: Duration = Duration::from_secs(2);

/// A config server and the data servers, the single ones with a proxy each. They stop when this is
/// dropped.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: Server,
    pub(crate) config_proxy: Proxy,
    single: Vec<(Server, Proxy)>,
    sentinels: Sentinels,
    cluster: Cluster,
    /// Holds the certificates.
    _authority: Tls,
}

impl World {
    pub(crate) fn start() -> io::Result<Self> {
        let config = Server::try_start_with(&[])?;
        let config_proxy = Proxy::to(&config);
        let authority = Tls::new();
        let start = |number| data_server(number, &authority);
        let single: io::Result<Vec<_>> = (0..SINGLE).map(start).collect();
        // Each slot has a node whose replica takes over only when it is asked to, because nodes lose
        // writes otherwise.
        let lossless = ["--cluster-replica-no-failover", "yes"];
        let cluster = Cluster::builder(3, 1)
            .node_timeout(NODE_TIMEOUT)
            .require_full_coverage(false)
            .password(PASSWORD)
            .arguments(&PERSISTENT)
            .arguments(&lossless)
            .try_start()?;
        let world = Self {
            config,
            config_proxy,
            single: single?,
            sentinels: Sentinels::builder().try_start()?,
            cluster,
            _authority: authority,
        };
        name_control(&world.config);
        for number in 0..SERVERS {
            world.each_server(number, name_control);
            world.with_holder(number, "name", |server| {
                server.command(&["SET", "name", name(number)]);
            });
        }
        Ok(world)
    }

    /// Returns a single server.
    pub(crate) fn server(&self, number: usize) -> &Server {
        &self.single[number].0
    }

    /// Returns the proxy of a single server.
    pub(crate) fn proxy(&self, number: usize) -> &Proxy {
        &self.single[number].1
    }

    pub(crate) fn sentinels(&self) -> &Sentinels {
        &self.sentinels
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Shows each server of a place.
    pub(crate) fn each_server(&self, number: usize, mut show: impl FnMut(&Server)) {
        match number {
            SENTINELS => self.sentinels.servers().iter().for_each(show),
            CLUSTER => self.cluster.nodes().iter().for_each(|node| show(node)),
            _ => show(self.server(number)),
        }
    }

    /// Shows the server of a place that holds a key now.
    pub(crate) fn with_holder<T>(
        &self,
        number: usize,
        key: &str,
        show: impl FnOnce(&Server) -> T,
    ) -> T {
        match number {
            SENTINELS => show(self.sentinels.server(self.sentinels.primary())),
            CLUSTER => show(&self.cluster.node(self.cluster.primary_of(key))),
            _ => show(self.server(number)),
        }
    }

    /// Returns the config of a place, in one of several texts with the same meaning.
    pub(crate) fn config_of(&self, place: Place, text: usize) -> String {
        self.config_with(
            place,
            needs_password(place.server).then_some(PASSWORD),
            text,
        )
    }

    /// Returns a config that the server refuses, or `None` if the server needs no password.
    pub(crate) fn config_with_wrong_password(&self, server: usize) -> Option<String> {
        let place = Place {
            server,
            by_proxy: false,
        };
        needs_password(server).then(|| self.config_with(place, Some("wrong"), 0))
    }

    fn config_with(&self, place: Place, password: Option<&str>, text: usize) -> String {
        let mut config = match place.server {
            SENTINELS => parsed(&self.sentinels.config()),
            CLUSTER => parsed(&self.cluster.config()),
            number => self.config_of_single(number, place.by_proxy),
        };
        if let Some(password) = password {
            config["password"] = json!(password);
        }
        match text % 3 {
            0 => config.to_string(),
            1 => {
                config["db"] = json!(0);
                format!(" {config} ")
            }
            _ => {
                config["comment"] = json!("as before");
                format!("{config:#}")
            }
        }
    }

    fn config_of_single(&self, number: usize, by_proxy: bool) -> Value {
        let (server, proxy) = &self.single[number];
        match server.unix_socket() {
            Some(path) if number == LOCAL && !by_proxy => json!({ "unix_socket_path": path }),
            _ => {
                let mut config = parsed(&server.config());
                if by_proxy {
                    config["port"] = json!(proxy.port());
                }
                config
            }
        }
    }
}

fn parsed(config: &str) -> Value {
    serde_json::from_str(config).unwrap_or_default()
}

/// Names the connection that watches a server, so that it is not taken for one of the runtime.
/// Called whenever a server was started.
pub(crate) fn name_control(server: &Server) {
    let name = ["CLIENT", "SETNAME", CONTROL];
    // Sentinels close the connections to a server whose role they change.
    if server.try_command(&name).is_err() {
        server.command(&name);
    }
}

fn data_server(number: usize, authority: &Tls) -> io::Result<(Server, Proxy)> {
    let mut arguments = PERSISTENT.to_vec();
    if needs_password(number) {
        arguments.extend(["--requirepass", PASSWORD]);
    }
    let mut server = Server::builder().arguments(&arguments);
    if number == ENCRYPTED {
        server = server.tls(authority);
    }
    if number == LOCAL {
        server = server.unix_socket();
    }
    let server = server.try_start()?;
    let proxy = Proxy::to(&server);
    Ok((server, proxy))
}

fn needs_password(server: usize) -> bool {
    server % 2 == 1
}
