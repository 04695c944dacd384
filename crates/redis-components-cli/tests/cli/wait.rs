//! `wait`, and `set --wait`.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use redis_components_testing::{Proxy, Server};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::{BOUND, Operator, check_schema, signal, wait_until};
use crate::receipts::{Process, watching};

const OLD: &str = "48bc90d10ff628a0";

/// Makes `logs`, and returns the digest of its config.
fn make_logs(operator: &Operator, server: &Server) -> String {
    operator.make_logs(server);
    let logs = operator.data(&["get", "logs"]);
    logs["digest"].as_str().unwrap().to_owned()
}

fn follows(digest: &str) -> String {
    format!("{digest} {digest} ok 2 1764170000 0 -")
}

fn behind(digest: &str) -> String {
    format!("{OLD} {digest} trying 1 1764170000 0 -")
}

/// A command that waits, with its events.
struct Waiting {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Waiting {
    fn start(operator: &Operator, words: &[&str]) -> Self {
        let mut command = operator.command(&[words, &["-o", "ndjson"]].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> Value {
        let line = serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap();
        check_schema(&line);
        line
    }

    /// Returns the data of the next event with this state, and passes over progress before it.
    #[track_caller]
    fn next(&mut self, state: &str) -> Value {
        loop {
            let mut line = self.line();
            if line["state"] == state {
                return line["data"].take();
            }
            assert_eq!(line["state"], "progress", "{line:#}");
        }
    }

    /// Returns the exit code and the envelope.
    fn end(mut self) -> (i32, Value) {
        let mut line = self.line();
        while line["event"].is_string() {
            line = self.line();
        }
        (self.child.wait().unwrap().code().unwrap(), line)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // It has ended unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn r14_wait_ends_when_the_last_process_follows() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let fleet: Vec<_> = (1..=12).map(|pid| Process::new("shop", pid)).collect();
    for process in &fleet {
        process.report(&server, "logs", &behind(&new));
    }
    Process::new("other", 99).report(&server, "stats", &behind(&new));
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    let begin = waiting.next("begin");
    assert_eq!(
        (&begin["following"], &begin["expected"]),
        (&json!(0), &json!(12))
    );
    for process in &fleet[1..] {
        process.report(&server, "logs", &follows(&new));
    }
    while waiting.next("progress")["following"] != 11 {}
    fleet[0].report(&server, "logs", &follows(&new));
    assert_eq!(waiting.next("done")["following"], 12);
    let (code, envelope) = waiting.end();
    assert_eq!(code, 0);
    assert_eq!(envelope["data"]["digest"], new);
    assert_eq!(envelope["data"]["behind"], json!([]));
    let run = operator.done(&["wait", "logs"]);
    assert_eq!(
        run.stdout,
        "12 of 12 processes run it, 0 connections left on the old server\n"
    );
}

#[test]
fn r14_wait_ends_at_once_when_a_process_refuses() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    process.report(&server, "logs", &behind(&new));
    // It refuses another config, which it read before.
    let earlier = Process::new("shop", 2);
    earlier.report(
        &server,
        "logs",
        "a b refused 1 1764170000 0 server_refused old",
    );
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    waiting.next("begin");
    let refuses = format!("{OLD} {new} refused 1 1764170000 0 policy the host is not allowed");
    process.report(&server, "logs", &refuses);
    assert_eq!(waiting.next("failed")["refused"], 1);
    let (code, envelope) = waiting.end();
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("process_refused"))
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    let wanted = "1 process refused the config of `logs`: shop:web-1-0a1b (policy the host is not";
    assert!(message.starts_with(wanted), "{message}");
    assert_eq!(envelope["data"]["refused"][0]["pid"], 1);
}

#[test]
fn r14_a_config_that_a_process_cannot_read_counts_as_the_newest_after_a_while() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    let unread = format!("{OLD} - refused 1 1764170000 0 config_invalid unknown field");
    process.report(&server, "logs", &unread);
    // It was an earlier config: the process has not read the new one yet.
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    assert_eq!(waiting.next("begin")["refused"], 1);
    process.report(&server, "logs", &follows(&new));
    assert_eq!(waiting.end().0, 0);
    process.report(&server, "logs", &unread);
    let (code, envelope) = operator.json(&["wait", "logs", "--timeout", "5m"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("process_refused"))
    );
}

#[test]
fn r14_who_is_missing_is_named_when_time_is_over() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    Process::new("shop", 1).report(&server, "logs", &follows(&new));
    let unreachable =
        format!("{OLD} {new} unreachable 1 1764170000 0 server_unreachable no answer");
    Process::new("shop", 2).report(&server, "logs", &unreachable);
    let silent = Process::new("shop", 3);
    let _connections = [
        Process::new("shop", 1).watch(&server),
        Process::new("shop", 2).watch(&server),
        silent.watch(&server),
        watching(&server, None),
    ];
    let words = ["wait", "logs", "--timeout", "300ms"];
    let (code, envelope) = operator.json(&words);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (4, &json!("not_followed"))
    );
    assert_eq!(envelope["error"]["retryable"], true);
    let message = envelope["error"]["message"].as_str().unwrap();
    for part in [
        "1 process without it: shop:web-2-0a1b (unreachable: server_unreachable no answer)",
        "2 processes without a receipt: ",
        "shop:@config:web-3-0a1b (127.0.0.1:",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(envelope["data"]["behind"][0]["pid"], 2);
    assert_eq!(envelope["data"]["silent"].as_array().unwrap().len(), 2);
    // With the others right, those that say nothing may be left out on purpose.
    Process::new("shop", 2).report(&server, "logs", &follows(&new));
    let (code, envelope) = operator.json(&words);
    assert_eq!((code, &envelope["data"]["behind"]), (4, &json!([])));
    let run = operator.done(&[&words[..], &["--ignore-silent"]].concat());
    assert!(
        run.stdout
            .starts_with("2 of 2 processes run it, 2 silent, 0 conn"),
        "{run:?}"
    );
}

