//! R15: what stands against a cut at the last moment, and a cut that does not end.

use std::process::Stdio;

use serde_json::json;

use crate::common::wait_until;
use crate::load::{World, role};

/// Starts a move that is ready for its cut.
fn prepared() -> World {
    let world = World::start();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&words);
    world
}

/// Ends a move with this word, which must fail with this code. Returns the message.
fn fails(world: &World, with: &str, exit: i32, code: &str) -> String {
    let (found, envelope) = world.operator.json(&["move", "logs", with, "--yes"]);
    let error = &envelope["error"];
    assert_eq!(
        (found, &error["code"]),
        (exit, &json!(code)),
        "{envelope:#}"
    );
    error["message"].as_str().unwrap().to_owned()
}

#[test]
fn r15_a_target_that_stands_still_gives_writes_back() {
    for with in ["--resume", "--abort"] {
        let world = prepared();
        let target = world.servers[1].port().to_string();
        world.servers[1].freeze();
        let words = [
            "FAILOVER",
            "TO",
            "127.0.0.1",
            &target,
            "FORCE",
            "TIMEOUT",
            "1",
        ];
        world.servers[0].command(&words);
        wait_until("it has stepped down", || role(&world.servers[0]) == "slave");
        let message = fails(&world, with, 3, "not_possible");
        assert!(message.contains("takes writes again"), "{message}");
        world.servers[0].command(&["SET", "after", "it"]);
        assert_eq!(role(&world.servers[0]), "master", "{with}");
        world.servers[1].thaw();
        world.is_on(0);
    }
}

#[test]
fn r15_a_component_that_has_come_meanwhile_is_not_left_behind() {
    let world = prepared();
    let port = format!("port={}", world.servers[0].port());
    let words = ["set", "stats", "host=127.0.0.1", &port, "--create"];
    world.operator.done(&words);
    let message = fails(&world, "--cut", 3, "not_possible");
    assert!(message.contains("stats"), "{message}");
    assert_eq!(role(&world.servers[0]), "master");
    world.is_on(0);
    let elsewhere = format!("port={}", world.config.port());
    world.operator.done(&["set", "stats", &elsewhere]);
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    world.is_on(1);
    // Nobody may stop a server that somebody uses, and be it to read.
    let words = ["set", "stats", &port, "--no-probe", "--yes"];
    world.operator.done(&words);
    let message = fails(&world, "--finish", 3, "wrong_state");
    assert!(message.contains("stats"), "{message}");
}

/// Callers whose writes the fence refuses would write there, and the old server would not get it.
#[test]
fn r15_a_server_that_takes_writes_before_it_has_taken_over_gets_no_data() {
    let world = World::start();
    let [_, target] = &world.servers;
    let read_only = |value| target.command(&["CONFIG", "SET", "replica-read-only", value]);
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    read_only("no");
    let (code, envelope) = world.operator.json(&words);
    let message = envelope["error"]["message"].as_str().unwrap();
    assert_eq!(code, 3, "{envelope:#}");
    assert!(message.contains("replica-read-only: it is no"), "{message}");
    read_only("yes");
    world.operator.done(&words);
    read_only("no");
    let message = fails(&world, "--cut", 3, "not_possible");
    assert!(
        message.contains(&format!("{to} would take writes before")),
        "{message}"
    );
    assert_eq!(role(target), "slave");
    read_only("yes");
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_a_server_that_would_take_writes_as_a_replica_is_not_left() {
    let world = prepared();
    let writable = ["CONFIG", "SET", "replica-read-only", "no"];
    world.servers[0].command(&writable);
    let message = fails(&world, "--cut", 3, "not_possible");
    assert!(message.contains("replica-read-only"), "{message}");
    assert_eq!(role(&world.servers[0]), "master");
    world.servers[0].command(&["CONFIG", "SET", "replica-read-only", "yes"]);
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    world.servers[1].command(&writable);
    fails(&world, "--undo", 3, "not_possible");
    assert_eq!(role(&world.servers[1]), "master");
    world.is_on(1);
}

#[test]
fn r15_a_server_that_would_take_no_writes_alone_does_not_get_them() {
    let world = prepared();
    let wants = |server: usize, replicas: &str| {
        let words = ["CONFIG", "SET", "min-replicas-to-write", replicas];
        world.servers[server].command(&words);
    };
    wants(1, "1");
    let message = fails(&world, "--cut", 3, "not_possible");
    assert!(message.contains("min-replicas-to-write"), "{message}");
    assert_eq!(role(&world.servers[0]), "master");
    wants(1, "0");
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    // Back, too; and nothing of the way back has begun.
    wants(0, "1");
    let message = fails(&world, "--undo", 3, "not_possible");
    assert!(message.contains("min-replicas-to-write"), "{message}");
    assert_eq!(world.state(), "committed");
    world.is_on(1);
    wants(0, "0");
    world.operator.done(&["move", "logs", "--undo", "--yes"]);
    world.is_on(0);
    role(&world.servers[1]);
    world.operator.done(&["move", "logs", "--finish", "--yes"]);
    // The first move says it before it begins.
    world.servers[1].command(&["REPLICAOF", "NO", "ONE"]);
    world.servers[1].command(&["FLUSHALL"]);
    role(&world.servers[1]);
    wants(0, "1");
    let words = ["move", "logs", "--to", &world.address(1), "--dry-run"];
    let run = world.operator.done(&words);
    assert!(run.stderr.contains("before --undo"), "{run:#?}");
}

#[test]
fn r15_a_fail_over_without_an_end_gives_writes_back() {
    let world = prepared();
    let [source, target] = &world.servers;
    target.command(&["CLIENT", "PAUSE", "600000", "WRITE"]);
    let asked = target.command_calls("REPLCONF");
    source.command(&["SET", "late", "write"]);
    let port = target.port().to_string();
    source.command(&["FAILOVER", "TO", "127.0.0.1", &port]);
    assert_eq!(world.state(), "cutting");
    let mut command = world
        .operator
        .command(&["move", "logs", "--resume", "--yes"]);
    let mut resuming = command.stderr(Stdio::null()).spawn().unwrap();
    wait_until("it has ended", || resuming.try_wait().unwrap().is_some());
    assert_eq!(resuming.wait().unwrap().code(), Some(3));
    // An acknowledgement of less than all may keep back the one of all for 40 ms.
    assert_eq!(target.command_calls("REPLCONF") - asked, 0);
    source.command(&["SET", "after", "it"]);
    target.command(&["CLIENT", "UNPAUSE"]);
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_servers_that_follow_each_other_are_for_a_person() {
    let world = prepared();
    let target = world.servers[1].port().to_string();
    world.servers[0].command(&["REPLICAOF", "127.0.0.1", &target]);
    assert_eq!(world.state(), "split");
    let message = fails(&world, "--resume", 6, "must_decide");
    assert!(message.contains(&world.address(0)), "{message}");
}
