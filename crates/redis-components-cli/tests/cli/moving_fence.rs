//! R15: a server without `FAILOVER` is fenced.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use redis_components_testing::Server;
use serde_json::json;

use crate::common::wait_until;
use crate::load::{Load, World, role};

pub(crate) const OPTION: &str = "min-replicas-to-write";
pub(crate) const CLOSED: &str = "1999999973";

/// Servers that do not know `FAILOVER`.
pub(crate) fn world() -> World {
    World::start_with(&["--rename-command", "FAILOVER", ""])
}

pub(crate) fn set(server: &Server, option: &str, value: &str) {
    server.command(&["CONFIG", "SET", option, value]);
}

pub(crate) fn fence(server: &Server) -> String {
    let values = server.command(&["CONFIG", "GET", OPTION]);
    let values: Vec<String> = redis::from_redis_value(values).unwrap();
    values[1].clone()
}

pub(crate) fn prepared() -> World {
    let world = world();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&words);
    world
}

/// Lets the record say that the fence was set.
pub(crate) fn note_fence(world: &World, before: &str) {
    world.change_record("may_be_cut", &json!(true));
    world.change_record("fence", &json!(before));
}

#[test]
fn r15_data_moves_there_and_back_behind_a_fence() {
    let world = world();
    let load = Load::start(&world.config);
    load.goes_on();
    let to = world.address(1);
    let run = world
        .operator
        .run(&["move", "logs", "--to", &to, "--dry-run"]);
    assert!(run.stderr.contains("fences it"), "{run:#?}");
    let mut held = Vec::new();
    for round in 0..6 {
        let words = match round {
            0 => ["--to", &to],
            _ => ["--undo", "--ignore-silent"],
        };
        let words = [&["move", "logs", "--yes"], &words[..]].concat();
        let moved = world.operator.data(&words);
        assert_eq!(moved["state"], "committed", "{moved:#}");
        held.push(moved["held_ms"].as_f64().unwrap());
        world.is_on(1 - round % 2);
        let roles = world.servers.each_ref().map(role);
        let roles = roles.each_ref().map(String::as_str);
        let expected = [["slave", "master"], ["master", "slave"]];
        assert_eq!(roles, expected[round % 2]);
        assert_eq!(world.servers.each_ref().map(fence), ["0", "0"]);
        load.goes_on();
    }
    println!("figure: writes were refused for {held:?} ms");
    load.end(&world.servers[0]);
}

#[test]
fn r15_a_user_who_may_not_fail_over_moves_behind_a_fence() {
    let world = World::start();
    for server in &world.servers {
        let words = [
            "ACL", "SETUSER", "mover", "on", ">word", "~*", "&*", "+@all",
        ];
        server.command(&[&words[..], &["-failover"]].concat());
        // Who asks for the role only looks, and does not use the server.
        role(server);
    }
    let file = world.operator.file("password", "word");
    let password = format!("password=@{}", file.display());
    let words = ["set", "logs", "username=mover", &password];
    world.operator.done(&words);
    let load = Load::start(&world.config);
    load.goes_on();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&words);
    // What was there before is there again.
    set(&world.servers[0], OPTION, "1");
    let moved = world.operator.data(&["move", "logs", "--cut", "--yes"]);
    assert_eq!(moved["state"], "committed");
    assert_eq!(world.servers.each_ref().map(fence), ["1", "0"]);
    load.goes_on();
    load.end(&world.servers[1]);
}

#[test]
fn r15_a_server_that_can_neither_fail_over_nor_be_fenced_is_not_moved() {
    let world = world();
    set(&world.servers[0], "min-replicas-max-lag", "0");
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--yes"];
    let (code, envelope) = world.operator.json(&words);
    let message = envelope["error"]["message"].as_str().unwrap();
    assert_eq!(
        (code, message.contains("set it to 10")),
        (3, true),
        "{envelope:#}"
    );
    world.is_on(0);
    assert_eq!(role(&world.servers[1]), "master");
}

