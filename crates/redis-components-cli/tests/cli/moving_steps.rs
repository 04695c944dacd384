//! R15: each step of a move is told as it begins and as it ends.

use redis_components_testing::{Sentinels, Server};
use serde_json::{Value, json};

use crate::common::{Operator, check_schema, wait_until};
use crate::copier::copier;
use crate::load::{World, role};
use crate::moving_copy;
use crate::moving_fence::{self, CLOSED, OPTION};
use crate::moving_kinds::is_listed;
use crate::receipts::Process;

/// Runs a command, and returns its exit code, what became of each step in their order, and the
/// envelope. Each step that begins must end before the next.
#[track_caller]
fn steps(operator: &Operator, words: &[&str]) -> (i32, Vec<String>, Value) {
    let run = operator.run(&[words, &["-o", "ndjson"]].concat());
    let lines = run.stdout.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        check_schema(&line);
        line
    });
    let mut lines: Vec<_> = lines.collect();
    let envelope = lines.pop().unwrap();
    let (mut steps, mut under_way) = (Vec::new(), Vec::new());
    for line in &lines {
        let (step, state) = (&line["event"], line["state"].as_str().unwrap());
        match state {
            "begin" => {
                // A cut that is begun anew prepares again.
                let is_within = under_way.last().is_none_or(|step| *step == "cut");
                assert!(is_within, "{words:?}: {run:#?}");
                under_way.push(step.clone());
            }
            _ => assert_eq!(under_way.last(), Some(step), "{words:?}: {run:#?}"),
        }
        if state == "failed" {
            let known = (&line["data"]["code"], &envelope["error"]["code"]);
            assert_eq!(known.0, known.1, "{run:#?}");
        }
        if ["done", "failed"].contains(&state) {
            under_way.pop();
            steps.push(format!("{} {state}", step.as_str().unwrap()));
        }
    }
    assert!(under_way.is_empty(), "{words:?}: {run:#?}");
    (run.code, steps, envelope)
}

#[track_caller]
fn told(operator: &Operator, words: &[&str], expected: &[&str]) {
    let (_, steps, envelope) = steps(operator, words);
    assert_eq!(steps, expected, "{words:?}: {envelope:#}");
}

/// Reports a process that does not follow, and knows no candidates.
fn stays_behind(world: &World, process: &Process) {
    let behind = "48bc90d10ff628a0 48bc90d10ff628a0 ok 1 1764170000 0 -";
    process.report(&world.config, "logs", behind);
    let itself = world.config.command(&["HGET", &process.key(), "@"]);
    let itself: String = redis::from_redis_value(itself).unwrap();
    let other = itself.replace("\"rust\"", "\"other\"");
    world.config.command(&["HSET", &process.key(), "@", &other]);
}

const WHOLE: [&str; 6] = [
    "prepare done",
    "cut done",
    "commit done",
    "receipts done",
    "settle done",
    "finish done",
];

#[test]
fn r15_each_step_of_a_move_is_told() {
    let world = World::start();
    let (operator, to) = (&world.operator, world.address(1));
    let begin = ["move", "logs", "--to", &to, "--yes"];
    let preflight = ["preflight done", "preflight done"];
    let until = [&begin[..], &["--until", "synced"]].concat();
    let dry_run = [&begin[..], &["--dry-run"]].concat();
    told(operator, &dry_run, &preflight[..1]);
    told(
        operator,
        &until,
        &[&preflight[..], &["attach done"]].concat(),
    );
    let abort = ["move", "logs", "--abort", "--yes"];
    told(operator, &abort, &["preflight done", "abort done"]);
    let whole = [&preflight[..], &["attach done"], &WHOLE[..5]].concat();
    told(operator, &begin, &whole);
    let undo = ["move", "logs", "--undo", "--yes"];
    told(operator, &undo, &[&preflight[..], &WHOLE[..5]].concat());
    let finish = ["move", "logs", "--finish", "--yes"];
    told(operator, &finish, &[&preflight[..], &WHOLE[5..]].concat());
    // Without a move there is no step.
    told(operator, &finish, &[]);
    // A person reads of them too.
    let run = operator.run(&["move", "logs", "--to", &world.address(0), "--dry-run"]);
    assert!(run.stderr.contains("failed: preflight"), "{run:#?}");
}

