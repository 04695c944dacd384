//! R15: somebody writes a config during a move that is neither the old nor the new one.

use std::process::Stdio;

use redis_components_testing::Server;
use serde_json::json;

use crate::common::{Run, wait_until};
use crate::load::{World, role};
use crate::moving_fence::{CLOSED, OPTION, fence, note_fence, prepared, set};
use crate::receipts::Process;
use crate::waiting::follows;

const KEY: &str = "config:redis:logs";

/// Returns what a command says that must leave the decision to a person.
#[track_caller]
fn undecided(world: &World, words: &[&str]) -> String {
    let words = [&["move", "logs"], words].concat();
    let (code, envelope) = world.operator.json(&words);
    let found = (code, &envelope["error"]["code"]);
    assert_eq!(found, (6, &json!("must_decide")), "{words:?}: {envelope:#}");
    envelope["error"]["message"].as_str().unwrap().to_owned()
}

/// Does what a message says between backticks, after these words.
#[track_caller]
fn follow(world: &World, message: &str, before: &str) {
    let (_, command) = message
        .split_once(before)
        .unwrap_or_else(|| panic!("{before}: {message}"));
    let command = command.split('`').nth(1).unwrap();
    let words: Vec<_> = command.split(' ').chain(["--yes"]).collect();
    world.operator.done(&words);
}

fn change(world: &World, other: Option<&Server>) {
    match other {
        Some(other) => {
            let text = json!({"host": "127.0.0.1", "port": other.port(), "db": 2}).to_string();
            world.config.command(&["SET", KEY, &text]);
        }
        None => {
            world.config.command(&["DEL", KEY]);
        }
    }
}

#[test]
fn r15_a_config_of_others_is_told_with_the_server_that_has_the_data() {
    let other = Server::start();
    for (is_cut, is_deleted) in [(false, false), (false, true), (true, false), (true, true)] {
        let world = World::start();
        let to = world.address(1);
        let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
        world.operator.done(&words);
        if is_cut {
            world.change_record("may_be_cut", &json!(true));
            let port = world.servers[1].port().to_string();
            world.servers[0].command(&["FAILOVER", "TO", "127.0.0.1", &port, "TIMEOUT", "5000"]);
            wait_until("the cut", || world.state() == "cut");
        }
        change(&world, Some(&other).filter(|_| !is_deleted));
        let has = usize::from(is_cut);
        for words in [&["--status"][..], &["--resume", "--yes"]] {
            let message = undecided(&world, words);
            for server in [0, 1] {
                assert!(message.contains(&world.address(server)), "{message}");
            }
            let told = format!("{} has the data and takes writes", world.address(has));
            assert!(message.contains(&told), "{told}: {message}");
            let command = format!(
                "`set logs host=127.0.0.1 port={}",
                world.servers[has].port()
            );
            assert!(message.contains(&command), "{command}: {message}");
        }
        let message = undecided(&world, &["--status"]);
        follow(&world, &message, "has the data and takes writes");
        let then = if is_cut { "--undo" } else { "--cut" };
        if is_cut {
            world.operator.done(&["move", "logs", "--resume", "--yes"]);
            world.is_on(1);
        }
        world.operator.done(&["move", "logs", then, "--yes"]);
        world.is_on(1 - has);
    }
}

#[test]
fn r15_an_abort_gives_writes_back_whatever_the_config_says() {
    let other = Server::start();
    for (is_parked, is_restarted) in [(false, false), (true, false), (false, true)] {
        let world = prepared();
        note_fence(&world, "0");
        let [source, target] = &world.servers;
        set(source, OPTION, CLOSED);
        if is_parked {
            source.command(&["REPLICAOF", "127.0.0.1", "1"]);
        }
        if is_restarted {
            target.restart();
        }
        assert_eq!(world.state(), "fenced");
        change(&world, Some(&other));
        let message = undecided(&world, &["--status"]);
        let told = "refuses writes because of a cut that was interrupted";
        assert!(message.contains(told), "{message}");
        assert!(message.contains("`move logs --abort`"), "{message}");
        let message = undecided(&world, &["--abort", "--yes"]);
        assert_eq!(
            (fence(source).as_str(), &*role(source)),
            ("0", "master"),
            "{message}"
        );
        source.command(&["SET", "after", "it"]);
        let told = format!("{} has the data and takes writes", world.address(0));
        assert!(message.contains(&told), "{message}");
        follow(&world, &message, &told);
        world.operator.done(&["move", "logs", "--abort", "--yes"]);
        world.is_on(0);
    }
}

#[test]
fn r15_a_wait_for_processes_ends_at_once_if_a_config_is_changed() {
    let other = Server::start();
    for is_deleted in [false, true] {
        let world = World::start();
        // It watches, and never says that it is ready.
        let _watching = Process::new("shop", 2).watch(&world.config);
        let to = world.address(1);
        let words = ["move", "logs", "--to", &to, "--yes", "--timeout", "30s"];
        let mut command = world.operator.command(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let moving = command.spawn().unwrap();
        wait_until("it is prepared", || {
            let control = world.config.command(&["GET", "config:redis:@fleet"]);
            let control: Option<String> = redis::from_redis_value(control).unwrap();
            control.is_some_and(|control| control.contains("prepare"))
        });
        change(&world, Some(&other).filter(|_| !is_deleted));
        let run = Run::of(&moving.wait_with_output().unwrap());
        let told = format!("{} has the data and takes writes", world.address(0));
        let is_told = run.stderr.contains(&told);
        assert_eq!((run.code, is_told), (6, true), "{run:#?}");
    }
}

/// Processes follow whatever config is in force.
#[test]
fn r15_a_config_that_is_changed_after_the_commit_is_no_success() {
    let other = Server::start();
    let world = World::start();
    let digest = || {
        let config = world.operator.data(&["get", "logs"]);
        config["digest"].as_str().unwrap().to_owned()
    };
    // Its runtime does not know candidates, so nobody waits for it before the cut.
    let process = Process::new("shop", 2);
    let report = || {
        for words in process.commands("logs", &follows(&digest())) {
            let words = words
                .iter()
                .map(|word| word.replace("\"rust\"", "\"python\""));
            let words: Vec<_> = words.collect();
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            world.config.command(&words);
        }
    };
    report();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--yes", "--timeout", "30s"];
    let mut command = world.operator.command(&words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let moving = command.spawn().unwrap();
    let port = u64::from(world.servers[1].port());
    wait_until("the commit", || world.port() == port);
    change(&world, Some(&other));
    report();
    let run = Run::of(&moving.wait_with_output().unwrap());
    let is_told = run.stderr.contains("neither that of");
    assert_eq!((run.code, is_told), (6, true), "{run:#?}");
}
