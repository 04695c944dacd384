//! A primary with two replicas, and three sentinels that watch it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use redis::Value;
use redis_components::Component;
use redis_components_testing::Server;
use rustix::process::{Pid, Signal};

use crate::common::{self, SOON};

pub(crate) const SERVICE: &str = "main";

/// The servers of a service, and its sentinels.
pub(crate) struct Sentinels {
    pub(crate) servers: Vec<Server>,
    pub(crate) sentinels: Vec<Sentinel>,
}

/// One sentinel.
pub(crate) struct Sentinel {
    pub(crate) port: u16,
    /// The port for TLS, if the configuration has certificates.
    pub(crate) tls_port: u16,
    child: Option<Child>,
    directory: PathBuf,
}

/// Sentinels that fail over when they are asked to: nothing else takes that long.
const ASKED: &str = "sentinel down-after-milliseconds main 10000";

impl Sentinels {
    /// Starts them with further lines of configuration for each sentinel.
    pub(crate) fn start_with(data: &[&str], lines: &str) -> Self {
        let first = Server::start_with(data);
        let primary = first.port().to_string();
        let of_primary = format!("127.0.0.1 {primary}");
        let mut arguments = data.to_vec();
        arguments.extend(["--replicaof", &of_primary]);
        let mut servers = vec![first];
        servers.extend((0..2).map(|_| Server::start_with(&arguments)));
        for server in &servers[1..] {
            until("the replica follows", || {
                let info = server.command(&["INFO", "replication"]);
                let info: String = redis::from_redis_value(info).unwrap();
                info.contains("master_link_status:up")
            });
        }
        let sentinels = (0..3).map(|_| Sentinel::start(&primary, lines)).collect();
        let all = Self { servers, sentinels };
        for sentinel in &all.sentinels {
            until("the sentinel knows the others", || {
                let field = |name| sentinel.field(name);
                field("num-slaves").as_deref() == Some("2")
                    && field("num-other-sentinels").as_deref() == Some("2")
                    && field("flags").as_deref() == Some("master")
            });
        }
        all
    }

    /// Starts them so that they fail over when they are asked to.
    pub(crate) fn start() -> Self {
        Self::start_with(&["--repl-diskless-sync-delay", "0"], ASKED)
    }

    /// Starts them so that they fail over when they are asked to, and lose at most a few writes
    /// then. On a busy machine such a primary may refuse writes at any time.
    pub(crate) fn start_careful() -> Self {
        Self::start_safe(ASKED)
    }

    /// Starts them so that they fail over soon after the primary is silent.
    pub(crate) fn start_watchful() -> Self {
        Self::start_safe("sentinel down-after-milliseconds main 1000")
    }

    fn start_safe(lines: &str) -> Self {
        // No acknowledged write is lost in a fail-over that is asked for, or only a few.
        let data = [
            "--repl-diskless-sync-delay",
            "0",
            "--min-replicas-to-write",
            "1",
            "--min-replicas-max-lag",
            "1",
        ];
        let all = Self::start_with(&data, lines);
        all.servers[0].command(&["CONFIG", "SET", "min-replicas-to-write", "2"]);
        all
    }

