//! Two servers with the same data, of which one is a replica of the other, and a config server.

use std::io::Write as _;
use std::net::TcpStream;

use redis::Value;
use redis_components::{CandidateStatus, Component, Settings, status};
use redis_components_testing::Server;
use serde_json::{Value as Json, json};

use crate::common::{patient, until};

/// Two servers, of which the first is the primary when it starts, and a config server.
pub(crate) struct Pair {
    pub(crate) config: Server,
    pub(crate) servers: [Server; 2],
}

impl Pair {
    /// Starts with the component on the first server.
    pub(crate) async fn start(component: &Component) -> Self {
        let pair = Self {
            config: Server::start(),
            servers: [(), ()].map(|()| Server::start_with(&["--repl-diskless-sync-delay", "0"])),
        };
        pair.set(component, 0);
        let primary = pair.servers[0].port().to_string();
        pair.servers[1].command(&["REPLICAOF", "127.0.0.1", &primary]);
        pair.is_in_step(0).await;
        pair
    }

    pub(crate) fn settings(&self) -> Settings {
        patient(Settings::new(self.config.url()))
    }

    /// Sets the component's config.
    pub(crate) fn set(&self, component: &Component, server: usize) {
        let config = self.servers[server].config();
        self.config.command(&["SET", component.key(), &config]);
    }

    /// Offers one of the servers as the component's candidate.
    pub(crate) fn offer(&self, component: &Component, server: usize, id: &str) {
        let config: Json = serde_json::from_str(&self.servers[server].config()).unwrap();
        self.control(&json!({"prepare": {component.name(): {"id": id, "config": config}}}));
    }

    pub(crate) fn control(&self, control: &Json) {
        let control = control.to_string();
        self.config
            .command(&["SET", "config:redis:@fleet", &control]);
    }

    /// Waits until the other server follows this one.
    pub(crate) async fn is_in_step(&self, primary: usize) {
        until("the replica is in step", async || {
            let info = self.servers[primary].command(&["INFO", "replication"]);
            let info: String = redis::from_redis_value(info).unwrap();
            info.contains("state=online")
        })
        .await;
    }

    /// Makes the other server the primary, as `FAILOVER` does: writes are held, nothing is lost.
    pub(crate) async fn fail_over_from(&self, primary: usize) {
        let [old, new] = [&self.servers[primary], &self.servers[1 - primary]];
        let mut acknowledging = TcpStream::connect(("127.0.0.1", new.port())).unwrap();
        old.command(&["FAILOVER", "TIMEOUT", "10000"]);
        until("the new primary has taken over", async || {
            // Otherwise the old one waits for the next acknowledgement, up to a second. This has no
            // answer.
            acknowledging.write_all(b"REPLCONF GETACK *\r\n").unwrap();
            is_primary(new)
        })
        .await;
    }
}

pub(crate) fn is_primary(server: &Server) -> bool {
    let role = server.command(&["ROLE"]);
    let Value::Array(words) = role else {
        panic!("{role:?}");
    };
    redis::from_redis_value::<String>(words[0].clone()).unwrap() == "master"
}

/// Returns how the component's candidate stands.
pub(crate) fn candidate() -> Option<CandidateStatus> {
    status().components.first()?.candidate.clone()
}

/// Waits until the component's config of this generation is in force.
pub(crate) async fn is_in_force(component: &Component, generation: u64) {
    until("the config is in force", async || {
        component.connection().await.unwrap().generation() == generation
    })
    .await;
}

/// Waits until the candidate of this id is ready.
pub(crate) async fn is_ready(id: &str) {
    until("the candidate is ready", async || {
        candidate().is_some_and(|candidate| candidate.id == id && candidate.is_ready)
    })
    .await;
}
