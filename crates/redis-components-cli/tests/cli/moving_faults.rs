//! R15: a move that is interrupted, or cannot go on.

use std::io::{Write as _, pipe};
use std::thread;
use std::time::Duration;

use redis_components_testing::Server;
use serde_json::{Value, json};

use crate::common::{Operator, wait_until};
use crate::load::{Load, World, role};
use crate::moving_addresses::announce;

#[test]
fn r15_a_move_that_was_killed_goes_on_or_is_given_up() {
    for until in [None, Some("synced"), Some("prepared")] {
        for then in ["--resume", "--abort"] {
            let world = World::start();
            let load = Load::start(&world.config);
            load.goes_on();
            let to = world.address(1);
            let mut words = vec!["move", "logs", "--to", &to, "--yes"];
            if let Some(until) = until {
                words.extend(["--until", until]);
                world.operator.done(&words);
            } else {
                let mut command = world.operator.command(&words);
                command.stdout(std::process::Stdio::null());
                command.stderr(std::process::Stdio::null());
                let mut child = command.spawn().unwrap();
                thread::sleep(Duration::from_millis(fastrand::u64(..120)));
                child.kill().unwrap();
                child.wait().unwrap();
            }
            let (code, envelope) = world.operator.json(&["move", "logs", then, "--yes"]);
            let text = format!("{until:?} {then}: {envelope:#}");
            match (then, code) {
                ("--resume", 0) => world.is_on(1),
                ("--abort", 0) => world.is_on(0),
                // It was killed before it began, after the cut, or when all was over.
                (_, 1) => assert_eq!(envelope["error"]["code"], "no_move", "{text}"),
                ("--abort", 3) => {
                    world.operator.done(&["move", "logs", "--resume", "--yes"]);
                    world.is_on(1);
                }
                _ => panic!("{text}"),
            }
            load.goes_on();
            let primary = usize::from(world.port() == u64::from(world.servers[1].port()));
            assert_eq!(role(&world.servers[primary]), "master", "{text}");
            load.end(&world.servers[primary]);
        }
    }
}

/// A server refuses writes for a moment, and must not wait for somebody who reads.
#[test]
fn r15_a_move_does_not_wait_for_who_reads_what_it_tells() {
    for format in ["table", "ndjson"] {
        let world = World::start();
        let to = world.address(1);
        let mut command = world
            .operator
            .command(&["move", "logs", "--to", &to, "--yes", "-o", format]);
        let (reader, mut pipe) = pipe().unwrap();
        // All that a pipe holds.
        pipe.write_all(&[b'.'; 1 << 16]).unwrap();
        command.stdout(pipe.try_clone().unwrap()).stderr(pipe);
        let mut child = command.spawn().unwrap();
        drop(command);
        wait_until("the config names the new server", || {
            world.port() == u64::from(world.servers[1].port())
        });
        wait_until("the move is settled", || world.state() == "committed");
        assert_eq!(role(&world.servers[1]), "master");
        assert!(
            child.try_wait().unwrap().is_none(),
            "it has something to say"
        );
        drop(reader);
        // What came of it could not be written.
        assert_eq!(child.wait().unwrap().code(), Some(4));
    }
}

