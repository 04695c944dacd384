//! R15: `top` and `serve` say of a move what `move --status` says.

use serde_json::{Value, json};

use crate::common::wait_until;
use crate::load::World;
use crate::moving_fence::{CLOSED, OPTION, note_fence, prepared, set, world};
use crate::moving_silent::Script;
use crate::served::Served;

/// Waits until `serve` says the word of `move --status`, and `top` too.
#[track_caller]
pub(crate) fn is_said(world: &World, served: &Served, word: &str) {
    assert_eq!(world.state(), word);
    let said = |snapshot: &Value| snapshot["moves"][0]["state"].clone();
    let mut last = Value::Null;
    wait_until("serve says the same", || {
        last = said(&served.snapshot());
        last == word
    });
    let top = world.operator.data(&["top", "--interval", "200ms"]);
    assert_eq!(said(&top), json!(word), "{top:#}");
}

#[test]
fn r15_top_and_serve_say_the_word_of_the_status() {
    let world = world();
    let served = Served::start(&world.operator);
    let [source, target] = &world.servers;
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&words);
    is_said(&world, &served, "synced");
    let script = Script::start(source);
    is_said(&world, &served, "refusing");
    script.end();
    target.command(&["REPLICAOF", "NO", "ONE"]);
    is_said(&world, &served, "planned");
    let port = source.port().to_string();
    source.command(&["CONFIG", "SET", "repl-diskless-sync-delay", "3600"]);
    target.command(&["SET", "of", "others"]);
    target.command(&["REPLICAOF", "127.0.0.1", &port]);
    is_said(&world, &served, "copying");
    target.command(&["REPLICAOF", "NO", "ONE"]);
    source.command(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
    target.command(&["REPLICAOF", "127.0.0.1", &port]);
    wait_until("the copy is complete", || world.state() == "synced");
    note_fence(&world, "0");
    set(source, OPTION, CLOSED);
    is_said(&world, &served, "fenced");
    source.command(&["REPLICAOF", "127.0.0.1", "1"]);
    is_said(&world, &served, "fenced");
    target.command(&["REPLICAOF", "NO", "ONE"]);
    is_said(&world, &served, "taken_over");
    source.command(&["REPLICAOF", "127.0.0.1", &target.port().to_string()]);
    wait_until("it follows", || world.state() == "cut");
    is_said(&world, &served, "cut");
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    is_said(&world, &served, "committed");
    source.stop();
    is_said(&world, &served, "gone");
    source.restart();
    is_said(&world, &served, "split");
}

#[test]
fn r15_the_status_says_whether_callers_are_served_by_the_candidate() {
    let world = prepared();
    let [source, target] = &world.servers;
    let to = target.port().to_string();
    target.command(&["REPLICAOF", "NO", "ONE"]);
    source.command(&["REPLICAOF", "127.0.0.1", &to]);
    world.change_record("may_be_cut", &json!(true));
    wait_until("the cut", || world.state() == "cut");
    let line = || {
        let run = world.operator.done(&["move", "logs", "--status"]);
        run.stdout
    };
    let key = "config:redis:@fleet";
    let control: String = redis::from_redis_value(world.config.command(&["GET", key])).unwrap();
    let offer = |field: &str, value: Value| {
        let mut control: Value = serde_json::from_str(&control).unwrap();
        control["prepare"]["logs"][field] = value;
        world.config.command(&["SET", key, &control.to_string()]);
        line()
    };
    let (ways, until) = ("--resume lets the configs follow", "2098-12-31T23:59:59Z");
    for (field, value, part) in [
        (
            "until",
            json!(until),
            format!("by the candidate until {until}"),
        ),
        (
            "until",
            json!(4_070_908_799_u64),
            format!("by the candidate until {until}"),
        ),
        ("until", json!(null), "by the candidate; ".to_owned()),
        (
            "until",
            json!("2026-01-31T12:00:00Z"),
            "writes are refused, because the candidate of `logs` has ended at 2026-01-31T12:00:00Z"
                .to_owned(),
        ),
        (
            "run_id",
            json!("0123"),
            "writes are refused, because the candidate of `logs` is for an earlier run".to_owned(),
        ),
        (
            "id",
            json!("other"),
            "writes are refused, because the candidate of `logs` is another one".to_owned(),
        ),
        (
            "on",
            json!(["NOREPLICAS"]),
            "writes are refused, because the candidate of `logs` does not take".to_owned(),
        ),
    ] {
        let line = offer(field, value.clone());
        let candidate = world.operator.data(&["move", "logs", "--status"])["candidate"].clone();
        let shown = match (&candidate["takes_writes"], &value) {
            (Value::Bool(true), Value::Null) => candidate["until"].is_null(),
            (Value::Bool(true), _) => candidate["until"] == until,
            (Value::Bool(false), _) => line.contains(candidate["reason"].as_str().unwrap()),
            _ => false,
        };
        assert!(shown, "{part}: {candidate}");
        assert!(
            line.contains(&part) && line.contains(ways),
            "{part}: {line}"
        );
    }
    world.config.command(&["DEL", key]);
    let gone = line();
    let part = "writes are refused, because the candidate of `logs` is gone";
    assert!(gone.contains(part), "{gone}");
    world.config.command(&["SET", key, "[]"]);
    let unknown = line();
    assert!(
        unknown.contains("is unknown, because the value under"),
        "{unknown}"
    );
    world.config.command(&["SET", key, &control]);
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(1);
}
