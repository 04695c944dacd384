//! `watch` follows configs as they change.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use redis_components_testing::{Proxy, Server};
use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Operator, check_schema, signal, wait_until};
use crate::receipts::Process;

struct Watching {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Watching {
    fn start(operator: &Operator, words: &[&str]) -> Self {
        let mut command = operator.command(&[&["watch", "-o", "ndjson"], words].concat());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    #[track_caller]
    fn next(&mut self, event: &str, state: &str) -> Value {
        let mut line: Value = serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap();
        check_schema(&line);
        assert_eq!(
            (&line["event"], &line["state"]),
            (&event.into(), &state.into()),
            "{line:#}"
        );
        line["data"].take()
    }

    /// Returns the envelope.
    fn end(mut self) -> Value {
        signal(&self.child, Signal::INT);
        let envelope: Value = serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap();
        check_schema(&envelope);
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        envelope
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It has ended unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn changes_are_shown_as_they_happen() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let mut watching = Watching::start(&operator, &[]);
    let first = watching.next("config", "begin");
    assert_eq!(first["component"], "logs");
    let clients = server.command(&["INFO", "clients"]);
    let clients: String = redis::from_redis_value(clients).unwrap();
    assert!(clients.contains("tracking_clients:1\r"), "{clients}");
    operator.done(&["set", "logs", "db=1"]);
    let second = watching.next("config", "progress");
    assert_ne!(second["digest"], first["digest"]);
    server.command(&["SET", "config:redis:logs", "{"]);
    let third = watching.next("config", "failed");
    assert!(
        third["problem"].as_str().unwrap().contains("is not valid"),
        "{third:#}"
    );
    server.command(&["SET", "config:redis:stats", &server.config()]);
    assert_eq!(watching.next("config", "begin")["component"], "stats");
    server.command(&["DEL", "config:redis:logs"]);
    assert_eq!(
        watching.next("config", "failed")["problem"],
        "there is no config"
    );
    assert_eq!(watching.end()["data"]["events"], 5);
}

#[test]
fn digests_are_those_of_the_salt_that_is_there() {
    let server = Server::start();
    let operator = Operator::of(&server);
    server.command(&["SET", "config:redis:logs", &server.config()]);
    let mut watching = Watching::start(&operator, &[]);
    let first = watching.next("config", "begin");
    // Somebody makes it, and gives it up.
    for salt in ["one", "two"] {
        let control = format!(r#"{{"salt":"{salt}"}}"#);
        server.command(&["SET", "config:redis:@fleet", &control]);
        let next = watching.next("config", "progress");
        assert_ne!(next["digest"], first["digest"]);
        assert_eq!(next["digest"], operator.data(&["get", "logs"])["digest"]);
    }
    watching.end();
}

#[test]
fn another_config_server_is_not_called_the_one_that_was_lost() {
    let [first, second] = [Server::start(), Server::start()];
    let proxy = Proxy::to(&first);
    let list = format!("{},{}", proxy.url(), second.url());
    let operator = Operator::at(&list);
    let mut command = operator.command(&["watch"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    first.command(&["SET", "config:redis:logs", &first.config()]);
    assert!(lines.next().unwrap().unwrap().contains("logs"));
    proxy.refuse();
    proxy.cut();
    let used = format!("127.0.0.1:{} is used now", second.port());
    let told = lines
        .map(Result::unwrap)
        .find(|line| line.contains("is used now"));
    assert!(told.unwrap().ends_with(&used));
    signal(&child, Signal::INT);
    child.wait().unwrap();
}

#[test]
fn one_component_is_followed_through_the_loss_of_the_config_server() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    operator.done(&[
        "set",
        "stats",
        &operator.file("s.json", &server.config()).to_string_lossy(),
        "--create",
    ]);
    let proxy = Proxy::to(&server);
    let mut watching = Watching::start(&Operator::at(&proxy.url()), &["logs"]);
    watching.next("config", "begin");
    operator.done(&["set", "stats", "db=1"]);
    proxy.refuse();
    proxy.cut();
    let lost = watching.next("config_server", "failed");
    assert_eq!(lost["code"], "config_server_unreachable");
    operator.done(&["set", "logs", "db=1"]);
    proxy.pass();
    watching.next("config_server", "progress");
    assert_eq!(watching.next("config", "progress")["component"], "logs");
    watching.end();
}

/// One bound for all that is asked, however much that is.
#[test]
fn a_config_server_that_hangs_is_told_within_one_bound() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let mut watching = Watching::start(&operator, &[]);
    watching.next("config", "begin");
    server.freeze();
    let began = Instant::now();
    let lost = watching.next("config_server", "failed");
    let took = began.elapsed();
    server.thaw();
    assert_eq!(lost["code"], "config_server_unreachable");
    // An answer may take 5 s, and the next question comes a second later.
    assert!(took < Duration::from_secs(10), "{took:?}");
    watching.next("config_server", "progress");
    watching.end();
}

#[test]
fn r14_a_process_whose_receipt_cannot_be_read_is_not_gone() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let process = Process::new("shop", 1);
    process.report(&server, "logs", "a a ok 1 1764170000 0 -");
    let mut watching = Watching::start(&operator, &["logs"]);
    watching.next("config", "begin");
    watching.next("process", "begin");
    let read = || server.command_calls("hgetall");
    process.report(&server, "logs", "a");
    let before = read();
    wait_until("it was read", || read() > before + 1);
    process.report(&server, "logs", "b b ok 2 1764170001 0 -");
    assert_eq!(watching.next("process", "progress")["applied"], "b");
    watching.end();
}

#[test]
fn r14_processes_are_shown_as_they_follow() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let process = Process::new("shop", 1);
    process.report(&server, "logs", "a a ok 1 1764170000 0 -");
    process.report(&server, "stats", "a a ok 1 1764170000 0 -");
    let mut watching = Watching::start(&operator, &["logs"]);
    watching.next("config", "begin");
    let row = watching.next("process", "begin");
    assert_eq!(
        (&row["component"], &row["pid"]),
        (&"logs".into(), &1.into())
    );
    process.report(&server, "logs", "a b trying 1 1764170000 0 -");
    assert_eq!(watching.next("process", "progress")["seen"], "b");
    process.report(
        &server,
        "logs",
        "a b refused 1 1764170000 0 server_refused why",
    );
    assert_eq!(
        watching.next("process", "failed")["reason"],
        "server_refused why"
    );
    process.report(&server, "logs", "b b ok 2 1764170001 0 -");
    assert_eq!(watching.next("process", "progress")["applied"], "b");
    server.command(&["DEL", &process.key()]);
    assert_eq!(watching.next("process", "done")["pid"], 1);
    watching.end();
}
