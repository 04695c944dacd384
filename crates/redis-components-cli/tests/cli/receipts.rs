//! Receipts, written by hand as processes write them.

use redis_components_testing::Server;
use serde_json::json;

const FLEET: &str = "redis-components:fleet";

/// A process that exists on its config server only.
pub(crate) struct Process {
    application: &'static str,
    instance: String,
}

impl Process {
    pub(crate) fn new(application: &'static str, pid: u32) -> Self {
        let instance = format!("web-{pid}-0a1b");
        Self {
            application,
            instance,
        }
    }

    pub(crate) fn member(&self) -> String {
        format!("{}:{}", self.application, self.instance)
    }

    pub(crate) fn key(&self) -> String {
        format!("redis-components:receipt:{}", self.member())
    }

    /// Returns the commands that write a receipt.
    pub(crate) fn commands(&self, component: &str, words: &str) -> [Vec<String>; 3] {
        self.commands_under("config:redis:", component, words)
    }

    fn commands_under(&self, prefix: &str, component: &str, words: &str) -> [Vec<String>; 3] {
        let Self {
            application,
            instance,
        } = self;
        let pid: u32 = instance.split('-').nth(1).unwrap().parse().unwrap();
        let process = json!({
            "v": 1, "application": application, "instance": instance, "host": "web", "pid": pid,
            "started": "2026-11-26T10:00:00Z", "runtime": "0.1.0", "language": "rust",
            "mode": "push", "key_prefix": prefix, "every": 10, "ttl": 35,
        });
        let command = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let (key, process) = (self.key(), process.to_string());
        [
            command(&["HSET", &key, "@", &process, component, words]),
            command(&["EXPIRE", &key, "35"]),
            command(&["ZADD", FLEET, "1764170000", &self.member()]),
        ]
    }

    /// Writes a receipt of one component.
    pub(crate) fn report(&self, server: &Server, component: &str, words: &str) {
        self.send(server, &self.commands(component, words));
    }

    /// Writes a receipt of a process whose keys have this prefix.
    pub(crate) fn report_under(&self, server: &Server, prefix: &str, words: &str) {
        self.send(server, &self.commands_under(prefix, "logs", words));
    }

    #[allow(clippy::unused_self, reason = "it reads as a sentence")]
    fn send(&self, server: &Server, commands: &[Vec<String>]) {
        for command in commands {
            let words: Vec<_> = command.iter().map(String::as_str).collect();
            server.command(&words);
        }
    }

    /// Opens a connection as the process does to hear of changes.
    pub(crate) fn watch(&self, server: &Server) -> redis::Connection {
        let name = format!("{}:@config:{}", self.application, self.instance);
        watching(server, Some(&name))
    }
}

/// Opens a connection that the server pushes changes to.
pub(crate) fn watching(server: &Server, name: Option<&str>) -> redis::Connection {
    let info = server.client().get_connection_info().clone();
    let settings = info
        .redis_settings()
        .clone()
        .set_protocol(redis::ProtocolVersion::RESP3);
    let client = redis::Client::open(info.set_redis_settings(settings)).unwrap();
    let mut connection = client.get_connection().unwrap();
    if let Some(name) = name {
        let mut named = redis::cmd("CLIENT");
        let () = named
            .arg("SETNAME")
            .arg(name)
            .query(&mut connection)
            .unwrap();
    }
    let mut track = redis::cmd("CLIENT");
    let () = track
        .arg("TRACKING")
        .arg("ON")
        .query(&mut connection)
        .unwrap();
    connection
}
