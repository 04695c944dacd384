//! Connections that break, and people who lose patience.

use std::process::Stdio;
use std::time::Duration;

use redis_components_testing::{Proxy, Server};
use rustix::process::Signal;

use crate::common::{Operator, Run, signal, wait_until};
use crate::load::{World, role};

fn entries(operator: &Operator) -> usize {
    operator
        .data(&["history", "logs"])
        .as_array()
        .unwrap()
        .len()
}

#[test]
fn an_exit_code_never_lies_wherever_the_connection_breaks() {
    let server = Server::start();
    let direct = Operator::of(&server);
    direct.make_logs(&server);
    let proxy = Proxy::to(&server);
    let operator = Operator::at(&proxy.url());
    let mut written = entries(&direct);
    let mut seen = [0; 6];
    for bytes in (0..2600).step_by(17) {
        proxy.cut_after(bytes);
        let field = format!("db={bytes}");
        let run = operator.run(&["set", "logs", &field, "--no-probe", "--yes"]);
        let now = entries(&direct);
        match run.code {
            0 => assert_eq!(now, written + 1, "{run:?}"),
            // What was written is found in the history, although the answer was lost.
            4 | 5 => assert_eq!(now, written, "{run:?}"),
            _ => panic!("{run:?}"),
        }
        seen[usize::try_from(run.code).unwrap()] += 1;
        written = now;
    }
    assert!(seen[0] > 0 && seen[5] > 0, "{seen:?}");
}

#[test]
fn an_answer_that_never_comes_is_unknown_and_said_so() {
    let server = Server::start();
    let direct = Operator::of(&server);
    direct.make_logs(&server);
    let proxy = Proxy::to(&server);
    proxy.hang_up_on("EXEC");
    let (code, envelope) = Operator::at(&proxy.url()).json(&["set", "logs", "db=1"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (4, &"outcome_unknown".into())
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains("`get logs`"), "{message}");
    assert_eq!(entries(&direct), 1);
}

#[test]
fn an_interrupt_before_the_change_leaves_nothing() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let mut command = operator.command(&["set", "logs", "-", "-o", "json"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    // The program waits for standard input, and its handler is there.
    let status = format!("/proc/{}/status", child.id());
    wait_until("the handler", || catches_interrupts(&status));
    signal(&child, Signal::INT);
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!(
        (run.code, run.envelope()["error"]["code"].as_str()),
        (1, Some("interrupted"))
    );
    assert_eq!(entries(&operator), 1);
}

/// Returns `true` if the process has a handler for Ctrl-C.
fn catches_interrupts(status: &str) -> bool {
    let status = std::fs::read_to_string(status).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & 0b10 != 0)
}

#[test]
fn an_interrupt_during_the_change_waits_for_the_answer() {
    let server = Server::start();
    let direct = Operator::of(&server);
    direct.make_logs(&server);
    let proxy = Proxy::to(&server);
    // The answer is on its way for so long.
    proxy.delay(Duration::from_millis(200));
    let before = server.command_calls("exec");
    let operator = Operator::at(&proxy.url());
    let mut command = operator.command(&["set", "logs", "db=1", "--no-probe", "--yes"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_until("the transaction", || server.command_calls("exec") > before);
    signal(&child, Signal::INT);
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("the change is on its way"), "{run:?}");
    assert_eq!(entries(&direct), 2);
}

#[test]
fn a_broken_pipe_is_no_error() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    for words in [
        &["history", "logs"][..],
        &["get", "logs", "-o", "json"],
        &["--help"],
    ] {
        let mut command = operator.command(words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let run = Run::of(&child.wait_with_output().unwrap());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{words:?}");
    }
}

#[test]
fn r10_an_answer_that_cannot_be_written_is_an_error() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    for words in [&["get", "logs"][..], &["list", "-o", "json"]] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let mut command = operator.command(words);
        command.stdout(full).stderr(Stdio::piped());
        let run = Run::of(&command.spawn().unwrap().wait_with_output().unwrap());
        assert_eq!(run.code, 1, "{run:?}");
        assert!(
            run.stderr.contains("cannot write to standard output"),
            "{run:?}"
        );
    }
}

/// What is there already must not be taken for what has failed.
#[test]
fn r10_a_change_whose_answer_cannot_be_written_is_told_as_made() {
    told_as_made(false);
}

#[test]
fn r10_a_change_whose_answer_nobody_reads_is_told_as_made() {
    told_as_made(true);
}

fn told_as_made(is_closed: bool) {
    let world = World::start();
    let to = world.address(1);
    for words in [
        &["set", "logs", "comment=x"][..],
        &["canary", "logs", "comment=y", "--percent", "10"],
        &["canary", "logs", "promote", "--yes"],
        &["rollback", "logs", "--yes"],
        &["move", "logs", "--to", &to, "--yes", "-o", "ndjson"],
        &["move", "logs", "--finish", "--yes"],
    ] {
        // Its connection would stand in the way.
        role(&world.servers[0]);
        let mut command = world.operator.command(words);
        if is_closed {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            command.stdout(writer);
        } else {
            let full = std::fs::File::options().write(true).open("/dev/full");
            command.stdout(full.unwrap());
        }
        command.stderr(Stdio::piped());
        let run = Run::of(&command.spawn().unwrap().wait_with_output().unwrap());
        assert_eq!(run.code, 4, "{words:?}: {run:?}");
        let is_told = run.stderr.contains("the change was made all the same");
        assert!(is_told, "{words:?}: {run:?}");
    }
    let history = world.operator.data(&["history", "logs"]);
    assert_eq!(history.as_array().unwrap().len(), 5, "{history:#}");
    world.is_on(1);
}

#[test]
fn r8_a_config_among_the_arguments_is_refused_and_not_shown() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let json = r#"{"host":"h","password":"s3cret-one"}"#;
    let url = "redis://:s3cret-one@h";
    for words in [
        &["set", "logs", json, "--yes"][..],
        &["check", json],
        &["check", url],
    ] {
        let run = operator.run(words);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains("write it to standard input"), "{run:?}");
        assert!(!run.stderr.contains("s3cret-one"), "{run:?}");
    }
    assert_eq!(entries(&operator), 1);
}

#[test]
fn a_frozen_config_server_is_given_up() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    server.freeze();
    let run = operator.run(&["list"]);
    server.thaw();
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("no answer in time"), "{run:?}");
}