#[test]
fn r15_of_two_moves_at_once_one_wins() {
    let world = World::start();
    let third = Server::start();
    let ports = [world.address(1), format!("127.0.0.1:{}", third.port())];
    let runs: Vec<_> = ports
        .iter()
        .map(|to| {
            let words = ["move", "logs", "--to", to, "--yes", "-o", "json"];
            let mut command = world.operator.command(&words);
            command
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    let mut codes = Vec::new();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        let envelope: Value = serde_json::from_slice(&output.stdout).unwrap();
        codes.push((
            output.status.code().unwrap(),
            envelope["error"]["code"].clone(),
        ));
    }
    codes.sort_by_key(|(code, _)| *code);
    assert_eq!(codes[0].0, 0, "{codes:?}");
    assert_eq!(codes[1].0, 3, "{codes:?}");
}

#[test]
fn r15_a_target_that_cannot_log_in_is_told_before_anything_changes() {
    let config = Server::start();
    let servers = [(), ()].map(|()| {
        Server::start_with(&["--requirepass", "right", "--repl-diskless-sync-delay", "0"])
    });
    let operator = Operator::of(&config);
    let port = format!("port={}", servers[0].port());
    let file = operator.file("password", "right\n");
    let password = format!("password=@{}", file.display());
    operator.done(&[
        "set",
        "logs",
        "host=127.0.0.1",
        &port,
        &password,
        "--create",
    ]);
    let wrong = operator.file("wrong", "wrong\n");
    let wrong = format!("@{}", wrong.display());
    let to = format!("127.0.0.1:{}", servers[1].port());
    let words = [
        "move",
        "logs",
        "--to",
        &to,
        "--yes",
        "--timeout",
        "2s",
        "--replication-password",
        &wrong,
    ];
    let (code, envelope) = operator.json(&words);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (3, &json!("not_possible")),
        "{envelope:#}"
    );
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("replication login") && message.contains("WRONGPASS"),
        "{message}"
    );
    assert!(!envelope.to_string().contains("\"wrong"), "{envelope:#}");
    let moved = operator.data(&["move", "logs", "--to", &to, "--yes"]);
    assert_eq!(moved["state"], "committed");
}

#[test]
fn r15_a_login_without_the_rights_of_a_replica_is_told_before_anything_changes() {
    let user = [
        "--user",
        "replica",
        "on",
        ">pw",
        "+psync",
        "+replconf",
        "+ping",
    ];
    let world = World::start_with(&user);
    let to = world.address(1);
    let file = world.operator.file("replica", "pw");
    let password = format!("@{}", file.display());
    let of_move = [
        "move",
        "logs",
        "--to",
        &to,
        "--dry-run",
        "--replication-user",
        "replica",
    ];
    let of_move = [&of_move[..], &["--replication-password", &password]].concat();
    for (asks, right, told) in [
        ("+acl|dryrun", "replconf", "'replconf' command"),
        ("+acl|dryrun", "psync", "'psync' command"),
        ("-acl|dryrun", "psync", "'psync' command"),
    ] {
        world.servers[0].command(&["ACL", "SETUSER", "default", asks]);
        let forbidden = format!("-{right}");
        let user = [
            "ACL",
            "SETUSER",
            "replica",
            "+psync",
            "+replconf",
            &forbidden,
        ];
        world.servers[0].command(&user);
        let (code, envelope) = world.operator.json(&of_move);
        assert_eq!(
            (code, &envelope["error"]["code"]),
            (3, &json!("not_possible"))
        );
        let message = envelope["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("replication login: ") && message.contains(told),
            "{message}"
        );
    }
    world.servers[0].command(&["ACL", "SETUSER", "replica", "+psync"]);
    let data = world.operator.data(&of_move);
    assert!(
        !data["checks"].to_string().contains("replication login"),
        "{data:#}"
    );
}

#[test]
fn r15_a_target_that_gets_no_link_to_its_source_is_told_so() {
    let world = World::start();
    let operator = &world.operator;
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    operator.done(&words);
    world.servers[1].command(&["CONFIG", "SET", "masterauth", "of-nobody"]);
    world.servers[1].command(&["CLIENT", "KILL", "TYPE", "master"]);
    wait_until("the link is gone", || world.state() == "copying");
    let words = ["move", "logs", "--resume", "--yes", "--timeout", "2s"];
    let (code, envelope) = operator.json(&words);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (4, &json!("not_ready")),
        "{envelope:#}"
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("has no link to") && message.contains("+psync"),
        "{message}"
    );
    operator.done(&["move", "logs", "--abort", "--yes"]);
}

