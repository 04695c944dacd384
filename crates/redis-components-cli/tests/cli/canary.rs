//! `canary`: some processes try a config, and then all or none.

use redis_components_testing::{Proxy, Server};
use serde_json::{Value, json};

use crate::common::Operator;
use crate::receipts::Process;

/// Returns the control key.
fn control(server: &Server) -> Value {
    let text = server.command(&["GET", "config:redis:@fleet"]);
    let text: String = redis::from_redis_value(text).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[track_caller]
fn fails(operator: &Operator, words: &[&str], exit: i32, code: &str) -> String {
    let (found, envelope) = operator.json(words);
    let error = &envelope["error"];
    assert_eq!(
        (found, error["code"].as_str()),
        (exit, Some(code)),
        "{words:?}: {envelope:#}"
    );
    error["message"].as_str().unwrap().to_owned()
}

const BEGIN: [&str; 5] = ["canary", "logs", "socket_timeout=2", "--percent", "10"];

#[test]
fn r14_a_canary_begins_grows_and_is_promoted() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let old = operator.data(&["get", "logs"])["digest"].clone();
    let salt = control(&server)["salt"].clone();

    let begun = operator.data(&BEGIN);
    assert_eq!(
        (&begun["previous"], &begun["percent"]),
        (&old, &json!(10.0))
    );
    assert_eq!(begun["server"]["role"], "primary");
    assert_eq!(operator.data(&["get", "logs"])["digest"], old);
    let first = control(&server);
    let canary = &first["canary"]["logs"];
    assert_eq!(canary["config"]["socket_timeout"], 2);
    assert_eq!(canary["config"]["port"], server.port());
    assert_eq!(
        (&first["salt"], canary["percent"].as_f64()),
        (&salt, Some(10.0))
    );

    // More processes, and those that have it keep it.
    operator.data(&["canary", "logs", "socket_timeout=2", "--percent", "50%"]);
    let second = control(&server);
    assert_eq!(second["canary"]["logs"]["percent"].as_f64(), Some(50.0));
    assert_eq!(second["canary"]["logs"]["salt"], canary["salt"]);
    let shown = operator.data(&["canary", "logs"]);
    assert_eq!(
        (&shown["digest"], &shown["action"]),
        (&begun["digest"], &json!("show"))
    );

    let promoted = operator.data(&["canary", "logs", "promote", "--yes"]);
    assert_eq!(
        (&promoted["digest"], &promoted["n"]),
        (&begun["digest"], &json!(2))
    );
    assert_eq!(operator.data(&["get", "logs"])["digest"], begun["digest"]);
    assert_eq!(
        operator.data(&["history", "logs"])[0]["reason"],
        "canary promoted"
    );
    assert_eq!(control(&server), json!({"salt": salt}));
    fails(
        &operator,
        &["canary", "logs", "promote", "--yes"],
        1,
        "canary_missing",
    );
}

#[test]
fn r14_promote_does_not_undo_what_was_changed_meanwhile() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    operator.done(&BEGIN);
    let run = operator.done(&["set", "logs", "comment=x"]);
    assert!(
        run.stderr.contains("a canary of `logs` is on: 10 %"),
        "{run:?}"
    );
    let promote = ["canary", "logs", "promote", "--yes"];
    let before = control(&server);
    let message = fails(&operator, &promote, 3, "digest_differs");
    assert!(
        message.contains("has changed since its canary began"),
        "{message}"
    );
    fails(
        &operator,
        &["canary", "logs", "promote", "--dry-run"],
        3,
        "digest_differs",
    );
    assert_eq!(control(&server), before);
    // Whoever has seen what it undoes may say so.
    let found = operator.data(&["get", "logs"])["digest"].clone();
    let found = found.as_str().unwrap();
    assert!(
        message.ends_with(&format!("--if-digest {found}")),
        "{message}"
    );
    let other = "48bc90d10ff628a0";
    let words = |digest| [&promote[..], &["--if-digest", digest]].concat();
    fails(&operator, &words(other), 3, "digest_differs");
    assert_eq!(control(&server), before);
    let said = operator.data(&words(found));
    assert_eq!(said["previous"], found);
    assert_eq!(
        operator.data(&["get", "logs"])["config"]["comment"],
        Value::Null
    );
    let abort = ["canary", "logs", "abort", "--if-digest", found];
    fails(&operator, &abort, 2, "usage");
    operator.done(&["rollback", "logs", "--yes"]);
    operator.done(&BEGIN);
    operator.done(&promote);
    let config = operator.data(&["get", "logs"])["config"].clone();
    assert_eq!(
        (&config["comment"], &config["socket_timeout"]),
        (&json!("x"), &json!(2))
    );
}

