//! What each command does.

use redis_components_testing::Server;
use serde_json::json;

use crate::common::Operator;

#[test]
fn a_config_lives_from_check_to_rollback() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let file = operator.file("logs.json", &server.config());
    let file = file.to_str().unwrap();

    let checked = operator.data(&["check", file]);
    assert_eq!(checked[0]["server"]["role"], "primary");

    let set = operator.data(&["set", "logs", file, "--create", "--reason", "the first"]);
    assert_eq!(
        (&set["n"], &set["previous"], &set["changed"]),
        (&json!(1), &json!("absent"), &json!(true))
    );
    assert_eq!(operator.data(&["set", "logs", file])["changed"], false);

    let got = operator.data(&["get", "logs"]);
    assert_eq!(
        got["config"],
        json!({"host": "127.0.0.1", "port": server.port()})
    );
    assert_eq!(got["digest"], set["digest"]);
    assert_eq!(got["key"], "config:redis:logs");

    let second = operator.data(&["set", "logs", "db=2", "comment=for the audit"]);
    assert_eq!(
        (&second["n"], &second["previous"]),
        (&json!(2), &set["digest"])
    );

    let (code, diff) = operator.json(&["diff", "logs@1", "logs"]);
    assert_eq!(code, 1);
    let difference = json!([{"field": "db", "a": null, "b": 2}]);
    assert_eq!(diff["data"]["differences"], difference);
    assert_eq!(diff["error"]["code"], "differences");
    assert_eq!(operator.json(&["diff", "logs@1", file]).0, 0);

    let history = operator.data(&["history", "logs"]);
    assert_eq!(history[0]["digest"], second["digest"]);
    assert_eq!(history[1]["reason"], "the first");
    assert_eq!(history[1]["by"], "ada");
    let command = history[0]["command"].as_str().unwrap();
    assert!(
        command.starts_with("set logs db=2 'comment=for the audit'"),
        "{command}"
    );

    let back = operator.data(&["rollback", "logs", "--yes"]);
    assert_eq!((&back["n"], &back["digest"]), (&json!(3), &set["digest"]));
    let history = operator.data(&["history", "logs"]);
    assert_eq!(history[0]["reason"], "rollback to 1");
    // To go back twice is to go forward again.
    let forward = operator.data(&["rollback", "logs", "2", "--yes", "--reason", "db 2 it is"]);
    assert_eq!(forward["digest"], second["digest"]);

    let list = operator.data(&["list"]);
    assert_eq!(list[0]["component"], "logs");
    assert_eq!(list[0]["digest"], second["digest"]);
    assert_eq!(
        list[0]["since"],
        operator.data(&["history", "logs"])[0]["at"]
    );
    assert_eq!(list[0]["problem"], json!(null));
}

#[test]
fn a_config_that_was_deleted_comes_back_from_its_history() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let made = operator.data(&["get", "logs"])["digest"].clone();
    server.command(&["DEL", "config:redis:logs"]);
    // All that looks for it says what there is.
    for words in [
        &["get", "logs"][..],
        &["wait", "logs"],
        &["diff", "logs", "logs@1"],
    ] {
        let (code, envelope) = operator.json(words);
        let error = &envelope["error"];
        assert_eq!(
            (code, &error["code"]),
            (1, &json!("config_missing")),
            "{words:?}"
        );
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("`rollback logs N`"), "{message}");
    }
    // Nobody said to which entry.
    let (code, envelope) = operator.json(&["rollback", "logs", "--yes"]);
    let error = &envelope["error"];
    assert_eq!((code, &error["code"]), (6, &json!("must_decide")));
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("was deleted behind its history"),
        "{message}"
    );
    let back = operator.data(&["rollback", "logs", "1", "--yes"]);
    assert_eq!(
        (&back["digest"], &back["previous"]),
        (&made, &json!("absent"))
    );
    assert_eq!(operator.data(&["get", "logs"])["digest"], made);
    // One that never was is told as before.
    let (code, envelope) = operator.json(&["rollback", "stats", "--yes"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (1, &json!("unknown_component"))
    );
}