#[test]
fn r15_a_target_that_stands_still_gives_writes_back_behind_the_fence() {
    let world = prepared();
    let load = Load::start(&world.config);
    load.goes_on();
    for is_killed in [false, true] {
        world.servers[1].freeze();
        let words = ["move", "logs", "--cut", "--yes"];
        let mut command = world.operator.command(&words);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut cutting = command.spawn().unwrap();
        // The command may end while this looks.
        let has_ended = |cutting: &mut std::process::Child| cutting.try_wait().unwrap().is_some();
        wait_until("the fence", || {
            fence(&world.servers[0]) == CLOSED || has_ended(&mut cutting)
        });
        if is_killed {
            cutting.kill().unwrap();
        }
        cutting.wait().unwrap();
        world.servers[1].thaw();
        if fence(&world.servers[0]) == CLOSED {
            assert!(is_killed);
            assert_eq!(world.state(), "fenced");
        }
        let ends = if is_killed { "--abort" } else { "--status" };
        world.operator.done(&["move", "logs", ends, "--yes"]);
        assert_eq!(fence(&world.servers[0]), "0");
        load.goes_on();
        world.is_on(0);
    }
    let keys = world.servers[1].command(&["DBSIZE"]);
    assert_eq!(redis::from_redis_value::<u64>(keys).unwrap(), 0);
    load.end(&world.servers[0]);
}

#[test]
fn r15_a_cut_that_was_killed_behind_its_fence_goes_on_or_is_given_up() {
    for steps in 1..=4 {
        for then in ["--resume", "--abort", "--undo", "--finish"] {
            let world = prepared();
            note_fence(&world, "0");
            let [source, target] = &world.servers;
            set(source, OPTION, CLOSED);
            if steps > 1 {
                source.command(&["REPLICAOF", "127.0.0.1", "1"]);
            }
            if steps > 2 {
                target.command(&["REPLICAOF", "NO", "ONE"]);
                target.command(&["SET", "after", "it"]);
            }
            if steps > 3 {
                source.command(&["REPLICAOF", "127.0.0.1", &target.port().to_string()]);
                wait_until("it follows", || world.state() == "cut");
            }
            let states = ["fenced", "fenced", "taken_over", "cut"];
            assert_eq!(world.state(), states[steps - 1]);
            let (code, envelope) = world.operator.json(&["move", "logs", then, "--yes"]);
            let text = format!("{steps} {then}: {envelope:#}");
            let (expected, on) = match (steps, then) {
                (_, "--resume") => (0, 1),
                (1 | 2, "--abort") | (4, "--undo") => (0, 0),
                _ => (3, usize::MAX),
            };
            assert_eq!(code, expected, "{text}");
            if expected == 3 {
                assert_eq!(envelope["error"]["code"], "wrong_state", "{text}");
                assert_eq!(world.state(), states[steps - 1]);
                continue;
            }
            world.is_on(on);
            assert_eq!(world.servers.each_ref().map(fence), ["0", "0"], "{text}");
            assert_eq!(role(&world.servers[on]), "master", "{text}");
            if steps > 2 {
                let after = world.servers[on].command(&["GET", "after"]);
                assert_eq!(redis::from_redis_value::<String>(after).unwrap(), "it");
            }
        }
    }
}

#[test]
fn r15_a_target_that_has_not_all_does_not_take_over_behind_the_fence() {
    let world = prepared();
    note_fence(&world, "0");
    let [source, target] = &world.servers;
    // Writes that the target does not have, as of a script that passes the fence of an old server.
    let kill = ["CLIENT", "KILL", "TYPE", "replica"];
    set(target, "masterauth", "wrong");
    source.command(&["CONFIG", "SET", "requirepass", "right"]);
    source.command(&kill);
    source.command(&["SET", "late", "write"]);
    source.command(&["REPLICAOF", "127.0.0.1", "1"]);
    source.command(&["CONFIG", "SET", "requirepass", ""]);
    set(target, "masterauth", "");
    assert_eq!(world.state(), "fenced");
    let words = ["move", "logs", "--resume", "--yes"];
    let moved = world.operator.data(&words);
    assert_eq!(moved["state"], "committed");
    let late = target.command(&["GET", "late"]);
    assert_eq!(redis::from_redis_value::<String>(late).unwrap(), "write");
    // One that was started again is no successor.
    let world = prepared();
    note_fence(&world, "0");
    let [source, target] = &world.servers;
    target.restart();
    source.command(&["SET", "more", "data"]);
    source.command(&["REPLICAOF", "127.0.0.1", "1"]);
    target.command(&["SET", "other", "data"]);
    assert_eq!(world.state(), "split");
    let (code, envelope) = world.operator.json(&["move", "logs", "--resume", "--yes"]);
    let message = envelope["error"]["message"].as_str().unwrap();
    assert_eq!((code, message.contains(OPTION)), (6, true), "{envelope:#}");
}

