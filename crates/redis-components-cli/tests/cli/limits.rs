//! Values that are longer, or numbers that are larger, than processes take.

use redis_components_testing::Server;
use serde_json::{Value, json};

use crate::common::Operator;
use crate::receipts::Process;
use crate::waiting::make_logs;

const KEY: &str = "config:redis:logs";
const CONTROL: &str = "config:redis:@fleet";

fn length(server: &Server, key: &str) -> usize {
    redis::from_redis_value(server.command(&["STRLEN", key])).unwrap()
}

/// A file with a config that is almost as long as one may be.
fn long(operator: &Operator, server: &Server, comment: usize) -> String {
    let comment = "y".repeat(comment);
    let config = json!({"host": "127.0.0.1", "port": server.port(), "comment": comment});
    let file = operator.file("long.json", &config.to_string());
    file.to_str().unwrap().to_owned()
}

#[track_caller]
fn refused(operator: &Operator, words: &[&str], parts: &[&str]) {
    let (code, envelope) = operator.json(words);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (1, &json!("config_invalid")),
        "{envelope:#}"
    );
    let message = error["message"].as_str().unwrap();
    for part in parts {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn a_config_that_grows_too_long_is_not_written() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.done(&["set", "logs", &long(&operator, &server, 65_400), "--create"]);
    let before = length(&server, KEY);
    let note = format!("x-note={}", "z".repeat(300));
    refused(&operator, &["set", "logs", &note], &["at most 65536 bytes"]);
    assert_eq!(length(&server, KEY), before);
    // Other hands may.
    server.command(&["SET", KEY, &"z".repeat(70_000)]);
    let advice = [KEY, "DEL", "`set --create` or `rollback`"];
    refused(&operator, &["set", "logs", "db=1"], &advice);
    server.command(&["DEL", KEY]);
    operator.done(&["rollback", "logs", "1", "--yes"]);
    assert_eq!(length(&server, KEY), before);
}

#[test]
fn a_control_key_that_grows_too_long_is_not_written() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let file = long(&operator, &server, 40_000);
    for component in ["logs", "stats"] {
        operator.make_other(component, &server);
    }
    let begin = |component| ["canary", component, &*file, "--percent", "5"].map(str::to_owned);
    let words = begin("logs");
    operator.done(&words.each_ref().map(String::as_str));
    let before = length(&server, CONTROL);
    let words = begin("stats");
    let told = [CONTROL, "would have", "nothing was written"];
    refused(&operator, &words.each_ref().map(String::as_str), &told);
    let port = format!("port={}", server.port());
    refused(&operator, &["set", "stats", &*file, "--prepare"], &told);
    assert_eq!(length(&server, CONTROL), before);
    operator.done(&["canary", "logs", "abort"]);
    operator.done(&["set", "stats", &port, "db=1"]);
}

#[test]
fn a_share_that_processes_leave_out_is_no_canary() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let digest = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    process.report(
        &server,
        "logs",
        &format!("{digest} {digest} ok 1 1764170000 0 -"),
    );
    let config = json!({"host": "127.0.0.1", "port": server.port(), "db": 1});
    for percent in [json!(500), json!(-5), json!("50")] {
        let text = server.command(&["GET", CONTROL]);
        let text: String = redis::from_redis_value(text).unwrap();
        let mut control: Value = serde_json::from_str(&text).unwrap();
        control["canary"] = json!({"logs": {"config": config, "percent": percent}});
        server.command(&["SET", CONTROL, &control.to_string()]);
        operator.done(&["wait", "logs", "--timeout", "10s"]);
        let checks = operator.run(&["doctor", "-o", "json"]).envelope();
        let checks = checks["data"].as_array().unwrap();
        let check = checks
            .iter()
            .find(|check| check["check"] == "canary of logs");
        assert_eq!(check.unwrap()["state"], "problem", "{checks:#?}");
    }
}

#[test]
fn no_number_in_a_receipt_is_too_large() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let digest = make_logs(&operator, &server);
    for number in 1..=2 {
        let words = format!("{digest} {digest} ok 1 1764170000 {} -", u64::MAX);
        Process::new("shop", number).report(&server, "logs", &words);
    }
    let data = operator.data(&["wait", "logs", "--timeout", "300ms"]);
    assert_eq!(data["old_connections"].as_u64(), Some(u64::MAX), "{data:#}");
}

#[test]
fn a_dry_run_of_a_rollback_asks_nothing() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    operator.done(&["set", "logs", "db=1"]);
    operator.done(&["rollback", "logs", "--dry-run"]);
    assert_eq!(operator.data(&["get", "logs"])["config"]["db"], 1);
}
