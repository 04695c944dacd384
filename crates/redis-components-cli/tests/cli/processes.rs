//! The fleet as real processes make it.

use std::env;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis_components::__private::{Declaration, component};
use redis_components::{Component, Policy, Settings};
use redis_components_testing::Server;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::{Operator, signal, wait_until};

/// The ports that a process allows, or nothing for all.
const PORT: &str = "REDIS_COMPONENTS_TEST_PORT";

static LOGS: Component = component(Declaration {
    name: "logs",
    key: "config:redis:logs",
    key_prefix: "config:redis:",
    has_own_key: false,
    wait: Duration::from_secs(1),
    connections: 1,
    config_server: None,
});

/// Another process of this test, which calls `logs` until it is killed.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(url: &str, port: Option<u16>) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["--ignored", "--exact", "processes::process_that_calls"])
            .env("REDIS_CONFIG_URL", url)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(port) = port {
            command.env(PORT, port.to_string());
        }
        Self(command.spawn().unwrap())
    }

    fn id(&self) -> u64 {
        u64::from(self.0.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors say that it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "the other tests start it, as a process of its own"]
#[allow(clippy::exit, reason = "it is a process of its own")]
fn process_that_calls() {
    // It ends when the test does, however that ends.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_line(&mut String::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut settings = Settings::default().application("shop");
        if let Ok(port) = env::var(PORT) {
            let port = port.parse().unwrap();
            settings = settings.policy(Policy::new().allow_ports(port..=port));
        }
        settings.install().unwrap();
        loop {
            if let Ok(mut connection) = LOGS.connection().await {
                let _: Result<redis::Value, _> =
                    redis::cmd("PING").query_async(&mut connection).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
}

/// Makes a user for processes, without the rights for receipts.
fn make_reader(server: &Server) {
    let words = "ACL SETUSER reader reset on nopass -@all +getrange +client|tracking +ping +hello \
        %R~config:redis:*";
    let words: Vec<_> = words.split_whitespace().collect();
    server.command(&words);
}

#[track_caller]
fn fails(operator: &Operator, words: &[&str], exit: i32, code: &str) -> Value {
    let (found, envelope) = operator.json(words);
    let error = envelope["error"]["code"].as_str();
    assert_eq!(
        (found, error),
        (exit, Some(code)),
        "{words:?}: {envelope:#}"
    );
    envelope
}

fn pids(rows: &Value) -> Vec<u64> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["pid"].as_u64().unwrap()).collect()
}

#[test]
fn r14_fifty_processes_are_told_apart() {
    let (server, other) = (Server::start(), Server::start());
    let operator = Operator::of(&server);
    make_reader(&server);
    operator.make_logs(&server);
    // So that a frozen process is silent soon.
    let mut control: Value = {
        let text = server.command(&["GET", "config:redis:@fleet"]);
        serde_json::from_str(&redis::from_redis_value::<String>(text).unwrap()).unwrap()
    };
    control["receipts"] = json!({"every": 2, "ttl": 8, "jitter": 0});
    server.command(&["SET", "config:redis:@fleet", &control.to_string()]);

    let mut fleet: Vec<_> = (0..47)
        .map(|_| Process::start(&server.url(), None))
        .collect();
    let strict = Process::start(&server.url(), Some(server.port()));
    let frozen = Process::start(&server.url(), None);
    let reader = format!("redis://reader@127.0.0.1:{}", server.port());
    fleet.push(Process::start(&reader, None));
    wait_until("all processes are there", || {
        let fleet = operator.data(&["list"])[0]["fleet"].clone();
        fleet == json!({"following": 49, "expected": 49, "silent": 1, "problems": 0})
    });

    // The process without the rights is silent, and nothing else is.
    let words = ["set", "logs", "db=1", "--wait", "--timeout", "3s"];
    let envelope = fails(&operator, &words, 4, "not_followed");
    let wait = &envelope["data"]["wait"];
    assert_eq!(
        (&wait["following"], &wait["behind"]),
        (&json!(49), &json!([])),
        "{wait:#}"
    );
    let silent = wait["silent"].as_array().unwrap();
    assert_eq!(silent.len(), 1, "{wait:#}");
    let patience = ["--wait", "--ignore-silent", "--timeout", "5m"];
    let run = operator.done(&[&["set", "logs", "db=2"], &patience[..]].concat());
    let line = run.stdout.lines().nth(1).unwrap();
    let wanted = "49 of 49 processes run it, 1 silent, 0 connections left on the old server";
    assert_eq!(line, wanted);

    // One process refuses by its policy, and says so at once.
    let port = format!("port={}", other.port());
    let envelope = fails(
        &operator,
        &[&["set", "logs", &port], &patience[..]].concat(),
        3,
        "process_refused",
    );
    assert_eq!(
        pids(&envelope["data"]["wait"]["refused"]),
        [strict.id()],
        "{envelope:#}"
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains("policy"), "{message}");
    wait_until("the others follow", || {
        let fleet = operator.data(&["list"])[0]["fleet"].clone();
        fleet == json!({"following": 48, "expected": 49, "silent": 1, "problems": 1})
    });
    let rows = operator.data(&["fleet", "logs"])["rows"].clone();
    let refused = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["state"] != "ok");
    let refused: Vec<_> = refused.collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["pid"], strict.id());
    assert_ne!(refused[0]["applied"], refused[0]["seen"]);
    let back = operator.data(&[&["rollback", "logs", "--yes"], &patience[..]].concat());
    assert_eq!(back["wait"]["following"], 49);
    eprintln!("49 processes followed within {} s", back["wait"]["seconds"]);

    // A frozen process is behind, and silent when its receipt has expired.
    signal(&frozen.0, Signal::STOP);
    let words = [
        "set",
        "logs",
        "db=3",
        "--wait",
        "--ignore-silent",
        "--timeout",
        "2s",
    ];
    let envelope = fails(&operator, &words, 4, "not_followed");
    assert_eq!(
        pids(&envelope["data"]["wait"]["behind"]),
        [frozen.id()],
        "{envelope:#}"
    );
    wait_until("its receipt expires", || {
        let fleet = operator.data(&["list"])[0]["fleet"].clone();
        fleet == json!({"following": 48, "expected": 48, "silent": 2, "problems": 0})
    });
    signal(&frozen.0, Signal::CONT);
    let data = operator.data(&[&["wait", "logs"], &patience[1..]].concat());
    assert_eq!(data["behind"], json!([]));
    wait_until("it is back", || {
        operator.data(&["list"])[0]["fleet"]["following"] == 49
    });

    // A share of the fleet tries a config, and then all do.
    let words = ["canary", "logs", "socket_timeout=7", "--percent", "50"];
    let begun = operator.data(&[&words[..], &patience[..]].concat());
    let chosen = begun["wait"]["canaries"].as_u64().unwrap();
    assert!((1..49).contains(&chosen), "{begun:#}");
    let chosen = usize::try_from(chosen).unwrap();
    // A receipt of these eight seconds may be late on a slow machine.
    wait_until("all others run the config from before", || {
        let rows = operator.data(&["fleet", "logs"])["rows"].clone();
        let runs = |digest: &Value| {
            let rows = rows.as_array().unwrap().iter();
            rows.filter(|row| row["applied"] == *digest).count()
        };
        (runs(&begun["digest"]), runs(&begun["previous"])) == (chosen, 49 - chosen)
    });
    let words = ["canary", "logs", "promote", "--yes"];
    let promoted = operator.data(&[&words[..], &patience[..]].concat());
    assert_eq!(promoted["wait"]["following"], 49);
    assert_eq!(promoted["digest"], begun["digest"]);
}

#[test]
fn r14_a_real_process_stands_behind_its_connections() {
    let (config_server, server) = (Server::start(), Server::start());
    let operator = Operator::of(&config_server);
    operator.make_logs(&server);
    let process = Process::start(&config_server.url(), None);
    let mut found = Value::Null;
    wait_until("its connection is told", || {
        let rows = operator.data(&["who", "logs"]);
        let mut rows = rows.as_array().unwrap().iter();
        let row = rows.find(|row| row["pid"] == process.id() && row["state"] == "ok");
        found = row.cloned().unwrap_or_default();
        !found.is_null()
    });
    let rows = operator.data(&["fleet", "logs"])["rows"].clone();
    for field in ["application", "host", "instance"] {
        assert_eq!(found[field], rows[0][field], "{found:#} {rows:#}");
    }
}
