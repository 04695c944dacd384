//! The Redis servers of a run: one for configs, and two for data unless `--server` names one.

use redis_components_testing::{Cluster, Server, Tls};

use crate::failure::Failure;
use crate::functions::moving::SERVER;
use crate::options::HostPort;

/// The components whose configs are written at the start. All are on the first data server.
const COMPONENTS: &[&str] = &[
    "logs",
    "logs_two",
    "logs_fresh",
    "logs_blocking",
    "logs_blocking_fresh",
    "moving",
    "many_5000",
];

/// The addresses of the servers.
#[derive(Clone, Debug)]
pub(crate) struct Urls {
    pub(crate) config: String,
    pub(crate) data: [String; 2],
}

impl Urls {
    /// Returns the addresses as a worker's arguments.
    pub(crate) fn to_arguments(&self) -> [&str; 3] {
        [&self.config, &self.data[0], &self.data[1]]
    }

    pub(crate) fn from_arguments(arguments: [String; 3]) -> Self {
        let [config, first, second] = arguments;
        Self {
            config,
            data: [first, second],
        }
    }
}

/// The servers. They stop when this is dropped, except one that `--server` names.
pub(crate) struct Servers {
    config: Server,
    data: Data,
}

enum Data {
    Own(Box<Own>),
    There(HostPort),
}

struct Own {
    single: [Server; 2],
    /// These only have to live.
    _others: (Server, Server, Cluster, Tls),
}

/// The names of components, and their configs.
type Configs = [(&'static str, String); 4];

impl Own {
    /// Starts the servers. Returns also the configs of components at other kinds of servers.
    fn start() -> Result<(Self, Configs), Failure> {
        // No measurement is about writing to a disk.
        let save_nothing = ["--save", ""];
        let authority = Tls::new();
        let builder = || Server::builder().arguments(&save_nothing);
        let tls = builder().tls(&authority).try_start()?;
        let unix = builder().unix_socket().try_start()?;
        let cluster = Cluster::builder(3, 0)
            .arguments(&save_nothing)
            .try_start()?;
        let path = unix.unix_socket().ok_or("a server without a socket")?;
        let configs = [
            ("tls", tls.config()),
            (
                "unix",
                serde_json::json!({ "unix_socket_path": path }).to_string(),
            ),
            ("cluster", cluster.config()),
            ("cluster_blocking", cluster.config()),
        ];
        let own = Self {
            single: [builder().try_start()?, builder().try_start()?],
            _others: (tls, unix, cluster, authority),
        };
        Ok((own, configs))
    }
}

impl Servers {
    pub(crate) fn start(data: Option<&HostPort>) -> Result<Self, Failure> {
        let mut others = None;
        let data = match data {
            Some(there) => Data::There(there.clone()),
            None => {
                let (own, configs) = Own::start()?;
                others = Some(configs);
                Data::Own(Box::new(own))
            }
        };
        let servers = Self {
            config: Server::try_start_with(&["--save", ""])?,
            data,
        };
        let notify = ["CONFIG", "SET", "notify-keyspace-events", "KEA"];
        servers.config.command(&notify);
        let config = match &servers.data {
            Data::Own(own) => {
                for (number, server) in own.single.iter().enumerate() {
                    server.command(&["SET", SERVER, &number.to_string()]);
                }
                own.single[0].config()
            }
            Data::There(HostPort { host, port }) => {
                let host = host.trim_matches(['[', ']']);
                serde_json::json!({ "host": host, "port": port }).to_string()
            }
        };
        for component in COMPONENTS {
            let key = format!("config:redis:{component}");
            servers.config.command(&["SET", &key, &config]);
        }
        for (component, config) in others.iter().flatten() {
            let key = format!("config:redis:{component}");
            servers.config.command(&["SET", &key, config]);
        }
        Ok(servers)
    }

    pub(crate) fn urls(&self) -> Urls {
        Urls {
            config: self.config.url(),
            data: match &self.data {
                Data::Own(own) => own.single.each_ref().map(Server::url),
                Data::There(there) => [(); 2].map(|()| format!("redis://{there}/")),
            },
        }
    }

    /// Returns the version of the data server, such as `Redis 7.0.15`.
    pub(crate) fn version(&self) -> Result<String, Failure> {
        let [url, _] = self.urls().data;
        let ask = || {
            let mut connection = redis::Client::open(url.as_str())?.get_connection()?;
            redis::cmd("INFO").arg("server").query(&mut connection)
        };
        let text: String =
            ask().map_err(|error| format!("there is no Redis server at {url}: {error}"))?;
        let version = text
            .lines()
            .find_map(|line| line.strip_prefix("redis_version:"));
        Ok(format!("Redis {}", version.unwrap_or("of no version")))
    }

    /// Returns how often each command was called on the config server, without our own `INFO`.
    pub(crate) fn config_commands(&self) -> Result<Vec<(String, u64)>, Failure> {
        commands(&self.config)
    }
}

/// Returns how often each command was called on a server, without our own `INFO`.
pub(crate) fn commands(server: &Server) -> Result<Vec<(String, u64)>, Failure> {
    let text: String = redis::from_redis_value(server.command(&["INFO", "commandstats"]))?;
    let commands = text.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let calls = rest.split(',').next()?.parse().ok()?;
        (name != "info").then(|| (name.to_owned(), calls))
    });
    Ok(commands.collect())
}
