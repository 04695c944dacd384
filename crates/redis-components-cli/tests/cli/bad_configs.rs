//! Configs and histories that a command cannot go on with: each with its exit code, what happened and
//! what to do.

use redis_components_testing::Server;
use serde_json::json;

use crate::common::Operator;
use crate::exit_codes::fails;

#[test]
fn invalid_json_with_a_caret() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let file = operator.file("logs.json", "{\"host\": \"h\",\n \"port\" 1}");
    let file = file.to_str().unwrap();
    fails(
        &operator,
        &["set", "logs", file],
        1,
        "config_invalid",
        &["line 2 column 9"],
    );
    let run = operator.run(&["set", "logs", file]);
    assert!(
        run.stderr.contains("logs.json:2:9") && run.stderr.contains('^'),
        "{}",
        run.stderr
    );
    fails(
        &operator,
        &["set", "logs", "prot=1"],
        1,
        "config_invalid",
        &["did you mean `port`?"],
    );
    let large = operator.file("large.json", &" ".repeat(70_000));
    fails(
        &operator,
        &["set", "logs", large.to_str().unwrap()],
        1,
        "config_invalid",
        &["65536"],
    );
    fails(
        &operator,
        &["set", "logs", "nowhere.json"],
        1,
        "unreadable",
        &["nowhere.json"],
    );
    server.command(&["SET", "config:redis:logs", "\u{7f}{]"]);
    fails(
        &operator,
        &["get", "logs"],
        1,
        "config_invalid",
        &["is not valid"],
    );
    fails(
        &operator,
        &["set", "logs", "db=1"],
        1,
        "config_invalid",
        &["replace it by a file"],
    );
}

#[test]
fn a_digest_that_has_changed() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let first = operator.data(&["get", "logs"])["digest"].take();
    let first = first.as_str().unwrap();
    operator.done(&["set", "logs", "db=1", "--if-digest", first]);
    fails(
        &operator,
        &["set", "logs", "db=2", "--if-digest", first],
        3,
        "digest_differs",
        &["get logs"],
    );
    fails(
        &operator,
        &["set", "logs", "db=2", "--if-digest", "absent"],
        3,
        "digest_differs",
        &[],
    );
    assert_eq!(operator.data(&["get", "logs"])["config"]["db"], 1);
}

#[test]
fn a_server_that_cannot_be_used_is_not_written() {
    let (server, gone) = (Server::start(), Server::start());
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    gone.stop();
    let port = format!("port={}", gone.port());
    fails(
        &operator,
        &["set", "logs", &port],
        3,
        "probe_failed",
        &["nothing was written", "--no-probe"],
    );
    fails(
        &operator,
        &["set", "logs", &port, "--no-probe"],
        2,
        "no_terminal",
        &["--yes"],
    );
    assert_eq!(
        operator.data(&["get", "logs"])["config"]["port"],
        server.port()
    );
    operator.done(&["set", "logs", &port, "--no-probe", "--yes"]);
}