#[test]
fn r14_a_canary_does_not_stay_behind_on_another_server() {
    let (server, data) = (Server::start(), Server::start());
    let operator = Operator::of(&server);
    operator.make_logs(&data);
    operator.done(&BEGIN);
    let before = (control(&server), operator.data(&["get", "logs"]));
    let other = Server::start();
    let port = format!("port={}", other.port());
    let message = fails(&operator, &["set", "logs", &port], 3, "canary_on");
    assert!(message.contains("10 % of the processes"), "{message}");
    let to = format!("127.0.0.1:{}", other.port());
    fails(
        &operator,
        &["move", "logs", "--to", &to, "--yes"],
        3,
        "canary_on",
    );
    // Another one would take its place without a word.
    let words = ["canary", "logs", "socket_timeout=3", "--percent", "10"];
    fails(&operator, &words, 3, "canary_on");
    assert_eq!((control(&server), operator.data(&["get", "logs"])), before);
    operator.done(&["canary", "logs", "abort"]);
    operator.done(&["move", "logs", "--to", &to, "--until", "synced", "--yes"]);
    let message = fails(&operator, &BEGIN, 3, "wrong_state");
    assert!(
        message.contains("a move of `logs` is under way"),
        "{message}"
    );
}

#[test]
fn r14_a_canary_that_is_given_up_leaves_the_rest_as_it_was() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let mut before = control(&server);
    before["receipts"] = json!({"every": 10});
    before["canary"] = json!({"stats": {"config": {"host": "h"}, "percent": 1, "salt": "s"}});
    server.command(&["SET", "config:redis:@fleet", &before.to_string()]);
    operator.done(&BEGIN);
    assert_ne!(control(&server), before);
    let run = operator.done(&["canary", "logs", "abort"]);
    assert!(run.stdout.contains("is given up"), "{run:?}");
    assert_eq!(control(&server), before);
    let history = operator.data(&["history", "logs"]);
    assert_eq!(history.as_array().unwrap().len(), 1);
}

#[test]
fn r14_a_canary_does_not_split_data_unless_that_is_meant() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let words = ["canary", "logs", "db=1", "--percent", "10"];
    let message = fails(&operator, &words, 3, "splits_data");
    assert!(message.contains("another `db`"), "{message}");
    let other = Server::start();
    let file = operator.file("other.json", &other.config());
    let words = ["canary", "logs", file.to_str().unwrap(), "--percent", "10"];
    assert!(fails(&operator, &words, 3, "splits_data").contains("another `port`"));
    operator.done(&[&words[..], &["--splits-data"]].concat());
    let shown = operator.data(&["canary", "logs"]);
    assert_eq!(shown["endpoint"], format!("127.0.0.1:{}", other.port()));
}

#[test]
fn what_cannot_be_a_canary_is_refused() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    fails(&operator, &["canary", "logs"], 1, "canary_missing");
    fails(&operator, &["canary", "logs", "abort"], 1, "canary_missing");
    fails(
        &operator,
        &["canary", "logs", "socket_timeout=2"],
        2,
        "usage",
    );
    fails(
        &operator,
        &["canary", "logs", "abort", "--percent", "1"],
        2,
        "usage",
    );
    for percent in ["0", "101", "-1", "x", "NaN"] {
        let option = format!("--percent={percent}");
        fails(
            &operator,
            &["canary", "logs", "socket_timeout=2", &option],
            2,
            "usage",
        );
    }
    operator.done(&BEGIN);
    fails(&operator, &["canary", "logs", "--wait"], 2, "usage");
    operator.done(&["canary", "logs", "abort"]);
    let words = ["canary", "logs", "sockettimeout=2", "--percent", "1"];
    fails(&operator, &words, 1, "config_invalid");
    let words = ["canary", "logs", "username=nobody", "--percent", "1"];
    fails(&operator, &words, 3, "probe_failed");
    fails(
        &operator,
        &["canary", "lgos", "db=0", "--percent", "1"],
        1,
        "unknown_component",
    );
    operator.done(&["set", "logs", "disabled=true"]);
    let message = fails(&operator, &BEGIN, 3, "wrong_state");
    assert!(message.contains("switched off"), "{message}");
    operator.done(&["set", "logs", "disabled="]);
    operator.done(&BEGIN);
    fails(&operator, &["canary", "logs", "promote"], 2, "no_terminal");
    // It may hold a password.
    server.command(&["SET", "config:redis:@fleet", "[]"]);
    fails(&operator, &BEGIN, 1, "config_invalid");
    let listed = operator.run(&["list"]);
    assert_eq!(listed.code, 0);
    assert!(
        listed.stderr.contains("canaries are not shown"),
        "{}",
        listed.stderr
    );
}