#[test]
fn r15_the_step_is_told_in_which_a_move_fails() {
    let world = World::start();
    let (operator, to) = (&world.operator, world.address(1));
    let begin = ["move", "logs", "--to", &to, "--yes", "--timeout", "1s"];
    world.servers[1].command(&["SET", "a", "b"]);
    told(operator, &begin, &["preflight failed"]);
    world.servers[1].command(&["FLUSHALL"]);
    role(&world.servers[1]);
    // The copy is not complete in time.
    world.servers[0].command(&["CONFIG", "SET", "repl-diskless-sync-delay", "3600"]);
    let preflight = ["preflight done", "preflight done"];
    told(
        operator,
        &begin,
        &[&preflight[..], &["attach failed"]].concat(),
    );
    world.servers[0].command(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
    // A process watches configs and does not report.
    let silent = Process::new("shop", 1).watch(&world.config);
    let resume = ["move", "logs", "--resume", "--yes", "--timeout", "2s"];
    let attached = ["preflight done", "attach done"];
    told(
        operator,
        &resume,
        &[&attached[..], &["prepare failed"]].concat(),
    );
    drop(silent);
    let writable = |value| {
        world.servers[0].command(&["CONFIG", "SET", "replica-read-only", value]);
    };
    writable("no");
    let prepared = ["preflight done", "prepare done"];
    told(
        operator,
        &resume,
        &[&prepared[..], &["cut failed"]].concat(),
    );
    writable("yes");
    let process = Process::new("shop", 2);
    stays_behind(&world, &process);
    // The servers do not settle before.
    let resume = ["move", "logs", "--resume", "--yes", "--timeout", "100ms"];
    let (code, steps, _) = steps(operator, &resume);
    assert_eq!(code, 4);
    let mut expected = vec!["preflight done", "prepare done", "cut done", "commit done"];
    expected.extend(["receipts failed", "settle done"]);
    assert_eq!(steps, expected);
    let abort = ["move", "logs", "--abort", "--yes"];
    told(operator, &abort, &["preflight failed"]);
}

#[test]
fn r15_a_cut_that_begins_anew_has_not_failed() {
    let world = moving_fence::prepared();
    // The command was killed before the new server had all writes.
    moving_fence::note_fence(&world, "0");
    moving_fence::set(&world.servers[0], OPTION, CLOSED);
    let resume = ["move", "logs", "--resume", "--yes"];
    let whole = [&["preflight done"], &WHOLE[..5]].concat();
    told(&world.operator, &resume, &whole);
    world.is_on(1);
}

#[test]
fn r15_a_step_does_not_begin_while_a_server_loads() {
    let world = World::start();
    let to = world.address(1);
    world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    let [source, target] = &world.servers;
    // To a new connection it says that it has no data yet.
    moving_fence::set(source, "replica-serve-stale-data", "no");
    source.command(&["REPLICAOF", "127.0.0.1", "1"]);
    let words = ["move", "logs", "--resume", "--yes"];
    let mut moving = crate::waiting::Waiting::start(&world.operator, &words);
    let mut line = moving.line();
    while (&line["event"], &line["state"]) != (&json!("preflight"), &json!("done")) {
        line = moving.line();
    }
    assert_eq!(world.state(), "loading");
    source.command(&["REPLICAOF", "127.0.0.1", &target.port().to_string()]);
    while !line["ok"].is_boolean() {
        line = moving.line();
        assert_ne!(line["event"], "attach", "{line:#}");
    }
    assert_eq!(line["ok"], true, "{line:#}");
}

#[test]
fn r15_a_move_that_is_interrupted_says_in_which_step() {
    let world = World::start();
    world.servers[0].command(&["CONFIG", "SET", "repl-diskless-sync-delay", "3600"]);
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--yes"];
    let mut moving = crate::waiting::Waiting::start(&world.operator, &words);
    let is = |line: &Value, step: &str, state: &str| {
        (&line["event"], &line["state"]) == (&json!(step), &json!(state))
    };
    while !is(&moving.line(), "attach", "progress") {}
    crate::common::signal(&moving.child, rustix::process::Signal::INT);
    loop {
        let line = moving.line();
        if is(&line, "attach", "failed") {
            assert_eq!(line["data"]["code"], "outcome_unknown", "{line:#}");
            break;
        }
        assert!(is(&line, "attach", "progress"), "{line:#}");
    }
    assert_eq!(moving.end().0, 4);
    world.servers[0].command(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
    // Nor does it go without a word when all is done and a process does not follow.
    let process = Process::new("shop", 1);
    stays_behind(&world, &process);
    let words = ["move", "logs", "--resume", "--yes"];
    let mut moving = crate::waiting::Waiting::start(&world.operator, &words);
    while !is(&moving.line(), "settle", "done") {}
    crate::common::signal(&moving.child, rustix::process::Signal::INT);
    let mut line = moving.line();
    while is(&line, "receipts", "progress") {
        line = moving.line();
    }
    assert!(is(&line, "receipts", "failed"), "{line:#}");
    assert_eq!(moving.end().0, 4);
}

#[test]
fn r15_each_step_of_a_copy_is_told() {
    let world = moving_copy::World::start();
    let (operator, program) = (&world.operator, copier(""));
    let preflight = ["preflight done", "preflight done"];
    let fenced = [&preflight[..], &["prepare done", "fence done"]].concat();
    let failed = [&fenced[..], &["copy failed"]].concat();
    told(operator, &world.words("false"), &failed);
    let abort = ["move", "logs", "--abort", "--yes"];
    told(operator, &abort, &["preflight done", "abort done"]);
    let whole = [&fenced[..], &["copy done", "compare done"], &WHOLE[2..5]].concat();
    told(operator, &world.words(&program), &whole);
    let resume = ["move", "logs", "--resume", "--yes"];
    let again = ["preflight done", "receipts done", "settle done"];
    told(operator, &resume, &again);
    role(&world.source);
    let finish = ["move", "logs", "--finish", "--yes"];
    told(operator, &finish, &[&preflight[..], &WHOLE[5..]].concat());
}

#[test]
fn r15_each_step_of_a_fail_over_by_sentinels_is_told() {
    let (config, sentinels) = (Server::start(), Sentinels::start());
    let operator = Operator::of(&config);
    let file = operator.file("logs.json", &sentinels.config());
    operator.done(&["set", "logs", file.to_str().unwrap(), "--create"]);
    let new = sentinels.server(1);
    let to = format!("127.0.0.1:{}", new.port());
    let words = ["move", "logs", "--to", &to, "--yes", "--accept-loss"];
    told(&operator, &words, &["preflight failed"]);
    new.command(&["CONFIG", "SET", "replica-priority", "1"]);
    wait_until("the priority", || is_listed(&sentinels, new, "1"));
    told(&operator, &words, &["preflight done", "cut done"]);
    told(&operator, &words, &["preflight done"]);
}

#[test]
fn r15_a_move_that_goes_on_stops_where_it_is_told() {
    let world = World::start();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    world.operator.done(&words);
    let words = ["move", "logs", "--resume", "--until", "prepared", "--yes"];
    world.operator.done(&words);
    assert_eq!(world.state(), "synced");
    for words in [
        ["--cut", "--until", "synced"],
        ["--undo", "--with", "stats"],
    ] {
        let words = [&["move", "logs", "--yes"], &words[..]].concat();
        assert_eq!(world.operator.run(&words).code, 2, "{words:?}");
    }
    assert_eq!(world.state(), "synced");
}