#[test]
fn r14_a_process_that_begins_to_report_is_no_longer_silent() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    let _connection = process.watch(&server);
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    assert_eq!(waiting.next("begin")["silent"], 1);
    process.report(&server, "logs", &follows(&new));
    assert_eq!(waiting.end().0, 0);
}

#[test]
fn r14_wait_shows_the_connections_that_are_left() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    let drains = format!("{new} {new} ok 2 1764170000 3 -");
    process.report(&server, "logs", &drains);
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    assert_eq!(waiting.next("begin")["old_connections"], 3);
    process.report(&server, "logs", &follows(&new));
    assert_eq!(waiting.end().1["data"]["old_connections"], 0);
    // All follow, so the time is over only for the connections.
    process.report(&server, "logs", &drains);
    let run = operator.done(&["wait", "logs", "--timeout", "200ms"]);
    assert!(
        run.stdout
            .ends_with("3 connections left on the old server\n"),
        "{run:?}"
    );
}

#[test]
fn r14_a_process_that_ends_is_not_waited_for() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    process.report(&server, "logs", &behind(&new));
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    assert_eq!(waiting.next("begin")["expected"], 1);
    server.command(&["DEL", &process.key()]);
    let (code, envelope) = waiting.end();
    assert_eq!((code, &envelope["data"]["expected"]), (0, &json!(0)));
    let run = operator.done(&["wait", "logs"]);
    assert_eq!(run.stdout, "no process reports that it uses `logs`\n");
}

