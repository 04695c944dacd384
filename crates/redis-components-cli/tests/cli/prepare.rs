//! `set --prepare` that is interrupted, or does not go on as it began.

use std::process::{Child, Stdio};

use redis_components_testing::Server;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::{Operator, Run, signal, wait_until};
use crate::receipts::Process;
use crate::waiting::{follows, make_logs};

struct Preparing {
    server: Server,
    operator: Operator,
    process: Process,
    digest: String,
}

impl Preparing {
    fn new() -> Self {
        let server = Server::start();
        let operator = Operator::of(&server);
        let digest = make_logs(&operator, &server);
        let process = Process::new("shop", 1);
        process.report(&server, "logs", &follows(&digest));
        Self {
            server,
            operator,
            process,
            digest,
        }
    }

    /// Returns the candidate of `logs`, if there is one.
    fn candidate(&self) -> Value {
        let control = self.server.command(&["GET", "config:redis:@fleet"]);
        let control: Option<String> = redis::from_redis_value(control).unwrap();
        let control: Value = serde_json::from_str(&control.unwrap_or_default()).unwrap_or_default();
        control["prepare"]["logs"].clone()
    }

    /// Begins to set a config, and waits until processes are asked to prepare for it.
    fn begin(&self, operator: &Operator, words: &[&str]) -> Child {
        let words = [
            &["set", "logs", "db=1", "--prepare", "--timeout", "1m"],
            words,
        ]
        .concat();
        let mut command = operator.command(&[&words[..], &["-o", "json"]].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        wait_until("it is a candidate", || !self.candidate().is_null());
        child
    }

    /// Reports that the process has the candidate ready, and waits for the command.
    fn end(&self, child: Child) -> (i32, Value, String) {
        let candidate = self.candidate();
        let id = candidate["id"].as_str().unwrap();
        let digest = &self.digest;
        let words = format!("{digest} {digest} ready 1 1764170000 0 {id}");
        self.process.report(&self.server, "logs", &words);
        let run = Run::of(&child.wait_with_output().unwrap());
        (run.code, run.envelope(), run.stderr)
    }
}

#[test]
fn an_interrupt_while_processes_prepare_takes_the_candidate_away() {
    let world = Preparing::new();
    let child = world.begin(&world.operator, &[]);
    signal(&child, Signal::INT);
    let run = Run::of(&child.wait_with_output().unwrap());
    let envelope = run.envelope();
    assert_eq!(
        (run.code, &envelope["error"]["code"]),
        (1, &json!("interrupted")),
        "{run:#?}"
    );
    assert_eq!(world.candidate(), Value::Null);
}

#[test]
fn a_change_meanwhile_is_not_overwritten_whatever_digest_was_given() {
    let world = Preparing::new();
    let child = world.begin(&world.operator, &["--if-digest", &world.digest]);
    // It means the same, and has the same digest.
    let config = json!({"host": "127.0.0.1", "port": world.server.port(), "comment": "by hand"});
    world
        .server
        .command(&["SET", "config:redis:logs", &config.to_string()]);
    let (code, envelope, _) = world.end(child);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("digest_differs")),
        "{envelope:#}"
    );
    let config = world.operator.data(&["get", "logs"]);
    assert_eq!(config["config"]["comment"], "by hand", "{config:#}");
    assert_eq!(world.candidate(), Value::Null);
}

#[test]
fn a_canary_that_begins_meanwhile_is_not_overlooked() {
    let world = Preparing::new();
    let child = world.begin(&world.operator, &[]);
    let canary = ["canary", "logs", "socket_timeout=2", "--percent", "10"];
    world.operator.done(&canary);
    let (code, envelope, _) = world.end(child);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (3, &json!("digest_differs")),
        "{envelope:#}"
    );
    assert!(
        error["message"].as_str().unwrap().contains("canary"),
        "{envelope:#}"
    );
    let config = world.operator.data(&["get", "logs"]);
    assert_eq!(config["config"]["db"], Value::Null, "{config:#}");
}

#[test]
fn a_candidate_that_cannot_be_taken_away_does_not_hide_the_change() {
    let world = Preparing::new();
    let user = ["ACL", "SETUSER", "operator", "on", ">pw", "+@all"];
    let user = |keys: &[&str]| {
        world
            .server
            .command(&[&user[..], &["resetkeys"], keys].concat());
    };
    user(&["~*"]);
    let url = format!("redis://operator:pw@127.0.0.1:{}", world.server.port());
    let child = world.begin(&Operator::at(&url), &[]);
    user(&[
        "%R~*",
        "%W~config:redis:logs",
        "%W~redis-components:history:*",
    ]);
    let (code, envelope, said) = world.end(child);
    assert_eq!(
        (code, &envelope["data"]["n"]),
        (0, &json!(2)),
        "{envelope:#} {said}"
    );
    assert!(
        said.contains("keep the candidate of `logs` for an hour"),
        "{said}"
    );
}
