//! `wait`.

use std::time::{Duration, Instant};

use redis_components_testing::{Proxy, Server};
use serde_json::{Value, json};

use crate::common::{BOUND, Operator};
use crate::receipts::{Process, watching};
use crate::waiting::{OLD, Waiting, behind, follows, make_logs};

#[test]
fn r14_wait_ends_when_the_last_process_follows() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let fleet: Vec<_> = (1..=12).map(|pid| Process::new("shop", pid)).collect();
    for process in &fleet {
        process.report(&server, "logs", &behind(&new));
    }
    Process::new("other", 99).report(&server, "stats", &behind(&new));
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    let begin = waiting.next("begin");
    assert_eq!(
        (&begin["following"], &begin["expected"]),
        (&json!(0), &json!(12))
    );
    for process in &fleet[1..] {
        process.report(&server, "logs", &follows(&new));
    }
    while waiting.next("progress")["following"] != 11 {}
    fleet[0].report(&server, "logs", &follows(&new));
    assert_eq!(waiting.next("done")["following"], 12);
    let (code, envelope) = waiting.end();
    assert_eq!(code, 0);
    assert_eq!(envelope["data"]["digest"], new);
    assert_eq!(envelope["data"]["behind"], json!([]));
    let run = operator.done(&["wait", "logs"]);
    assert_eq!(
        run.stdout,
        "12 of 12 processes run it, 0 connections left on the old server\n"
    );
}

#[test]
fn r14_wait_ends_at_once_when_a_process_refuses() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    process.report(&server, "logs", &behind(&new));
    // It refuses another config, which it read before.
    let earlier = Process::new("shop", 2);
    earlier.report(
        &server,
        "logs",
        "a b refused 1 1764170000 0 server_refused old",
    );
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    waiting.next("begin");
    let refuses = format!("{OLD} {new} refused 1 1764170000 0 policy the host is not allowed");
    process.report(&server, "logs", &refuses);
    assert_eq!(waiting.next("failed")["refused"], 1);
    let (code, envelope) = waiting.end();
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("process_refused"))
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    let wanted = "1 process refused the config of `logs`: shop:web-1-0a1b (policy the host is not";
    assert!(message.starts_with(wanted), "{message}");
    assert_eq!(envelope["data"]["refused"][0]["pid"], 1);
}

#[test]
fn r14_a_config_that_a_process_cannot_read_counts_as_the_newest_after_a_while() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    let unread = format!("{OLD} - refused 1 1764170000 0 config_invalid unknown field");
    process.report(&server, "logs", &unread);
    // It was an earlier config: the process has not read the new one yet.
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    assert_eq!(waiting.next("begin")["refused"], 1);
    process.report(&server, "logs", &follows(&new));
    assert_eq!(waiting.end().0, 0);
    process.report(&server, "logs", &unread);
    let (code, envelope) = operator.json(&["wait", "logs", "--timeout", "5m"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("process_refused"))
    );
}

#[test]
fn r14_who_is_missing_is_named_when_time_is_over() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    Process::new("shop", 1).report(&server, "logs", &follows(&new));
    let unreachable =
        format!("{OLD} {new} unreachable 1 1764170000 0 server_unreachable no answer");
    Process::new("shop", 2).report(&server, "logs", &unreachable);
    let silent = Process::new("shop", 3);
    let _connections = [
        Process::new("shop", 1).watch(&server),
        Process::new("shop", 2).watch(&server),
        silent.watch(&server),
        watching(&server, None),
    ];
    let words = ["wait", "logs", "--timeout", "300ms"];
    let (code, envelope) = operator.json(&words);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (4, &json!("not_followed"))
    );
    assert_eq!(envelope["error"]["retryable"], true);
    let message = envelope["error"]["message"].as_str().unwrap();
    for part in [
        "1 process without it: shop:web-2-0a1b (unreachable: server_unreachable no answer)",
        "2 processes without a receipt: ",
        "shop:@config:web-3-0a1b (127.0.0.1:",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(envelope["data"]["behind"][0]["pid"], 2);
    assert_eq!(envelope["data"]["silent"].as_array().unwrap().len(), 2);
    // With the others right, those that say nothing may be left out on purpose.
    Process::new("shop", 2).report(&server, "logs", &follows(&new));
    let (code, envelope) = operator.json(&words);
    assert_eq!((code, &envelope["data"]["behind"]), (4, &json!([])));
    let run = operator.done(&[&words[..], &["--ignore-silent"]].concat());
    assert!(
        run.stdout
            .starts_with("2 of 2 processes run it, 2 silent, 0 conn"),
        "{run:?}"
    );
}