#[test]
fn r15_a_server_that_cannot_follow_gives_writes_back() {
    let config = Server::start();
    let start = |password: &str| {
        Server::start_with(&["--requirepass", password, "--repl-diskless-sync-delay", "0"])
    };
    let servers = [start("first"), start("second")];
    let operator = Operator::of(&config);
    let port = format!("port={}", servers[0].port());
    let file = operator.file("password", "first");
    let password = format!("password=@{}", file.display());
    operator.done(&[
        "set",
        "logs",
        "host=127.0.0.1",
        &port,
        &password,
        "--create",
    ]);
    let load = Load::start(&config);
    load.goes_on();
    let target = json!({"host": "127.0.0.1", "port": servers[1].port(), "password": "second"});
    let target = operator.file("target.json", &target.to_string());
    let target = target.to_str().unwrap();
    operator.done(&[
        "move", "logs", "--to", target, "--until", "prepared", "--yes",
    ]);
    // The old server does not reach the new one there, and would be read-only for good.
    announce(&servers[1], &servers[0], "127.0.0.9");
    let (code, envelope) = operator.json(&["move", "logs", "--cut", "--yes"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("not_possible")),
        "{envelope:#}"
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains("did not take over in time"), "{message}");
    assert_eq!(role(&servers[0]), "master");
    load.goes_on();
    announce(&servers[1], &servers[0], "127.0.0.1");
    let moved = operator.data(&["move", "logs", "--resume", "--yes"]);
    assert_eq!(moved["state"], "committed");
    load.goes_on();
    let back = operator.data(&["move", "logs", "--undo", "--yes"]);
    assert_eq!(back["state"], "committed");
    load.goes_on();
    load.end(&servers[0]);
}

#[test]
fn r15_a_server_that_dies_on_the_way_is_waited_for_or_left_behind() {
    let world = World::start();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    world.operator.done(&words);
    world.servers[1].stop();
    assert_eq!(world.state(), "unreachable");
    let (code, envelope) = world.operator.json(&["move", "logs", "--resume", "--yes"]);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (5, &json!("server_unreachable")),
        "{envelope:#}"
    );
    world.is_on(0);
    // It has forgotten what it was.
    world.servers[1].restart();
    let moved = world.operator.data(&["move", "logs", "--resume", "--yes"]);
    assert_eq!(moved["state"], "committed", "{moved:#}");
    world.is_on(1);

    world.servers[0].stop();
    assert_eq!(world.state(), "gone");
    let run = world.operator.done(&["move", "logs", "--resume", "--yes"]);
    let said = ["--finish", "--undo"].map(|word| run.stdout.contains(word));
    assert_eq!(said, [true, false], "{run:#?}");
    let (code, envelope) = world.operator.json(&["move", "logs", "--undo", "--yes"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("wrong_state"))
    );
    let ended = world.operator.data(&["move", "logs", "--finish", "--yes"]);
    assert_eq!(ended["can_be_undone"], false, "{ended:#}");
    world.is_on(1);
}

#[test]
fn r15_an_old_server_that_forgets_its_role_is_for_a_person() {
    let world = World::start();
    let to = world.address(1);
    world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    world.servers[0].stop();
    world.servers[0].restart();
    assert_eq!(world.state(), "split");
    let (code, envelope) = world.operator.json(&["move", "logs", "--resume", "--yes"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (6, &json!("must_decide"))
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("offset") && message.contains(&to),
        "{message}"
    );
    for with in ["--undo", "--finish", "--abort"] {
        let (code, envelope) = world.operator.json(&["move", "logs", with, "--yes"]);
        let error = &envelope["error"]["code"];
        assert_eq!((code, error), (6, &json!("must_decide")), "{with}");
    }
    let port = world.servers[1].port().to_string();
    world.servers[0].command(&["REPLICAOF", "127.0.0.1", &port]);
    wait_until("it follows again", || world.state() == "committed");
    world.is_on(1);
}
