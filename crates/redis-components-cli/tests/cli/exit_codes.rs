//! Bad input: each with its exit code, what happened and what to do.

use redis_components_testing::{Proxy, Server};
use serde_json::Value;

use crate::common::Operator;

#[track_caller]
pub(crate) fn fails(
    operator: &Operator,
    words: &[&str],
    exit: i32,
    code: &str,
    parts: &[&str],
) -> Value {
    let (found, envelope) = operator.json(words);
    assert_eq!(
        (found, envelope["error"]["code"].as_str()),
        (exit, Some(code)),
        "{words:?}: {envelope:#}"
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    for part in parts {
        assert!(message.contains(part), "{words:?}: {part}: {message}");
    }
    // People read the same, on standard error and nowhere else.
    let run = operator.run(words);
    assert_eq!(run.code, exit, "{words:?}: {run:#?}");
    assert!(run.stderr.contains("error: "), "{run:#?}");
    envelope
}

#[test]
fn each_exit_code_is_given_once() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    operator.done(&["set", "logs", "db=1"]);
    assert_eq!(operator.run(&["list"]).code, 0);
    assert_eq!(operator.run(&["get", "lgos"]).code, 1);
    assert_eq!(operator.run(&["get"]).code, 2);
    assert_eq!(
        operator
            .run(&["set", "logs", "db=2", "--if-digest", "0"])
            .code,
        3
    );
    let proxy = Proxy::to(&server);
    proxy.hang_up_on("EXEC");
    assert_eq!(
        Operator::at(&proxy.url())
            .run(&["set", "logs", "db=2"])
            .code,
        4
    );
    proxy.refuse();
    assert_eq!(Operator::at(&proxy.url()).run(&["list"]).code, 5);
    server.command(&["SET", "config:redis:logs", &server.config()]);
    assert_eq!(operator.run(&["rollback", "logs", "--yes"]).code, 6);
}

#[test]
fn a_config_server_that_is_not_named_or_not_there() {
    let parts = ["--config-server", "REDIS_CONFIG_URL", "components.toml"];
    fails(
        &Operator::nowhere(),
        &["list"],
        2,
        "no_config_server",
        &parts,
    );
    let server = Server::start();
    let operator = Operator::of(&server);
    server.stop();
    let envelope = fails(
        &operator,
        &["list"],
        5,
        "config_server_unreachable",
        &["the config server 127.0.0.1:"],
    );
    assert_eq!(envelope["error"]["retryable"], true);
    let wrong = Operator::at("http://h");
    fails(
        &wrong,
        &["list"],
        2,
        "usage",
        &["REDIS_CONFIG_URL: ", "redis://"],
    );
}

#[test]
fn a_wrong_password() {
    let server = Server::start_with(&["--requirepass", "s3cret"]);
    fails(
        &Operator::of(&server),
        &["list"],
        5,
        "config_server_refused",
        &["wants a password"],
    );
    let wrong = Operator::at(&format!("redis://:wr0ng@127.0.0.1:{}", server.port()));
    fails(
        &wrong,
        &["list"],
        5,
        "config_server_refused",
        &["check `username` and `password`"],
    );
}

#[test]
fn no_rights() {
    let server = Server::start();
    server.command(&[
        "ACL",
        "SETUSER",
        "reader",
        "on",
        "nopass",
        "~config:redis:*",
        "+@read",
        "+@connection",
    ]);
    let operator = Operator::at(&format!("redis://reader@127.0.0.1:{}", server.port()));
    Operator::of(&server).make_logs(&server);
    operator.done(&["get", "logs"]);
    fails(
        &operator,
        &["set", "logs", "db=1"],
        5,
        "no_rights",
        &["docs/operations.md"],
    );
    assert_eq!(
        Operator::of(&server)
            .data(&["history", "logs"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn an_unknown_component() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    for words in [
        &["get", "lgos"][..],
        &["set", "lgos", "db=1"],
        &["history", "lgos"],
        &["rollback", "lgos", "--yes"],
        &["watch", "lgos"],
        &["who", "lgos"],
        &["check", "--component", "lgos"],
        &["diff", "logs", "lgos"],
    ] {
        fails(
            &operator,
            words,
            1,
            "unknown_component",
            &["`lgos`", "did you mean `logs`?"],
        );
    }
    fails(
        &operator,
        &["set", "stats", "db=1"],
        1,
        "unknown_component",
        &["--create"],
    );
    fails(
        &operator,
        &["set", "a b", "host=h", "--create"],
        2,
        "usage",
        &["letters"],
    );
}

#[test]
fn misuse_is_told_in_the_format_that_was_asked_for() {
    let operator = Operator::nowhere();
    for words in [
        &["set", "logs", "-o", "json"][..],
        &["set", "logs", "--output=ndjson"],
        &["-ojson", "gte"],
    ] {
        let run = operator.run(words);
        assert_eq!(run.code, 2, "{run:?}");
        assert_eq!(run.envelope()["error"]["code"], "usage");
    }
    let run = operator.run(&["gte"]);
    assert!(run.code == 2 && run.stdout.is_empty(), "{run:?}");
    assert_eq!(operator.run(&["--help"]).code, 0);
    fails(
        &operator,
        &["set", "logs", "a.json", "db=1"],
        2,
        "usage",
        &["one file"],
    );
}