#[test]
fn r14_a_fleet_is_looked_at_once_however_short_the_time() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    Process::new("shop", 1).report(&server, "logs", &behind(&new));
    let words = ["wait", "logs", "--timeout", "1ms"];
    let (code, envelope) = operator.json(&words);
    assert_eq!((code, &envelope["data"]["expected"]), (4, &json!(1)));
    assert_eq!(envelope["data"]["behind"][0]["pid"], 1);
    Process::new("shop", 1).report(&server, "logs", &follows(&new));
    let data = operator.data(&words);
    assert_eq!(
        (&data["following"], &data["expected"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn r14_a_process_that_begins_to_report_is_no_longer_silent() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    let _connection = process.watch(&server);
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    assert_eq!(waiting.next("begin")["silent"], 1);
    process.report(&server, "logs", &follows(&new));
    assert_eq!(waiting.end().0, 0);
}

#[test]
fn r14_wait_shows_the_connections_that_are_left() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    let drains = format!("{new} {new} ok 2 1764170000 3 -");
    process.report(&server, "logs", &drains);
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    assert_eq!(waiting.next("begin")["old_connections"], 3);
    process.report(&server, "logs", &follows(&new));
    assert_eq!(waiting.end().1["data"]["old_connections"], 0);
    // All follow, so the time is over only for the connections.
    process.report(&server, "logs", &drains);
    let run = operator.done(&["wait", "logs", "--timeout", "200ms"]);
    assert!(
        run.stdout
            .ends_with("3 connections left on the old server\n"),
        "{run:?}"
    );
}

#[test]
fn r14_a_process_that_ends_is_not_waited_for() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    process.report(&server, "logs", &behind(&new));
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    assert_eq!(waiting.next("begin")["expected"], 1);
    server.command(&["DEL", &process.key()]);
    let (code, envelope) = waiting.end();
    assert_eq!((code, &envelope["data"]["expected"]), (0, &json!(0)));
    let run = operator.done(&["wait", "logs"]);
    assert_eq!(run.stdout, "no process reports that it uses `logs`\n");
}

#[test]
fn r14_wait_is_for_one_config() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let (code, envelope) = operator.json(&["wait", "logs", "--digest", OLD]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("digest_differs"))
    );
    Process::new("shop", 1).report(&server, "logs", &behind(&new));
    let words = ["wait", "logs", "--digest", &new, "--timeout", "5m"];
    let mut waiting = Waiting::start(&operator, &words);
    waiting.next("begin");
    operator.done(&["set", "logs", "db=1"]);
    let (code, envelope) = waiting.end();
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("digest_differs"))
    );
    server.command(&["SET", "config:redis:logs", "{"]);
    assert_eq!(operator.json(&["wait", "logs"]).0, 1);
    assert_eq!(operator.json(&["wait", "lgos"]).0, 1);
}

#[test]
fn r14_wait_goes_on_after_the_loss_of_the_config_server() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    process.report(&server, "logs", &behind(&new));
    let proxy = Proxy::to(&server);
    let behind_proxy = Operator::at(&proxy.url());
    let mut waiting = Waiting::start(&behind_proxy, &["wait", "logs", "--timeout", "5m"]);
    waiting.next("begin");
    proxy.refuse();
    proxy.cut();
    process.report(&server, "logs", &follows(&new));
    proxy.pass();
    assert_eq!(waiting.end().0, 0);
    // A config server that says nothing is no reason to wait longer.
    process.report(&server, "logs", &behind(&new));
    let mut waiting = Waiting::start(&behind_proxy, &["wait", "logs", "--timeout", "1s"]);
    waiting.next("begin");
    let began = Instant::now();
    server.freeze();
    let (code, envelope) = waiting.end();
    let took = began.elapsed();
    server.thaw();
    assert_eq!(
        (code, &envelope["data"]["behind"][0]["pid"]),
        (4, &json!(1))
    );
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[test]
fn r14_without_pushes_receipts_are_looked_for() {
    let server = Server::start();
    let new = make_logs(&Operator::of(&server), &server);
    let user = [
        "ACL",
        "SETUSER",
        "u",
        "on",
        "nopass",
        "~*",
        "+@all",
        "-client|tracking",
    ];
    server.command(&user);
    let operator = Operator::at(&format!("redis://u@127.0.0.1:{}", server.port()));
    let process = Process::new("shop", 1);
    process.report(&server, "logs", &behind(&new));
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    waiting.next("begin");
    process.report(&server, "logs", &follows(&new));
    assert_eq!(waiting.end().0, 0);
    // Who is silent is not known without the list of clients.
    server.command(&["ACL", "SETUSER", "u", "-client|list"]);
    assert_eq!(
        operator.json(&["wait", "logs"]).1["error"]["code"],
        "no_rights"
    );
    let data = operator.data(&["wait", "logs", "--ignore-silent"]);
    assert_eq!(
        (&data["following"], &data["silent"]),
        (&json!(1), &Value::Null)
    );
}

/// Writes receipts of many processes, a hundred at a time.
fn report_all(server: &Server, fleet: &[Process], words: &str) {
    let mut connection = server.connection();
    for some in fleet.chunks(100) {
        let mut pipe = redis::pipe();
        for command in some
            .iter()
            .flat_map(|process| process.commands("logs", words))
        {
            let (name, rest) = command.split_first().unwrap();
            pipe.cmd(name).arg(rest);
        }
        let () = pipe.query(&mut connection).unwrap();
    }
}

