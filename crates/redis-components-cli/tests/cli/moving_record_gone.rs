//! R15: the record of a move is spoilt or deleted, and each thing that the move has done can be ended.

use serde_json::{Value, json};

use crate::load::{Load, RECORD, World, role};
use crate::moving_fence::{CLOSED, OPTION, fence, note_fence, prepared, set};

/// Returns what a command answers that must fail with this code.
#[track_caller]
fn fails(world: &World, words: &[&str], expected: i32) -> String {
    let words = [&["move", "logs", "--yes"], words].concat();
    let (code, envelope) = world.operator.json(&words);
    assert_eq!(code, expected, "{words:?}: {envelope:#}");
    envelope["error"]["message"].as_str().unwrap().to_owned()
}

#[track_caller]
fn tells(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part}: {message}");
    }
}

fn control(world: &World) -> String {
    let control = world.config.command(&["GET", "config:redis:@fleet"]);
    redis::from_redis_value(control).unwrap()
}

#[test]
fn r15_a_record_that_is_not_understood_says_what_deleting_it_leaves() {
    let world = prepared();
    for spoilt in [&["SET", RECORD, "garbage"][..], &["LPUSH", RECORD, "one"]] {
        world.config.command(&["DEL", RECORD]);
        world.config.command(spoilt);
        for words in [["--status"], ["--resume"], ["--abort"], ["--finish"]] {
            let message = fails(&world, &words, 6);
            let leave = [
                RECORD,
                OPTION,
                CLOSED,
                "REPLICAOF NO ONE",
                "move logs --abort",
            ];
            tells(&message, &leave);
        }
    }
    // As the message says.
    world.config.command(&["DEL", RECORD]);
    let [source, target] = &world.servers;
    let dry = world
        .operator
        .run(&["move", "logs", "--abort", "--dry-run"]);
    assert!(
        dry.stdout.contains("without the candidates of logs"),
        "{dry:#?}"
    );
    assert!(control(&world).contains("prepare"));
    let gone = world.operator.data(&["move", "logs", "--abort", "--yes"]);
    assert!(
        gone["withdrawn"].as_str().unwrap().starts_with("move-"),
        "{gone:#}"
    );
    assert!(!control(&world).contains("prepare"), "{}", control(&world));
    tells(&fails(&world, &["--abort"], 1), &["no move of `logs`"]);
    target.command(&["REPLICAOF", "NO", "ONE"]);
    target.command(&["FLUSHALL"]);
    role(target);
    role(source);
    let to = world.address(1);
    world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_a_fence_without_a_record_is_known_and_taken_away() {
    for is_parked in [false, true] {
        let world = prepared();
        note_fence(&world, "0");
        let [source, target] = &world.servers;
        set(source, OPTION, CLOSED);
        if is_parked {
            source.command(&["REPLICAOF", "127.0.0.1", "1"]);
        }
        role(source);
        world.config.command(&["DEL", RECORD]);
        world.operator.done(&["move", "logs", "--abort", "--yes"]);
        target.command(&["REPLICAOF", "NO", "ONE"]);
        target.command(&["FLUSHALL"]);
        role(target);
        let to = world.address(1);
        let message = fails(&world, &["--to", &to], 3);
        let record = "under way there";
        tells(&message, &[record, "CONFIG SET min-replicas-to-write 0"]);
        if is_parked {
            tells(&message, &["source: ", "127.0.0.1:1", "REPLICAOF NO ONE"]);
            source.command(&["REPLICAOF", "NO", "ONE"]);
        } else {
            tells(&message, &["fence: ", CLOSED]);
        }
        set(source, OPTION, "0");
        role(source);
        let load = Load::start(&world.config);
        load.goes_on();
        world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
        load.goes_on();
        load.end(target);
        assert_eq!(world.servers.each_ref().map(fence), ["0", "0"]);
    }
}

/// One that fails over has no use for it, and refuses writes all the same.
#[test]
fn r15_a_fence_without_a_record_is_known_where_there_is_failover() {
    let world = World::start();
    let [source, _] = &world.servers;
    set(source, OPTION, CLOSED);
    role(source);
    let to = world.address(1);
    let message = fails(&world, &["--to", &to], 3);
    tells(
        &message,
        &["fence: ", CLOSED, "CONFIG SET min-replicas-to-write 0"],
    );
    let words = ["move", "logs", "--to", &to, "--copy-with", "true", "--yes"];
    let (code, envelope) = world.operator.json(&words);
    assert_eq!(code, 3, "{envelope:#}");
    tells(
        &envelope.to_string(),
        &["CONFIG SET min-replicas-to-write 0"],
    );
}

#[test]
fn r15_candidates_of_others_stay_without_a_record() {
    let world = World::start();
    let config = json!({"host": "127.0.0.1", "port": 1});
    let all = json!({
        "logs": {"id": "by-hand", "config": config},
        "stats": {"id": "move-17", "config": config, "on": ["READONLY"]},
        "mail": {"id": "move-18", "config": config, "on": []},
    });
    let control_of = |all: &Value| json!({"prepare": all}).to_string();
    world
        .config
        .command(&["SET", "config:redis:@fleet", &control_of(&all)]);
    for component in ["logs", "mail"] {
        let (code, envelope) = world
            .operator
            .json(&["move", component, "--abort", "--yes"]);
        assert_eq!(
            (code, &envelope["error"]["code"]),
            (1, &json!("no_move")),
            "{envelope:#}"
        );
    }
    assert_eq!(control(&world), control_of(&all));
    world.operator.done(&["move", "stats", "--abort", "--yes"]);
    let left: Value = serde_json::from_str(&control(&world)).unwrap();
    let mut names: Vec<_> = left["prepare"].as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["logs", "mail"]);
}

#[test]
fn r15_what_empties_a_server_is_advised_only_if_nobody_uses_it() {
    let world = World::start();
    let to = world.address(1);
    world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    world.config.command(&["DEL", RECORD]);
    let [old, new] = &world.servers;
    role(new);
    let back = world.address(0);
    let checks = || {
        let words = ["move", "logs", "--to", &back, "--yes"];
        let (code, envelope) = world.operator.json(&words);
        assert_eq!(code, 3, "{envelope:#}");
        let checks = envelope["data"]["checks"].as_array().unwrap().clone();
        let refused = |check: &&Value| check["level"] == "refusal";
        checks.iter().filter(refused).cloned().collect::<Vec<_>>()
    };
    let mut client = old.connection();
    let _: redis::Value = redis::cmd("GET").arg("known").query(&mut client).unwrap();
    let used = checks();
    assert_eq!(used[0]["name"], "target in use", "{used:#?}");
    let text = json!(used).to_string();
    for word in ["REPLICAOF NO ONE", "FLUSHALL"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    drop(client);
    role(old);
    let unused = json!(checks()).to_string();
    tells(&unused, &["REPLICAOF NO ONE", "FLUSHALL"]);
}