#[test]
fn r14_wait_is_for_one_config() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let (code, envelope) = operator.json(&["wait", "logs", "--digest", OLD]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("digest_differs"))
    );
    Process::new("shop", 1).report(&server, "logs", &behind(&new));
    let words = ["wait", "logs", "--digest", &new, "--timeout", "5m"];
    let mut waiting = Waiting::start(&operator, &words);
    waiting.next("begin");
    operator.done(&["set", "logs", "db=1"]);
    let (code, envelope) = waiting.end();
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("digest_differs"))
    );
    server.command(&["SET", "config:redis:logs", "{"]);
    assert_eq!(operator.json(&["wait", "logs"]).0, 1);
    assert_eq!(operator.json(&["wait", "lgos"]).0, 1);
}

#[test]
fn r14_wait_goes_on_after_the_loss_of_the_config_server() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    process.report(&server, "logs", &behind(&new));
    let proxy = Proxy::to(&server);
    let behind_proxy = Operator::at(&proxy.url());
    let mut waiting = Waiting::start(&behind_proxy, &["wait", "logs", "--timeout", "5m"]);
    waiting.next("begin");
    proxy.refuse();
    proxy.cut();
    process.report(&server, "logs", &follows(&new));
    proxy.pass();
    assert_eq!(waiting.end().0, 0);
    // A config server that says nothing is no reason to wait longer.
    process.report(&server, "logs", &behind(&new));
    let mut waiting = Waiting::start(&behind_proxy, &["wait", "logs", "--timeout", "1s"]);
    waiting.next("begin");
    let began = Instant::now();
    server.freeze();
    let (code, envelope) = waiting.end();
    let took = began.elapsed();
    server.thaw();
    assert_eq!(
        (code, &envelope["data"]["behind"][0]["pid"]),
        (4, &json!(1))
    );
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[test]
fn r14_without_pushes_receipts_are_looked_for() {
    let server = Server::start();
    let new = make_logs(&Operator::of(&server), &server);
    let user = [
        "ACL",
        "SETUSER",
        "u",
        "on",
        "nopass",
        "~*",
        "+@all",
        "-client|tracking",
    ];
    server.command(&user);
    let operator = Operator::at(&format!("redis://u@127.0.0.1:{}", server.port()));
    let process = Process::new("shop", 1);
    process.report(&server, "logs", &behind(&new));
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    waiting.next("begin");
    process.report(&server, "logs", &follows(&new));
    assert_eq!(waiting.end().0, 0);
    // Who is silent is not known without the list of clients.
    server.command(&["ACL", "SETUSER", "u", "-client|list"]);
    assert_eq!(
        operator.json(&["wait", "logs"]).1["error"]["code"],
        "no_rights"
    );
    let data = operator.data(&["wait", "logs", "--ignore-silent"]);
    assert_eq!(
        (&data["following"], &data["silent"]),
        (&json!(1), &Value::Null)
    );
}

/// Answers a change as a fleet does: reports `words` once the config has another digest.
fn answer(server: &Server, process: &Process, old: &str, words: impl Fn(&str) -> String) {
    let operator = Operator::of(server);
    wait_until("the change", || {
        let digest = operator.data(&["get", "logs"])["digest"].clone();
        let digest = digest.as_str().unwrap();
        let is_new = digest != old;
        if is_new {
            process.report(server, "logs", &words(digest));
        }
        is_new
    });
}

