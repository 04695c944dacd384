//! `fleet`, and the fleet in `list`.

use redis_components_testing::Server;
use serde_json::{Value, json};

use crate::common::Operator;
use crate::receipts::{Process, watching};

/// Returns the digest of the config of `logs`.
fn digest(operator: &Operator) -> String {
    operator.data(&["get", "logs"])["digest"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn r14_each_process_says_what_it_runs() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let (old, _) = (digest(&operator), operator.done(&["set", "logs", "db=1"]));
    let new = digest(&operator);
    let follows = Process::new("shop", 1);
    follows.report(&server, "logs", &format!("{new} {new} ok 2 1764170000 0 -"));
    let refuses = Process::new("shop", 2);
    let words = format!("{old} {new} refused 1 1764170000 3 server_refused wrong password");
    refuses.report(&server, "logs", &words);
    refuses.report(&server, "stats", "- - trying 0 0 0 config_missing");

    let fleet = operator.data(&["fleet"]);
    assert_eq!(fleet["silent"], json!([]));
    let row = json!({
        "component": "logs", "application": "shop", "instance": "web-1-0a1b", "host": "web",
        "pid": 1, "applied": new, "seen": new, "state": "ok", "reason": null, "generation": 2,
        "old_connections": 0, "at": "2025-11-26T15:13:20Z",
    });
    assert_eq!(fleet["rows"][0], row);
    let row = &fleet["rows"][1];
    assert_eq!((&row["applied"], &row["seen"]), (&json!(old), &json!(new)));
    assert_eq!(row["reason"], "server_refused wrong password");
    assert_eq!(
        (&row["state"], &row["old_connections"]),
        (&json!("refused"), &json!(3))
    );
    assert_eq!(fleet["rows"][2]["component"], "stats");
    assert_eq!(
        operator.data(&["fleet", "stats"])["rows"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let list = operator.data(&["list"]);
    let counts = json!({"following": 1, "expected": 2, "silent": 0, "problems": 1});
    assert_eq!(list[0]["fleet"], counts);
    let table = operator.done(&["fleet", "logs"]).stdout;
    assert!(
        table.contains("refused  3    2025-11-26T15:13:20Z  server_refused wrong"),
        "{table}"
    );
    let table = operator.done(&["list"]).stdout;
    assert!(table.contains("  1/2, 1 problem"), "{table}");
}

#[test]
fn r14_a_process_that_watches_and_does_not_report_is_silent() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let new = digest(&operator);
    let reports = Process::new("shop", 1);
    reports.report(&server, "logs", &format!("{new} {new} ok 1 1764170000 0 -"));
    let frozen = Process::new("shop", 2);
    let _connections = [
        reports.watch(&server),
        frozen.watch(&server),
        watching(&server, None),
    ];
    let fleet = operator.data(&["fleet"]);
    let names: Vec<&Value> = fleet["silent"]
        .as_array()
        .unwrap()
        .iter()
        .map(|silent| &silent["name"])
        .collect();
    assert_eq!(names.len(), 2, "{fleet:#}");
    assert!(
        names.contains(&&json!("shop:@config:web-2-0a1b")),
        "{fleet:#}"
    );
    assert!(names.contains(&&Value::Null), "{fleet:#}");
    assert_eq!(operator.data(&["list"])[0]["fleet"]["silent"], 2);
    let table = operator.done(&["fleet"]).stdout;
    assert!(
        table.contains("2 processes on the config server without a receipt"),
        "{table}"
    );
}

#[test]
fn r14_what_is_no_receipt_of_this_fleet_is_left_out() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let elsewhere = Process::new("shop", 1);
    elsewhere.report_under(&server, "config:other:", "a a ok 1 1764170000 0 -");
    // It has ended, and its member is still there.
    server.command(&["ZADD", "redis-components:fleet", "1", "shop:web-2-0a1b"]);
    // A key of another type, and texts that say nothing.
    server.command(&["ZADD", "redis-components:fleet", "1", "shop:text"]);
    server.command(&["SET", "redis-components:receipt:shop:text", "x"]);
    let hostile = Process::new("shop", 4);
    hostile.report(&server, "logs", "\u{1b}[2J");
    server.command(&[
        "HSET",
        &Process::new("shop", 5).key(),
        "@",
        "{}",
        "logs",
        "a a ok 1 1 0 -",
    ]);
    server.command(&[
        "ZADD",
        "redis-components:fleet",
        "1",
        &Process::new("shop", 5).member(),
    ]);
    assert_eq!(operator.data(&["fleet"])["rows"], json!([]));
    // A receipt under the name of another process.
    server.command(&["DEL", &hostile.key()]);
    server.command(&["RENAME", &elsewhere.key(), &hostile.key()]);
    assert_eq!(
        operator.data(&["--key-prefix", "config:other:", "fleet"])["rows"],
        json!([])
    );
}

#[test]
fn r14_without_the_rights_the_fleet_is_unknown() {
    let server = Server::start();
    Operator::of(&server).make_logs(&server);
    let user = [
        "ACL",
        "SETUSER",
        "reader",
        "on",
        "nopass",
        "~*",
        "+@all",
        "-client|list",
    ];
    server.command(&user);
    let operator = Operator::at(&format!("redis://reader@127.0.0.1:{}", server.port()));
    assert_eq!(operator.data(&["fleet"])["silent"], Value::Null);
    assert_eq!(operator.data(&["list"])[0]["fleet"], Value::Null);
    let run = operator.done(&["fleet"]);
    assert!(
        run.stderr
            .contains("warning: silent processes are not seen"),
        "{run:?}"
    );
    server.command(&["ACL", "SETUSER", "reader", "-zrange"]);
    let (code, envelope) = operator.json(&["fleet"]);
    assert_eq!((code, &envelope["error"]["code"]), (5, &json!("no_rights")));
}

#[test]
fn a_component_that_nobody_knows_has_no_fleet() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let (code, envelope) = operator.json(&["fleet", "lgos"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (1, &json!("unknown_component"))
    );
    server.command(&["SET", "redis-components:fleet", "x"]);
    let (code, envelope) = operator.json(&["fleet"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (1, &json!("wrong_type"))
    );
}

#[test]
fn r14_doctor_finds_processes_in_trouble() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let check = |name: &str| -> Option<Value> {
        let (_, envelope) = operator.json(&["doctor"]);
        let checks = envelope["data"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["check"] == name)
    };
    let receipts = check("receipts").unwrap();
    assert_eq!(
        (&receipts["state"], &receipts["found"]),
        (&json!("ok"), &json!("of 0 processes"))
    );
    assert_eq!(check("silent processes").unwrap()["state"], "ok");
    let new = digest(&operator);
    let refuses = Process::new("shop", 1);
    refuses.report(
        &server,
        "logs",
        &format!("a {new} refused 1 1764170000 0 policy no such host"),
    );
    let silent = Process::new("shop", 2);
    let _connection = silent.watch(&server);
    operator.done(&["canary", "logs", "socket_timeout=2", "--percent", "25"]);
    let trouble = check("processes with logs").unwrap();
    assert_eq!(trouble["state"], "problem");
    assert_eq!(
        trouble["found"],
        "shop:web-1-0a1b (refused: policy no such host)"
    );
    let silent = check("silent processes").unwrap();
    assert_eq!(silent["state"], "warning");
    assert!(
        silent["found"]
            .as_str()
            .unwrap()
            .contains("shop:@config:web-2-0a1b"),
        "{silent:#}"
    );
    assert!(
        silent["advice"].as_str().unwrap().contains("+zadd"),
        "{silent:#}"
    );
    assert_eq!(
        check("canary of logs").unwrap()["found"],
        "25 % of the processes"
    );
    server.command(&["SET", "config:redis:@fleet", "{"]);
    assert_eq!(check("control key").unwrap()["state"], "problem");
}

#[test]
fn r14_who_is_left_on_a_server_is_told_with_its_reason() {
    let (config_server, server) = (Server::start(), Server::start());
    let operator = Operator::of(&config_server);
    operator.make_logs(&server);
    let (old, _) = (digest(&operator), operator.done(&["set", "logs", "db=1"]));
    let new = digest(&operator);
    let words = format!("{old} {new} refused 1 1764170000 3 server_refused wrong password");
    Process::new("shop", 2).report(&config_server, "logs", &words);
    // The same instance of another fleet is another process.
    Process::new("shop", 3).report_under(&config_server, "other:", "- - ok 1 0 0 -");
    let names = [
        "shop:logs:web-2-0a1b",
        "shop:logs:web-3-0a1b",
        "shop:logs:db-7-9-0a1b",
        "psql",
    ];
    let _connections = names.map(|name| {
        let mut connection = server.connection();
        let mut named = redis::cmd("CLIENT");
        named
            .arg("SETNAME")
            .arg(name)
            .exec(&mut connection)
            .unwrap();
        connection
    });
    let rows = operator.data(&["who", "logs"]);
    let told = names.map(|name| {
        let mut rows = rows.as_array().unwrap().iter();
        let row = rows.find(|row| row["name"] == name).unwrap();
        json!([
            row["host"],
            row["pid"],
            row["told_by"],
            row["state"],
            row["reason"]
        ])
    });
    assert_eq!(
        told,
        [
            json!(["web", 2, "name", "refused", "server_refused wrong password"]),
            json!(["web", 3, "name", null, null]),
            json!(["db-7", 9, "name", null, null]),
            json!([null, null, null, null, null]),
        ]
    );
    // Without the right to see receipts, names still tell.
    let user = "ACL SETUSER few reset on >p ~config:redis:* +ping +getrange +exists +scan";
    config_server.command(&user.split(' ').collect::<Vec<_>>());
    let few = Operator::at(&format!("redis://few:p@127.0.0.1:{}", config_server.port()));
    let run = few.done(&["who", "logs"]);
    assert!(run.stdout.contains("db-7"), "{run:?}");
    assert!(run.stderr.contains("processes are not told"), "{run:?}");
}