/// What is written beside a control key that nobody understands has digests that nobody shares.
#[test]
fn a_control_key_that_is_not_understood_is_named_with_what_to_do() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    operator.done(&BEGIN);
    let before = operator.data(&["history", "logs"]);
    let set: &[&str] = &["set", "logs", "db=1"];
    let promote: &[&str] = &["canary", "logs", "promote"];
    let key = "config:redis:@fleet";
    let makes: [(&[&str], &str, &str); 2] = [
        (&["SET", key, "["], "config_invalid", "delete it with DEL"),
        (
            &["HSET", key, "a", "b"],
            "wrong_type",
            "delete or rename it",
        ),
    ];
    for (make, code, advice) in makes {
        server.command(&["DEL", key]);
        server.command(make);
        for words in [
            set,
            promote,
            &["canary", "logs", "abort"],
            &["rollback", "logs", "1"],
        ] {
            let words = [words, &["--yes"]].concat();
            let message = fails(&operator, &words, 1, code);
            assert!(
                message.contains(key) && message.contains(advice),
                "{message}"
            );
        }
        let checks = operator.run(&["doctor", "-o", "json"]).envelope();
        let checks = checks["data"].as_array().unwrap();
        let check = checks.iter().find(|check| check["check"] == "control key");
        let check = check.unwrap_or_else(|| panic!("{checks:#?}"));
        assert_eq!(check["state"], "problem");
        assert!(check["found"].as_str().unwrap().contains(key), "{check:#}");
        // Who only looks is not kept from it.
        operator.done(&["get", "logs"]);
        operator.done(&["list"]);
    }
    server.command(&["DEL", key]);
    assert_eq!(
        operator
            .data(&["history", "logs"])
            .as_array()
            .unwrap()
            .len(),
        before.as_array().unwrap().len()
    );
    operator.done(set);
}

#[test]
fn a_dry_run_of_a_canary_sends_nothing_and_shows_no_secret() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let before = control(&server);
    let file = operator.file("password", "s3cret");
    let password = format!("password=@{}", file.display());
    let words = [
        "canary",
        "logs",
        &password,
        "--percent",
        "5",
        "--dry-run",
        "--no-probe",
        "--yes",
    ];
    let run = operator.done(&words);
    assert!(run.stdout.contains("\"password\":\"***\""), "{run:?}");
    assert!(!run.stdout.contains("s3cret"), "{run:?}");
    assert_eq!(
        operator.data(&words)["commands"].as_array().unwrap().len(),
        5
    );
    assert_eq!(control(&server), before);
    operator.done(&BEGIN);
    let begun = control(&server);
    let promote = operator.data(&["canary", "logs", "promote", "--dry-run"]);
    let fleet = "SET config:redis:@fleet '{…, without the canary of logs}'";
    let commands = promote["commands"].as_array().unwrap();
    assert!(commands.contains(&json!(fleet)), "{promote:#}");
    for action in [&["abort"], &BEGIN[2..]] {
        let words = [&["canary", "logs"], action, &["--reason", "why"]].concat();
        fails(&operator, &words, 2, "usage");
    }
    operator.done(&["canary", "logs", "abort", "--dry-run"]);
    assert_eq!(control(&server), begun);
}

#[test]
fn an_answer_that_is_lost_is_looked_for() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let proxy = Proxy::to(&server);
    proxy.hang_up_on("EXEC");
    let lost = Operator::at(&proxy.url());
    let (code, envelope) = lost.json(&BEGIN);
    let is_there = control(&server)["canary"]["logs"].is_object();
    match code {
        0 => assert!(is_there),
        4 => assert_eq!(envelope["error"]["code"], "outcome_unknown"),
        _ => panic!("{envelope:#}"),
    }
}

#[test]
fn r14_processes_of_the_canary_run_it_and_the_others_do_not() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let old = operator.data(&["get", "logs"])["digest"].clone();
    let old = old.as_str().unwrap();
    let runs = |digest: &str| format!("{digest} {digest} ok 2 1764170000 0 -");
    let fleet: Vec<_> = (1..=40).map(|pid| Process::new("shop", pid)).collect();
    for process in &fleet {
        process.report(&server, "logs", &runs(old));
    }
    let words = [
        "canary",
        "logs",
        "socket_timeout=2",
        "--percent",
        "50",
        "--wait",
        "--timeout",
        "100ms",
    ];
    let (code, envelope) = operator.json(&words);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (4, &json!("not_followed"))
    );
    let canary = envelope["data"]["digest"].as_str().unwrap();
    let behind = envelope["data"]["wait"]["behind"].as_array().unwrap();
    // A share of 50 % is 0 or 40 of 40 once in 10^12 runs.
    assert!((1..40).contains(&behind.len()), "{}", behind.len());
    let chosen: Vec<_> = behind
        .iter()
        .map(|row| row["pid"].as_u64().unwrap())
        .collect();
    for pid in &chosen {
        let process = Process::new("shop", u32::try_from(*pid).unwrap());
        process.report(&server, "logs", &runs(canary));
    }
    let data = operator.data(&["wait", "logs"]);
    assert_eq!(
        (&data["following"], &data["canaries"]),
        (&json!(40), &json!(chosen.len()))
    );
    assert_eq!(operator.data(&["list"])[0]["fleet"]["following"], 40);
    let run = operator.done(&["wait", "logs"]);
    assert!(
        run.stdout.contains(" of them the canary, 0 connections"),
        "{run:?}"
    );
    // With `promote` the rest is waited for, with `abort` the share.
    let others = 40 - chosen.len();
    let patience = ["--wait", "--timeout", "100ms"];
    let (code, envelope) =
        operator.json(&[&["canary", "logs", "promote", "--yes"], &patience[..]].concat());
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (4, &json!("not_followed"))
    );
    assert_eq!(
        envelope["data"]["wait"]["behind"].as_array().unwrap().len(),
        others
    );
}