#[test]
fn a_table_is_for_people_and_has_no_colours_in_a_pipe() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let list = operator.done(&["list"]).stdout;
    let lines: Vec<_> = list.lines().collect();
    assert!(lines[0].starts_with("COMPONENT  ENDPOINT"), "{list}");
    let row = format!("logs       127.0.0.1:{}  ", server.port());
    assert!(lines[1].starts_with(&row), "{list}");
    operator.done(&["set", "logs", "db=1"]);
    let diff = operator.run(&["diff", "logs", "logs@1"]);
    assert_eq!(diff.stdout, "--- logs\n+++ logs@1\n- db: 1\n");
    assert_eq!(diff.stderr, "error: 1 field differs\n");
}

#[test]
fn check_shows_all_findings_at_once_with_carets() {
    let operator = Operator::nowhere();
    let text = "{\n  \"hots\": \"h\",\n  \"port\": \"x\",\n  \"pasword\": \"s3cret\"\n}\n";
    let file = operator.file("logs.json", text);
    let run = operator.run(&["check", file.to_str().unwrap()]);
    assert_eq!(run.code, 1);
    for part in [
        "`hots` is not a known field; did you mean `host`?",
        "logs.json:2:3",
        "2 |   \"hots\": \"***\",",
        "  |   ^^^^^^",
        "`port` must be a whole number",
        "logs.json:3:11",
        "`pasword` is not a known field; did you mean `password`?",
        "4 |   \"pasword\": \"***\"",
        "error: 3 findings",
    ] {
        assert!(run.stderr.contains(part), "{part}\n{}", run.stderr);
    }
    let (code, envelope) = operator.json(&["check", file.to_str().unwrap()]);
    assert_eq!(code, 1);
    let findings = envelope["data"][0]["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 3);
    assert_eq!(
        (
            &findings[1]["field"],
            &findings[1]["line"],
            &findings[1]["column"]
        ),
        (&json!("port"), &json!(3), &json!(11))
    );
}

#[test]
fn check_tries_the_servers_of_all_components() {
    let server = Server::start_with(&["--requirepass", "s3cret"]);
    let config_server = Server::start();
    let operator = Operator::of(&config_server);
    let password = operator.file("password", "s3cret\n");
    let password = format!("password=@{}", password.to_str().unwrap());
    let port = format!("port={}", server.port());
    operator.done(&[
        "set",
        "logs",
        "host=127.0.0.1",
        &port,
        &password,
        "--create",
    ]);
    let off = operator.file("off.json", r#"{"disabled": true}"#);
    operator.done(&["set", "stats", off.to_str().unwrap(), "--create"]);
    config_server.command(&["SET", "config:redis:locks", &server.config()]);
    let (code, envelope) = operator.json(&["check"]);
    assert_eq!(code, 1);
    let rows = envelope["data"].as_array().unwrap();
    let names: Vec<_> = rows
        .iter()
        .map(|row| row["subject"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["locks", "logs", "stats"]);
    assert_eq!(rows[0]["findings"][0]["code"], "server_refused");
    let message = rows[0]["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("wants a password"), "{message}");
    config_server.command(&["RPUSH", "config:redis:odd", "x"]);
    let (_, odd) = operator.json(&["check"]);
    assert_eq!(odd["data"][3]["findings"][0]["code"], "wrong_type");
    assert_eq!(
        (&rows[1]["ok"], &rows[2]["disabled"]),
        (&json!(true), &json!(true))
    );
}

#[test]
fn a_replica_is_told_before_a_component_moves_there() {
    let primary = Server::start();
    let port = primary.port().to_string();
    let replica = Server::start_with(&["--replicaof", "127.0.0.1", &port]);
    let operator = Operator::of(&primary);
    let file = operator.file("logs.json", &replica.config());
    let run = operator.done(&["check", file.to_str().unwrap()]);
    assert!(run.stdout.contains("(replica)"), "{run:?}");
    assert!(run.stderr.contains("warning: "), "{run:?}");
}

#[test]
fn a_config_from_standard_input_replaces_the_old_one() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    operator.done(&["set", "logs", "db=2"]);
    let run = operator.feed(&["set", "logs", "-"], &format!("{}\n", server.config()));
    assert_eq!(run.code, 0, "{run:?}");
    let kept: String =
        redis::from_redis_value(server.command(&["GET", "config:redis:logs"])).unwrap();
    assert_eq!(kept, server.config());
}

#[test]
fn a_field_is_removed_and_others_stay() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    operator.done(&["set", "logs", "db=2", "x-owner=team"]);
    operator.done(&["set", "logs", "db="]);
    let config = operator.data(&["get", "logs"])["config"].take();
    let expected = json!({"host": "127.0.0.1", "port": server.port(), "x-owner": "team"});
    assert_eq!(config, expected);
}

#[test]
fn a_dry_run_sends_nothing() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let before = server.command_calls("set");
    let data = operator.data(&["set", "logs", "db=1", "--dry-run"]);
    let commands = data["commands"].as_array().unwrap();
    assert!(commands.iter().any(|command| {
        command
            .as_str()
            .unwrap()
            .starts_with("SET config:redis:logs ")
    }));
    assert_eq!(server.command_calls("set"), before);
    assert_eq!(
        operator
            .data(&["history", "logs"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_config_that_was_written_by_hand_is_kept_in_the_history() {
    let server = Server::start();
    let operator = Operator::of(&server);
    server.command(&["SET", "config:redis:logs", &server.config()]);
    operator.done(&["set", "logs", "db=1"]);
    server.command(&["SET", "config:redis:logs", r#"{"host": "10.0.0.1"}"#]);
    operator.done(&[
        "set",
        "logs",
        &operator.file("l.json", &server.config()).to_string_lossy(),
    ]);
    let history = operator.data(&["history", "logs"]);
    let history = history.as_array().unwrap();
    let reasons: Vec<_> = history.iter().map(|row| row["reason"].as_str()).collect();
    let found = Some("found here, written without a history");
    assert_eq!(reasons, [None, found, None, found]);
    for pair in history.windows(2) {
        assert_eq!(pair[0]["previous"], pair[1]["digest"]);
    }
}

#[test]
fn who_names_the_clients_of_a_server() {
    let (config_server, server) = (
        Server::start(),
        Server::start_with(&["--requirepass", "s3cret"]),
    );
    let operator = Operator::of(&config_server);
    let password = operator.file("password", "s3cret");
    let password = format!("password=@{}", password.to_str().unwrap());
    let port = format!("port={}", server.port());
    operator.done(&[
        "set",
        "logs",
        "host=127.0.0.1",
        &port,
        &password,
        "--create",
    ]);
    let mut client = server.connection();
    let name = "shop:logs:web-1-42-0a1b";
    redis::cmd("CLIENT")
        .arg("SETNAME")
        .arg(name)
        .exec(&mut client)
        .unwrap();
    let address = format!("127.0.0.1:{}", server.port());
    for subject in ["logs", &address] {
        let rows = operator.data(&["who", subject]);
        let rows = rows.as_array().unwrap();
        let row = rows.iter().find(|row| row["name"] == name).unwrap();
        assert_eq!(
            (&row["component"], &row["pid"]),
            (&json!("logs"), &json!(42))
        );
        // The one who asks is not listed.
        assert!(rows.iter().all(|row| row["name"] != "redis-components-cli"));
    }
    // The component has moved, and its history still knows the login.
    operator.done(&[
        "set",
        "logs",
        &operator
            .file("l.json", &config_server.config())
            .to_string_lossy(),
    ]);
    assert!(
        !operator
            .data(&["who", &address])
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn doctor_finds_what_is_wrong() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let checks = operator.data(&["doctor"]);
    let state = |checks: &serde_json::Value, name: &str| {
        let checks = checks.as_array().unwrap();
        let check = checks.iter().find(|check| check["check"] == name);
        check.unwrap_or_else(|| panic!("{name}: {checks:#?}"))["state"].clone()
    };
    assert_eq!(state(&checks, "rights"), "ok");
    assert_eq!(state(&checks, "component logs"), "ok");
    assert_eq!(
        state(&checks, "persistence of the config server"),
        "warning"
    );
    server.command(&["CONFIG", "SET", "maxmemory", "1gb"]);
    server.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    server.command(&["SET", "config:redis:stats", r#"{"hots": "h"}"#]);
    server.command(&["SET", "config:redis:logs", &format!("{} ", server.config())]);
    let (code, envelope) = operator.json(&["doctor"]);
    assert_eq!(code, 1);
    assert_eq!(envelope["error"]["message"], "2 problems");
    let checks = &envelope["data"];
    assert_eq!(state(checks, "memory of the config server"), "problem");
    assert_eq!(state(checks, "component stats"), "problem");
    assert_eq!(state(checks, "component logs"), "warning");
    // It tried to write, and wrote nothing.
    assert_eq!(
        operator
            .data(&["history", "logs"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_shell_completes_components() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = operator.done(&["completions", shell]).stdout;
        assert!(script.contains("redis-components"), "{shell}: {script}");
    }
    let mut command = operator.command(&["--", "redis-components", "get", ""]);
    command.env("COMPLETE", "fish");
    let output = command.output().unwrap();
    let words = String::from_utf8(output.stdout).unwrap();
    assert!(words.lines().any(|line| line == "logs"), "{words}");
    // The line counts before the environment; bash hands on an address in parts.
    let other = Server::start();
    Operator::of(&other).done(&[
        "set",
        "stats",
        operator.file("s.json", &other.config()).to_str().unwrap(),
        "--create",
    ]);
    let port = other.port().to_string();
    let words = [
        "--",
        "redis-components",
        "--config-server",
        "redis",
        ":",
        "//127.0.0.1",
        ":",
    ];
    let mut command = operator.command(&[&words[..], &[&port, "get", ""]].concat());
    command
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", "8");
    let output = command.output().unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    assert!(
        found.contains("stats") && !found.contains("logs"),
        "{found}"
    );
    // Nobody is asked for a password.
    let asked = operator.file("asked", "");
    std::fs::remove_file(&asked).unwrap();
    let profile = format!(
        "[profiles.asks]\nurl = \"redis://127.0.0.1:{port}\"\npassword = {{ command = [\"touch\", \"{}\"] }}\n",
        asked.display()
    );
    let folder = asked.parent().unwrap().join("redis-components");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), profile).unwrap();
    let words = ["--", "redis-components", "--profile", "asks", "get", ""];
    let mut command = operator.command(&words);
    command.env("COMPLETE", "fish");
    assert!(command.output().unwrap().status.success());
    assert!(!asked.exists());
    operator.run(&["--profile", "asks", "list"]);
    assert!(asked.exists(), "it is asked otherwise");
}

#[test]
fn what_is_written_wrong_is_told_with_what_is_right() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    for (words, told) in [
        (&["set", "logs", "=x"][..], "KEY=VALUE such as port=6380"),
        (&["set", "logs", ""], "KEY=VALUE such as port=6380"),
        (
            &["wait", "logs", "--timeout", "abc"],
            "such as 500ms, 30s or 2m",
        ),
        (
            &["who", "redis://:s3cret@h:1"],
            "HOST:PORT, such as 10.0.0.8:6379",
        ),
        (
            &["who", "{\"host\":\"s3cret\",\"port\":1}:1"],
            "HOST:PORT, such as",
        ),
    ] {
        let run = operator.run(words);
        assert_eq!(run.code, 2, "{words:?}: {run:#?}");
        assert!(run.stderr.contains(told), "{words:?}: {run:#?}");
        assert!(!run.stderr.contains("s3cret"), "{words:?}: {run:#?}");
    }
    let run = operator.done(&["fleet"]);
    assert!(run.stderr.contains("no process reports"), "{run:#?}");
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let good = operator.file("good.json", &server.config());
    let good = good.to_str().unwrap();
    let (code, envelope) = operator.json(&["check", "nowhere.json", good]);
    let [checked, unreadable] = [0, 1].map(|number| &envelope["data"][number]);
    assert_eq!(code, 1, "{envelope:#}");
    assert_eq!(
        (&checked["subject"], &checked["ok"]),
        (&json!(good), &json!(true))
    );
    assert_eq!(unreadable["findings"][0]["code"], "unreadable");
    let message = unreadable["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("nowhere.json: No such file"), "{message}");
}