#[test]
fn r14_wait_hears_of_the_last_of_a_thousand_processes() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let mut fleet: Vec<_> = (1..=1000).map(|pid| Process::new("shop", pid)).collect();
    for _ in 0..5 {
        report_all(&server, &fleet, &behind(&new));
        let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
        assert_eq!(waiting.next("begin")["expected"], 1000);
        fastrand::shuffle(&mut fleet);
        report_all(&server, &fleet, &follows(&new));
        let last = Instant::now();
        // To check each line against the schema takes longer than the fleet.
        let is_done = |line: &str| line.contains("\"state\":\"done\"");
        let done = waiting
            .lines
            .find(|line| line.as_ref().is_ok_and(|line| is_done(line)));
        let took = last.elapsed();
        assert!(done.unwrap().unwrap().contains("\"following\":1000"));
        assert_eq!(waiting.end().0, 0);
        assert!(took < BOUND, "{took:?}");
        eprintln!("heard {took:?} after the last receipt");
    }
}

#[test]
fn r14_a_receipt_that_cannot_be_read_is_named_and_follows_nothing() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    Process::new("shop", 1).report(&server, "logs", &follows(&new));
    let odd = [
        ("too short", "a b ok"),
        ("no number", "a b ok x 1764170000 0 -"),
    ];
    for (pid, (_, words)) in (2..).zip(odd) {
        Process::new("shop", pid).report(&server, "logs", words);
    }
    // It is of another type, and this one names no process.
    let broken = [Process::new("shop", 4), Process::new("shop", 5)];
    server.command(&["SET", &broken[0].key(), "x"]);
    server.command(&["HSET", &broken[1].key(), "@", "{", "logs", &follows(&new)]);
    for process in &broken {
        let index = "redis-components:fleet";
        server.command(&["ZADD", index, "1764170000", &process.member()]);
    }
    // It does not use the component, and the other is of another fleet.
    Process::new("shop", 6).report(&server, "stats", "a");
    Process::new("shop", 7).report_under(&server, "other:", "a");
    let words = ["wait", "logs", "--timeout", "300ms"];
    let (code, envelope) = operator.json(&words);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (4, &json!("not_followed"))
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    for part in [
        "4 processes with a receipt that cannot be read: ",
        "shop:web-2-0a1b (this is no receipt: `logs`: it has no generation)",
        "shop:web-4-0a1b (its key is of another type)",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let data = &envelope["data"];
    let figures = [&data["following"], &data["expected"]];
    assert_eq!(figures, [&json!(1), &json!(1)]);
    let named: Vec<_> = data["unreadable"].as_array().unwrap().iter().collect();
    let named: Vec<_> = named.iter().map(|one| &one["process"]).collect();
    let wanted = (2..=5).map(|pid| json!(Process::new("shop", pid).member()));
    assert!(wanted.eq(named.into_iter().cloned()), "{data:#}");
    // They may be left out on purpose, as those that say nothing.
    let run = operator.done(&[&words[..], &["--ignore-silent"]].concat());
    let told = "1 of 1 processes run it, 4 with a receipt that cannot be read, 0 conn";
    assert!(run.stdout.starts_with(told), "{run:?}");
}

#[test]
fn r14_a_process_counts_again_when_its_receipt_can_be_read() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let new = make_logs(&operator, &server);
    let process = Process::new("shop", 1);
    let _connection = process.watch(&server);
    process.report(&server, "logs", "a");
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    let begin = waiting.next("begin");
    // It is not silent as well.
    assert_eq!(
        [&begin["unreadable"], &begin["silent"], &begin["expected"]],
        [&json!(1), &json!(0), &json!(0)]
    );
    process.report(&server, "logs", &follows(&new));
    let (code, envelope) = waiting.end();
    assert_eq!((code, &envelope["data"]["following"]), (0, &json!(1)));
}

#[test]
fn r14_all_that_show_a_fleet_name_receipts_that_cannot_be_read() {
    let server = Server::start();
    let operator = Operator::of(&server);
    make_logs(&operator, &server);
    Process::new("shop", 1).report(&server, "logs", "a");
    let fleet = operator.data(&["fleet"]);
    let process = json!("shop:web-1-0a1b");
    assert_eq!(fleet["unreadable"][0]["process"], process);
    let run = operator.done(&["fleet"]);
    assert!(run.stdout.contains("shop:web-1-0a1b (this is"), "{run:?}");
    assert!(!run.stderr.contains("no process reports"), "{run:?}");
    assert_eq!(operator.data(&["list"])[0]["fleet"]["silent"], 1);
    let checks = operator.run(&["doctor", "-o", "json"]).envelope();
    let checks = checks["data"].as_array().unwrap();
    let is_told = |check: &&Value| check["check"] == "unreadable receipts";
    let check = checks.iter().find(is_told).unwrap();
    assert_eq!(check["state"], "warning");
    // All processes are let try a config first.
    let words = ["set", "logs", "db=1", "--prepare", "--timeout", "300ms"];
    let (code, envelope) = operator.json(&words);
    assert_eq!((code, &envelope["error"]["code"]), (4, &json!("not_ready")));
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains("shop:web-1-0a1b"), "{message}");
}
