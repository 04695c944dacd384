//! The rights of an operator, as docs/operations.md gives them.

use redis_components_testing::Server;
use serde_json::json;

use crate::common::Operator;
use crate::receipts::Process;
use crate::waiting::make_logs;

/// Returns the words of the command in the documentation that makes the user.
fn documented() -> Vec<String> {
    documented_as("ACL SETUSER operator on")
}

/// Returns the words of the command in the documentation that begins so.
fn documented_as(first: &str) -> Vec<String> {
    let page = include_str!("../../../../docs/operations.md");
    let begin = page.find(first).unwrap();
    let end = begin + page[begin..].find("```").unwrap();
    let words = page[begin..end]
        .split_whitespace()
        .filter(|word| *word != "\\");
    words
        .map(|word| {
            if word.starts_with('>') {
                ">s3cret"
            } else {
                word
            }
            .to_owned()
        })
        .collect()
}

fn make_user(server: &Server, words: &[String]) {
    server.command(&["ACL", "DELUSER", "operator"]);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    server.command(&words);
}

/// Whoever may not read the control key has no salt, and digests that nobody shares.
#[test]
fn without_the_control_key_no_process_is_blamed() {
    let server = Server::start();
    let admin = Operator::of(&server);
    let digest = make_logs(&admin, &server);
    let words = format!("{digest} {digest} ok 1 1764170000 0 -");
    Process::new("shop", 1).report(&server, "logs", &words);
    admin.done(&["wait", "logs"]);
    let keys = ["~config:redis:logs", "~redis-components:*"];
    let user = ["ACL", "SETUSER", "few", "on", ">pw", "+@all"];
    server.command(&[&user[..], &keys].concat());
    let operator = Operator::at(&format!("redis://few:pw@127.0.0.1:{}", server.port()));
    let (code, envelope) = operator.json(&["wait", "logs", "--timeout", "5s"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (5, &json!("no_rights")),
        "{envelope:#}"
    );
    let listed = operator.run(&["list"]);
    assert!(
        listed.stderr.contains("the fleet is not shown"),
        "{listed:?}"
    );
}

#[test]
fn the_documented_rights_are_enough() {
    let server = Server::start();
    make_user(&server, &documented());
    let operator = Operator::at(&format!(
        "redis://operator:s3cret@127.0.0.1:{}",
        server.port()
    ));
    operator.make_logs(&server);
    for words in [
        &["list"][..],
        &["get", "logs"],
        &["fleet"],
        &["wait", "logs"],
        &[
            "canary",
            "logs",
            "socket_timeout=2",
            "--percent",
            "10",
            "--wait",
        ],
        &["canary", "logs", "promote", "--yes"],
        &["check"],
        &["set", "logs", "db=1"],
        &["history", "logs"],
        &["rollback", "logs", "--yes"],
    ] {
        operator.done(words);
    }
    let checks = operator.data(&["doctor"]);
    for check in checks.as_array().unwrap() {
        let needs_more = check["advice"]
            .as_str()
            .is_some_and(|advice| advice.contains("allow"));
        assert!(check["state"] != "problem" && !needs_more, "{check:#}");
    }
}

/// Those of `move` come on top.
#[test]
fn the_documented_rights_to_move_are_enough_and_each_is_needed() {
    let [server, source, target] = [Server::start(), Server::start(), Server::start()];
    let mut words = documented();
    make_user(&server, &words);
    let operator = Operator::at(&format!(
        "redis://operator:s3cret@127.0.0.1:{}",
        server.port()
    ));
    operator.make_logs(&source);
    let find = || {
        let checks = operator.run(&["doctor", "-o", "json"]).envelope();
        let checks = checks["data"].as_array().unwrap().clone();
        let mut checks = checks.into_iter();
        checks.find(|check| check["check"] == "rights to move")
    };
    let check = find().unwrap();
    assert_eq!(check["state"], "warning", "{check:#}");
    let more = documented_as("ACL SETUSER operator ~").split_off(3);
    assert!(more.len() > 5, "{more:?}");
    for left_out in &more {
        let some = more.iter().filter(|word| *word != left_out).cloned();
        make_user(
            &server,
            &words.iter().cloned().chain(some).collect::<Vec<_>>(),
        );
        let found = find().unwrap()["found"].to_string();
        let name = left_out.trim_matches(['+', '~', '*']);
        assert!(found.contains(name), "{left_out}: {found}");
    }
    words.extend(more);
    make_user(&server, &words);
    let check = find().unwrap();
    assert_eq!(check["state"], "ok", "{check:#}");
    operator.done(&["set", "logs", "comment=x", "--prepare"]);
    let to = format!("127.0.0.1:{}", target.port());
    operator.done(&["move", "logs", "--to", &to, "--yes"]);
    let port = &operator.data(&["get", "logs"])["config"]["port"];
    assert_eq!(*port, target.port());
    operator.done(&["move", "logs", "--undo", "--yes"]);
}

/// A transaction is refused as a whole, and says by what.
#[test]
fn a_right_that_is_missing_in_a_transaction_is_named() {
    let server = Server::start();
    let words = documented();
    let operator = Operator::at(&format!(
        "redis://operator:s3cret@127.0.0.1:{}",
        server.port()
    ));
    make_user(&server, &words);
    operator.make_logs(&server);
    for (taken, told) in [
        ("-exec", "'exec'"),
        ("-multi", "'multi'"),
        ("-xadd", "'xadd'"),
        ("-set", "'set'"),
    ] {
        let mut words = words.clone();
        words.push(taken.to_owned());
        make_user(&server, &words);
        for command in [
            &["set", "logs", "db=1"][..],
            &["canary", "logs", "socket_timeout=2", "--percent", "10"],
        ] {
            if taken == "-xadd" && command[0] == "canary" {
                continue;
            }
            let (code, envelope) = operator.json(command);
            let error = &envelope["error"];
            let found = (code, &error["code"]);
            assert_eq!(found, (5, &json!("no_rights")), "{taken}: {envelope:#}");
            let run = operator.run(&["get", "logs", "-o", "json"]);
            assert!(!run.stdout.contains("\"db\""), "{taken}: {run:#?}");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(told), "{message}");
        }
    }
    let is_history = |word: &String| word.starts_with('~') && word.contains("history");
    let mut words = words;
    words.retain(|word| !is_history(word));
    make_user(&server, &words);
    let message = operator.json(&["set", "logs", "db=1"]).1["error"]["message"].to_string();
    let key = "redis-components:history:logs";
    assert!(message.contains(key), "{message}");
    let checks = operator.run(&["doctor", "-o", "json"]).stdout;
    let key = "xadd on `redis-components:history:@doctor`";
    assert!(checks.contains(key), "{checks}");
}

#[test]
fn each_documented_right_is_needed_and_doctor_says_so() {
    let server = Server::start();
    let words = documented();
    let rights: Vec<_> = words.iter().filter(|word| word.starts_with('+')).collect();
    assert!(rights.len() > 15, "{rights:?}");
    let operator = Operator::at(&format!(
        "redis://operator:s3cret@127.0.0.1:{}",
        server.port()
    ));
    for right in rights {
        let without: Vec<_> = words
            .iter()
            .filter(|word| *word != right)
            .cloned()
            .collect();
        make_user(&server, &without);
        let run = operator.run(&["doctor", "-o", "json"]);
        let name = right.trim_start_matches('+');
        // A name for people.
        let is_optional = name == "client|setname";
        let is_told = run.stdout.contains(name.split('|').next().unwrap()) || run.code == 5;
        assert!(is_told || is_optional, "{right}: {run:#?}");
    }
}
