//! The servers, and the proxies in front of them.

use std::io;

use redis_components_testing::{Proxy, Server};

use crate::admin::CONTROL;
use crate::places::{Place, SERVERS, name};

/// The password of every second server, so that configs can have a wrong one.
const PASSWORD: &str = "soaked";

/// A config server and the data servers, each with a proxy. They stop when this is dropped.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: Server,
    pub(crate) config_proxy: Proxy,
    data: Vec<(Server, Proxy)>,
}

impl World {
    pub(crate) fn start() -> io::Result<Self> {
        let config = Server::try_start_with(&[])?;
        let config_proxy = Proxy::to(&config);
        let data: io::Result<Vec<_>> = (0..SERVERS).map(data_server).collect();
        let world = Self {
            config,
            config_proxy,
            data: data?,
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
        let port = if place.by_proxy {
            proxy.port()
        } else {
            server.port()
        };
        let password =
            password.map_or_else(String::new, |word| format!(r#", "password": "{word}""#));
        match text % 3 {
            0 => format!(r#"{{"host": "127.0.0.1", "port": {port}{password}}}"#),
            1 => format!(r#"{{"port": {port}, "db": 0, "host": "127.0.0.1"{password}}}"#),
            _ => format!(
                r#"{{ "host" : "127.0.0.1" , "port" : {port} , "comment" : "as before"{password} }}"#
            ),
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

fn data_server(number: usize) -> io::Result<(Server, Proxy)> {
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
    let server = Server::try_start_with(&arguments)?;
    server.command(&["SET", "name", name(number)]);
    let proxy = Proxy::to(&server);
    Ok((server, proxy))
}

fn needs_password(server: usize) -> bool {
    server % 2 == 1
}