#[test]
fn r15_a_move_behind_a_fence_that_was_killed_anywhere_loses_nothing() {
    let world = world();
    let load = Load::start(&world.config);
    load.goes_on();
    let mut killed = Vec::new();
    for round in 0..10 {
        let (code, _) = world.operator.json(&["move", "logs", "--status"]);
        let on_first = world.port() == u64::from(world.servers[0].port());
        let to = world.address(usize::from(on_first));
        let begins: &[&str] = if code == 0 {
            &["--undo"]
        } else {
            &["--to", &to]
        };
        let words = [&["move", "logs", "--yes"], begins].concat();
        let mut command = world.operator.command(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command.args(["--output", "ndjson"]);
        let mut moving = command.spawn().unwrap();
        let lines = BufReader::new(moving.stdout.take().unwrap()).lines();
        let told = lines
            .map_while(Result::ok)
            .find(|line| line.contains("\"cut\""));
        // It is killed in the milliseconds of its cut, or soon after.
        thread::sleep(Duration::from_micros(fastrand::u64(..12_000)));
        moving.kill().unwrap();
        moving.wait().unwrap();
        assert!(told.is_some(), "{begins:?}");
        let then = ["--resume", "--abort"][round % 2];
        let (code, envelope) = world.operator.json(&["move", "logs", then, "--yes"]);
        killed.push((then, code));
        if code == 3 {
            world.operator.done(&["move", "logs", "--resume", "--yes"]);
        } else {
            assert_eq!(code, 0, "{then}: {envelope:#}");
        }
        load.goes_on();
        assert_eq!(world.servers.each_ref().map(fence), ["0", "0"]);
        world.servers.iter().for_each(|server| drop(role(server)));
    }
    println!("figure: {killed:?}");
    let primary = usize::from(world.port() == u64::from(world.servers[1].port()));
    load.end(&world.servers[primary]);
}

#[test]
fn r15_a_config_that_is_written_behind_the_fence_does_not_keep_it_up() {
    for steps in 1..=2 {
        let world = prepared();
        note_fence(&world, "2");
        let [source, _] = &world.servers;
        set(source, OPTION, CLOSED);
        if steps > 1 {
            source.command(&["REPLICAOF", "127.0.0.1", "1"]);
        }
        let other = source.config().replace('}', r#","socket_timeout":7}"#);
        world.config.command(&["SET", "config:redis:logs", &other]);
        for ends in ["--resume", "--abort"] {
            let (code, envelope) = world.operator.json(&["move", "logs", ends, "--yes"]);
            let message = envelope["error"]["message"].as_str().unwrap();
            assert_eq!(
                (code, message.contains("refuses writes")),
                (6, ends == "--resume"),
                "{envelope:#}"
            );
        }
        assert_eq!(
            (fence(source).as_str(), role(source).as_str()),
            ("2", "master")
        );
    }
}

#[test]
fn r15_a_server_that_would_not_answer_behind_the_fence_is_not_fenced() {
    let world = world();
    set(&world.servers[0], "replica-serve-stale-data", "no");
    let to = world.address(1);
    let (code, envelope) = world.operator.json(&["move", "logs", "--to", &to, "--yes"]);
    let message = envelope["error"]["message"].as_str().unwrap();
    let is_named = message.contains("replica-serve-stale-data");
    assert_eq!((code, is_named), (3, true), "{envelope:#}");
    world.is_on(0);
}
