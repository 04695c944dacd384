//! R13: the config server may be one of several, behind sentinels, or reached over TLS or a unix
//! socket.
#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod forms;
mod lists;
mod refused_reads;
mod sentinels;

use redis_components::{Settings, status};
use redis_components_testing::Server;

/// Two data servers, to tell configs apart.
pub(crate) struct Data {
    pub(crate) a: Server,
    pub(crate) b: Server,
}

impl Data {
    pub(crate) fn start() -> Self {
        let data = Self {
            a: Server::start(),
            b: Server::start(),
        };
        data.a.command(&["SET", "name", "a"]);
        data.b.command(&["SET", "name", "b"]);
        data
    }
}

/// Writes the config of the component `logs` as an operator does.
pub(crate) fn set(config_server: &Server, data: &Server) {
    config_server.command(&["SET", "config:redis:logs", &data.config()]);
}

pub(crate) fn list(servers: &[&Server]) -> Settings {
    let urls: Vec<String> = servers.iter().map(|server| server.url()).collect();
    Settings::new(urls.join(", "))
}

/// The config server that answers, as `status` names it.
pub(crate) fn used() -> String {
    status().components[0].config_server.clone().unwrap()
}

pub(crate) fn address(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port())
}