#[test]
fn r14_set_waits_for_the_fleet() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let old = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    process.report(&server, "logs", &follows(&old));
    let run = thread::scope(|scope| {
        scope.spawn(|| answer(&server, &process, &old, follows));
        operator.done(&["set", "logs", "db=1", "--wait", "--timeout", "5m"])
    });
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(lines[0].ends_with("history 2"), "{run:?}");
    assert_eq!(
        lines[1],
        "1 of 1 processes run it, 0 connections left on the old server"
    );
    // The same config again: nothing is written, and the fleet runs it.
    let data = operator.data(&["set", "logs", "db=1", "--wait"]);
    assert_eq!(
        (&data["changed"], &data["wait"]["following"]),
        (&json!(false), &json!(1))
    );

    let second = operator.data(&["get", "logs"])["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let refuses = |digest: &str| {
        format!("{second} {digest} refused 2 1764170000 0 server_refused wrong password")
    };
    let (code, envelope) = thread::scope(|scope| {
        scope.spawn(|| answer(&server, &process, &second, refuses));
        operator.json(&["set", "logs", "db=2", "--wait", "--timeout", "5m"])
    });
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("process_refused"))
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("the config was written (history 3), `rollback logs`"),
        "{message}"
    );
    assert_eq!(envelope["data"]["n"], 3);
    assert_eq!(
        envelope["data"]["wait"]["refused"][0]["seen"],
        envelope["data"]["digest"]
    );

    let third = operator.data(&["get", "logs"])["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let run = thread::scope(|scope| {
        scope.spawn(|| answer(&server, &process, &third, follows));
        operator.done(&["rollback", "logs", "--yes", "--wait", "--timeout", "5m"])
    });
    assert!(run.stdout.contains("\n1 of 1 processes run it"), "{run:?}");
}

#[test]
fn an_interrupt_while_waiting_does_not_hide_the_change() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let old = make_logs(&operator, &server);
    Process::new("shop", 1).report(&server, "logs", &follows(&old));
    let words = ["set", "logs", "db=1", "--wait", "--timeout", "5m"];
    let mut waiting = Waiting::start(&operator, &words);
    waiting.next("begin");
    signal(&waiting.child, Signal::INT);
    let (code, envelope) = waiting.end();
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (4, &json!("not_followed"))
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains("the change was written"), "{message}");
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    waiting.next("begin");
    signal(&waiting.child, Signal::INT);
    assert_eq!(waiting.end().0, 1);
}

#[test]
fn patience_without_wait_is_a_mistake() {
    let server = Server::start();
    let operator = Operator::of(&server);
    make_logs(&operator, &server);
    let (code, envelope) = operator.json(&["set", "logs", "db=1", "--timeout", "1s"]);
    assert_eq!((code, &envelope["error"]["code"]), (2, &json!("usage")));
    assert_eq!(operator.json(&["wait", "logs", "--timeout", "soon"]).0, 2);
    let began = Instant::now();
    let data = operator.data(&["set", "logs", "db=1", "--wait", "--dry-run"]);
    assert_eq!(data["wait"], Value::Null);
    assert!(began.elapsed() < BOUND);
}

/// Writes receipts of many processes, a hundred at a time.
fn report_all(server: &Server, fleet: &[Process], words: &str) {
    let mut connection = server.connection();
    for some in fleet.chunks(100) {
        let mut pipe = redis::pipe();
        for command in some
            .iter()
            .flat_map(|process| process.commands("logs", words))
        {
            let (name, rest) = command.split_first().unwrap();
            pipe.cmd(name).arg(rest);
        }
        let () = pipe.query(&mut connection).unwrap();
    }
}

#[test]
fn r14_wait_hears_of_the_last_of_a_thousand_processes_within_a_second() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let mut fleet: Vec<_> = (1..=1000).map(|pid| Process::new("shop", pid)).collect();
    for _ in 0..5 {
        report_all(&server, &fleet, &behind(&new));
        let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
        assert_eq!(waiting.next("begin")["expected"], 1000);
        fastrand::shuffle(&mut fleet);
        report_all(&server, &fleet, &follows(&new));
        let last = Instant::now();
        // To check each line against the schema takes longer than the fleet.
        let is_done = |line: &str| line.contains("\"state\":\"done\"");
        let done = waiting
            .lines
            .find(|line| line.as_ref().is_ok_and(|line| is_done(line)));
        let took = last.elapsed();
        assert!(done.unwrap().unwrap().contains("\"following\":1000"));
        assert_eq!(waiting.end().0, 0);
        assert!(took < Duration::from_secs(1), "{took:?}");
        eprintln!("heard {took:?} after the last receipt");
    }
}