#[test]
fn keys_of_another_type() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    server.command(&["RPUSH", "config:redis:stats", "x"]);
    fails(
        &operator,
        &["get", "stats"],
        1,
        "wrong_type",
        &["`config:redis:stats`", "TYPE"],
    );
    fails(
        &operator,
        &["set", "stats", "db=1"],
        1,
        "wrong_type",
        &["not a string"],
    );
    assert!(
        operator.data(&["list"])[1]["problem"]
            .as_str()
            .unwrap()
            .contains("not a string")
    );
    // Entries that others have written.
    let history = "redis-components:history:logs";
    server.command(&["XADD", history, "2-0", "other", "field"]);
    let mut add = redis::cmd("XADD");
    add.arg(history)
        .arg("3-0")
        .arg("config")
        .arg(&[b'{', 0xff][..]);
    let client = redis::Client::open(server.url()).unwrap();
    add.exec(&mut client.get_connection().unwrap()).unwrap();
    let rows = operator.data(&["history", "logs"]);
    let problems = [0, 1, 2].map(|row: usize| rows[row]["problem"].as_str());
    let wanted = [
        Some("its config is not UTF-8"),
        Some("it has no `config`"),
        None,
    ];
    assert_eq!(problems, wanted, "{rows:#}");
    for words in [
        &["rollback", "logs", "2", "--yes"][..],
        &["diff", "logs", "logs@2"],
    ] {
        let parts = [history, "entry 2", "it has no `config`", "XDEL"];
        fails(&operator, words, 1, "config_invalid", &parts);
    }
    server.command(&["XDEL", history, "3-0"]);
    fails(
        &operator,
        &["rollback", "logs", "--yes"],
        6,
        "must_decide",
        &["changed behind its history"],
    );
    server.command(&["DEL", history]);
    server.command(&["SET", "redis-components:history:logs", "x"]);
    fails(
        &operator,
        &["history", "logs"],
        1,
        "wrong_type",
        &["redis-components:history:logs"],
    );
    fails(
        &operator,
        &["set", "logs", "db=1"],
        1,
        "wrong_type",
        &["redis-components:history:logs"],
    );
    assert_eq!(operator.data(&["get", "logs"])["config"].get("db"), None);
}

#[test]
fn a_history_that_is_gone() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    fails(
        &operator,
        &["rollback", "logs", "--yes"],
        1,
        "history_missing",
        &["nothing to go back to"],
    );
    fails(
        &operator,
        &["rollback", "logs", "7", "--yes"],
        1,
        "history_missing",
        &["no entry 7"],
    );
    fails(
        &operator,
        &["diff", "logs", "logs@7"],
        1,
        "history_missing",
        &["no entry 7"],
    );
    server.command(&["DEL", "redis-components:history:logs"]);
    fails(
        &operator,
        &["history", "logs"],
        1,
        "history_missing",
        &["no history"],
    );
    operator.done(&["set", "logs", "db=1"]);
    assert_eq!(
        operator
            .data(&["history", "logs"])
            .as_array()
            .unwrap()
            .len(),
        2
    );
    // Entries that were trimmed do not come again.
    server.command(&["XTRIM", "redis-components:history:logs", "MAXLEN", "0"]);
    operator.done(&["set", "logs", "db=2"]);
    assert_eq!(operator.data(&["history", "logs"])[0]["n"], 4);
}

#[test]
fn a_config_that_was_changed_behind_its_history_is_for_a_person() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    operator.done(&["set", "logs", "db=1"]);
    let by_hand = format!("{}\n", server.config());
    server.command(&["SET", "config:redis:logs", &by_hand]);
    fails(
        &operator,
        &["rollback", "logs", "--yes"],
        6,
        "must_decide",
        &["rollback logs N"],
    );
    operator.done(&["rollback", "logs", "2", "--yes"]);
}

#[test]
fn r8_what_others_have_written_steers_no_terminal() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let (steers, name) = ("\u{9b}31m\u{202e}x", "x-\u{9b}n");
    let config = json!({"host": "127.0.0.1", "port": server.port(), "comment": steers, name: 1});
    server.command(&["SET", "config:redis:logs", &config.to_string()]);
    for words in [
        &["get", "logs"][..],
        &["get", "logs", "-o", "json"],
        &["check", "--component", "logs"],
        &["diff", "logs@1", "logs"],
        &["set", "logs", "db=1", "--dry-run"],
        &["set", "logs", "prot=1"],
    ] {
        let run = operator.run(words);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(
            !shown.contains(['\u{9b}', '\u{202e}']),
            "{words:?}: {shown:?}"
        );
    }
    let data = operator.data(&["get", "logs"]);
    assert_eq!(data["config"]["comment"], steers);
    let manifest = "[components.\"f\\u001b[31mo\"]\nfunctions = []\n";
    let file = operator.file("odd.toml", manifest);
    let run = operator.run(&["list", "--manifest", file.to_str().unwrap()]);
    assert!(
        run.code == 1 && run.stderr.contains("is no name of a component"),
        "{run:?}"
    );
    assert!(!run.stderr.contains('\u{1b}'), "{run:?}");
}
