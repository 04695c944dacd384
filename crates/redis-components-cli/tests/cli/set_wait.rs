//! `set --wait` and `rollback --wait`.

use std::thread;
use std::time::Instant;

use redis_components_testing::Server;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::{BOUND, Operator, signal, wait_until};
use crate::receipts::Process;
use crate::waiting::{Waiting, follows, make_logs};

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