    /// The addresses of the sentinels, as JSON.
    pub(crate) fn addresses(&self) -> String {
        let all = self.sentinels.iter();
        let all: Vec<_> = all
            .map(|sentinel| format!(r#""127.0.0.1:{}""#, sentinel.port))
            .collect();
        format!("[{}]", all.join(","))
    }

    /// The config of a component, with further fields.
    pub(crate) fn config_with(&self, fields: &str) -> String {
        let addresses = self.addresses();
        format!(r#"{{"sentinels":{addresses},"service_name":"{SERVICE}"{fields}}}"#)
    }

    pub(crate) fn config(&self) -> String {
        self.config_with("")
    }

    /// Sends a command to every sentinel.
    pub(crate) fn command_all(&self, words: &[&str]) {
        for sentinel in &self.sentinels {
            sentinel.command(words).unwrap();
        }
    }

    /// Tells when the first sentinel publishes a switch.
    pub(crate) fn first_switch(&self) -> mpsc::Receiver<Instant> {
        let (sender, first) = mpsc::channel();
        for sentinel in &self.sentinels {
            let client = sentinel.client();
            let mut connection = client.get_connection().unwrap();
            let sender = sender.clone();
            let (subscribed, wait) = mpsc::channel();
            // Ends with the sentinel.
            thread::spawn(move || {
                let mut pubsub = connection.as_pubsub();
                pubsub.subscribe("+switch-master").unwrap();
                subscribed.send(()).unwrap();
                if pubsub.get_message().is_ok() {
                    let _ = sender.send(Instant::now());
                }
            });
            wait.recv().unwrap();
        }
        first
    }

    /// Asks a sentinel for a fail-over.
    pub(crate) fn fail_over(&self) {
        until("a sentinel begins a fail-over", || {
            self.sentinels[0].command(&["SENTINEL", "FAILOVER", SERVICE]) == Ok(Value::Okay)
        });
    }

    /// The port of the primary, if all sentinels name the same.
    pub(crate) fn primary(&self) -> Option<u16> {
        let mut named = self.sentinels.iter().map(|one| one.field("port"));
        let first = named.next()??;
        named
            .all(|port| port.as_ref() == Some(&first))
            .then(|| first.parse().unwrap())
    }

    /// The server that listens on a port.
    pub(crate) fn server(&self, port: u16) -> &Server {
        let listens = |server: &&Server| server.port() == port;
        self.servers.iter().find(listens).unwrap()
    }

    /// Waits until calls of the component, which are made meanwhile, succeed on the primary that
    /// all sentinels name, and that is not the first server. A busy machine may fail over twice.
    pub(crate) async fn has_moved(&self, component: &Component) {
        common::until("calls follow the primary", async || {
            let called = common::count(component).await;
            let port = in_force().0;
            called.is_ok() && port != self.servers[0].port() && self.primary() == Some(port)
        })
        .await;
    }
}

impl Sentinel {
    fn start(primary: &str, lines: &str) -> Self {
        let [listener, for_tls] = [0, 1].map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap());
        let [port, tls_port] = [&listener, &for_tls].map(|one| one.local_addr().unwrap().port());
        let tls = if lines.contains("tls-") {
            format!("tls-port {tls_port}")
        } else {
            String::new()
        };
        let directory = std::env::temp_dir().join(format!("redis-components-sentinel-{port}"));
        std::fs::create_dir_all(&directory).unwrap();
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\n\
             sentinel monitor {SERVICE} 127.0.0.1 {primary} 2\n\
             sentinel failover-timeout {SERVICE} 2000\n{lines}\n{tls}\n",
            directory.display()
        );
        std::fs::write(directory.join("sentinel.conf"), text).unwrap();
        drop((listener, for_tls));
        let mut sentinel = Self {
            port,
            tls_port,
            child: None,
            directory,
        };
        sentinel.restart();
        sentinel
    }

    /// Starts it, or starts it again.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.child = Some(spawn(&self.directory));
        until("the sentinel answers", || self.command(&["PING"]).is_ok());
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().unwrap();
        rustix::process::kill_process(Pid::from_child(child), signal).unwrap();
    }

    pub(crate) fn command(&self, words: &[&str]) -> redis::RedisResult<Value> {
        let mut connection = self
            .client()
            .get_connection_with_timeout(Duration::from_secs(5))?;
        redis::cmd(words[0]).arg(&words[1..]).query(&mut connection)
    }

    fn client(&self) -> redis::Client {
        redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).unwrap()
    }

    /// A field of `SENTINEL MASTER`.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let answer = self.command(&["SENTINEL", "MASTER", SERVICE]).ok()?;
        let fields: std::collections::HashMap<String, String> =
            redis::from_redis_value(answer).ok()?;
        fields.get(name).cloned()
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn spawn(directory: &Path) -> Child {
    let program = std::env::var("REDISRS_SERVER_BIN").unwrap_or("redis-server".to_owned());
    Command::new(program)
        .arg(directory.join("sentinel.conf"))
        .arg("--sentinel")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// The port of the server that the only component uses, and its generation; 0 before the first.
pub(crate) fn in_force() -> (u16, u64) {
    let status = redis_components::status();
    let current = status
        .components
        .first()
        .and_then(|one| one.current.as_ref());
    current.map_or((0, 0), |current| (current.port, current.generation))
}

/// Why the only component's newest config is not in force, or what is wrong beside.
pub(crate) fn problem() -> Option<String> {
    redis_components::status().components[0].problem.clone()
}

/// The counter of a server, over a new connection: servers close the others when they are promoted.
pub(crate) fn counter(server: &Server) -> u64 {
    let counter: Option<u64> = redis::cmd("GET")
        .arg("counter")
        .query(&mut server.connection())
        .unwrap();
    counter.unwrap_or(0)
}

pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
