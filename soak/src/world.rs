//! The servers, and the proxies in front of them.

use std::io;

use redis_components_testing::{Proxy, Server, Tls};
use serde_json::{Value, json};

use crate::admin::CONTROL;
use crate::places::{Place, SERVERS, name};

/// The password of every second server, so that configs can have a wrong one.
const PASSWORD: &str = "soaked";

/// The server that speaks TLS only.
const ENCRYPTED: usize = 2;

/// The server that is reached over a unix socket, unless its proxy is in between.
const LOCAL: usize = 3;

/// A config server and the data servers, each with a proxy. They stop when this is dropped.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: Server,
    pub(crate) config_proxy: Proxy,
    data: Vec<(Server, Proxy)>,
    /// Holds the certificates.
    _authority: Tls,
}

impl World {
    pub(crate) fn start() -> io::Result<Self> {
        let config = Server::try_start_with(&[])?;
        let config_proxy = Proxy::to(&config);
        let authority = Tls::new();
        let start = |number| data_server(number, &authority);
        let data: io::Result<Vec<_>> = (0..SERVERS).map(start).collect();
        let world = Self {
            config,
            config_proxy,
            data: data?,
            _authority: authority,
        };
        for server in world.servers() {
            name_control(server);
        }
        Ok(world)
    }

    pub(crate) fn server(&self, number: usize) -> &Server {
        &self.data[number].0
    }

    pub(crate) fn proxy(&self, number: usize) -> &Proxy {
        &self.data[number].1
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
        let (server, proxy) = &self.data[place.server];
        let mut config: Value = serde_json::from_str(&server.config()).unwrap_or_default();
        if place.by_proxy {
            config["port"] = json!(proxy.port());
        } else if let Some(path) = server.unix_socket() {
            config = json!({ "unix_socket_path": path });
        }
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

    fn servers(&self) -> impl Iterator<Item = &Server> {
        self.data
            .iter()
            .map(|(server, _)| server)
            .chain([&self.config])
    }
}

/// Names the connection that watches a server, so that it is not taken for one of the runtime.
/// Called whenever a server was started.
pub(crate) fn name_control(server: &Server) {
    server.command(&["CLIENT", "SETNAME", CONTROL]);
}

fn data_server(number: usize, authority: &Tls) -> io::Result<(Server, Proxy)> {
    // A killed server must have all counts when it is back: each is written to the file before it
    // is answered.
    let mut arguments = vec![
        "--appendonly",
        "yes",
        "--appendfsync",
        "no",
        "--auto-aof-rewrite-min-size",
        "16mb",
    ];
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
    server.command(&["SET", "name", name(number)]);
    let proxy = Proxy::to(&server);
    Ok((server, proxy))
}

fn needs_password(server: usize) -> bool {
    server % 2 == 1
}
