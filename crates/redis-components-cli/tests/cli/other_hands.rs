//! What other programs have written on the config server.

use redis_components_testing::Server;
use serde_json::{Value, json};

use crate::common::Operator;
#[cfg(target_os = "linux")]
use crate::load::World;
#[cfg(target_os = "linux")]
use crate::terminal::at_terminal_after;

const CONTROL: &str = "config:redis:@fleet";
const HISTORY: &str = "redis-components:history:logs";

fn start() -> (Server, Operator) {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    (server, operator)
}

#[track_caller]
fn refused(operator: &Operator, words: &[&str], exit: i32, code: &str) -> String {
    let (found, envelope) = operator.json(words);
    let error = &envelope["error"];
    assert_eq!(
        (found, &error["code"]),
        (exit, &json!(code)),
        "{envelope:#}"
    );
    error["message"].as_str().unwrap().to_owned()
}

#[test]
fn r14_a_history_at_its_last_number_takes_no_config_without_an_entry() {
    let (server, operator) = start();
    let last = format!("{}-0", u64::MAX);
    server.command(&["XADD", HISTORY, &last, "config", "{}"]);
    let before = operator.data(&["get", "logs"]);
    let message = refused(&operator, &["set", "logs", "db=1"], 3, "wrong_state");
    assert!(message.contains("RENAME"), "{message}");
    assert_eq!(operator.data(&["get", "logs"]), before);
    server.command(&["RENAME", HISTORY, "old"]);
    operator.done(&["set", "logs", "db=1"]);
}

#[test]
fn r14_what_is_no_time_is_not_shown_as_one() {
    let (server, operator) = start();
    server.command(&[
        "XADD", HISTORY, "7-0", "config", "{}", "at", "x", "by", "ada",
    ]);
    let rows = operator.data(&["history", "logs"]);
    assert_eq!(
        (&rows[0]["at"], &rows[0]["by"]),
        (&Value::Null, &json!("ada"))
    );
    let config = operator.data(&["get", "logs"])["config"].to_string();
    let record = json!({
        "id": "m", "component": "logs", "by": null, "since": "x",
        "old": {"logs": config}, "new": {"logs": r#"{"host":"127.0.0.1","port":1}"#},
    });
    server.command(&["SET", "redis-components:move:logs", &record.to_string()]);
    let words = ["move", "logs", "--status", "-o", "json"];
    let run = operator.run(&words);
    assert_eq!(run.envelope()["data"]["since"], Value::Null, "{run:#?}");
    operator.data(&["top"]);
}

#[test]
fn r14_a_canary_of_no_process_is_shown() {
    let (server, operator) = start();
    for percent in ["0", "-0.0", "100"] {
        let control = format!(
            r#"{{"canary":{{"logs":{{"config":{{"host":"127.0.0.1"}},"percent":{percent},"salt":"s"}}}}}}"#
        );
        server.command(&["SET", CONTROL, &control]);
        operator.data(&["canary", "logs"]);
        operator.data(&["top"]);
        operator.data(&["list"]);
    }
    for percent in ["-5", "100.5", "null"] {
        let control = format!(r#"{{"canary":{{"logs":{{"config":{{}},"percent":{percent}}}}}}}"#);
        server.command(&["SET", CONTROL, &control]);
        refused(&operator, &["canary", "logs"], 1, "canary_missing");
        operator.data(&["top"]);
        operator.data(&["list"]);
    }
}

#[test]
fn r14_a_control_key_with_a_name_twice_is_left_alone() {
    let (server, operator) = start();
    for control in [
        r#"{"salt":"a","salt":"b"}"#,
        r#"{"salt":"a","canary":{"logs":{"config":{},"percent":5,"percent":50}}}"#,
    ] {
        server.command(&["SET", CONTROL, control]);
        let words = ["set", "logs", "db=1"];
        let message = refused(&operator, &words, 1, "config_invalid");
        assert!(message.contains("twice"), "{message}");
        let kept = server.command(&["GET", CONTROL]);
        assert_eq!(redis::from_redis_value::<String>(kept).unwrap(), control);
    }
}

#[test]
fn r14_a_canary_that_does_not_say_where_it_began_is_promoted_on_purpose_only() {
    let (server, operator) = start();
    operator.done(&["canary", "logs", "comment=x", "--percent", "10"]);
    let control = server.command(&["GET", CONTROL]);
    let control: String = redis::from_redis_value(control).unwrap();
    let mut control: Value = serde_json::from_str(&control).unwrap();
    control["canary"]["logs"]
        .as_object_mut()
        .unwrap()
        .remove("base");
    server.command(&["SET", CONTROL, &control.to_string()]);
    let promote = ["canary", "logs", "promote", "--yes"];
    let message = refused(&operator, &promote, 3, "digest_differs");
    assert!(message.contains("`base`"), "{message}");
    let digest = operator.data(&["get", "logs"])["digest"].clone();
    let meant = ["--if-digest", digest.as_str().unwrap()];
    operator.done(&[&promote[..], &meant].concat());
}

/// Whichever of both begins while the other one asks a person, only one of them begins.
#[cfg(target_os = "linux")]
#[test]
fn r15_a_canary_and_a_move_do_not_begin_at_once() {
    let world = World::start();
    let canary = ["canary", "logs", "comment=x", "--percent", "10"];
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to];
    let begin = || drop(world.operator.done(&canary));
    let (code, shown) = at_terminal_after(&world.operator, &words, "[y/N]", "y\n", begin);
    assert!(
        code == 3 && shown.contains("a canary of `logs` is on"),
        "{shown}"
    );
    assert!(!shown.contains("stays where it is"), "{shown}");
    world.is_on(0);
    world.operator.done(&["canary", "logs", "abort"]);
    let words = [&canary[..], &["--no-probe"]].concat();
    let until = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    let begin = || drop(world.operator.done(&until));
    let (code, shown) = at_terminal_after(&world.operator, &words, "[y/N]", "y\n", begin);
    assert!(
        code == 3 && shown.contains("a move of `logs` is under way"),
        "{shown}"
    );
    refused(&world.operator, &["canary", "logs"], 1, "canary_missing");
}
