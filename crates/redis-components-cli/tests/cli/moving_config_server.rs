//! R15: a config server takes writes, and does not move.

use redis_components_testing::{Sentinels, Server};
use serde_json::{Value, json};

use crate::common::{Operator, wait_until};
use crate::copier::copier;
use crate::load::{RECORD, World, role};

/// A move that must be refused before anything changes.
#[track_caller]
fn refused(operator: &Operator, words: &[&str], parts: &[&str]) -> Value {
    let words = [&["move", "logs", "--yes"], words].concat();
    let (code, envelope) = operator.json(&words);
    let found = (code, &envelope["error"]["code"]);
    assert_eq!(
        found,
        (3, &json!("not_possible")),
        "{words:?}: {envelope:#}"
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    let is_told = parts.iter().all(|part| message.contains(part));
    assert!(is_told, "{parts:?}: {message}");
    envelope
}

fn write_config(config: &Server, host: &str, port: u16, db: u8) {
    let text = json!({"host": host, "port": port, "db": db}).to_string();
    config.command(&["SET", "config:redis:logs", &text]);
}

#[test]
fn r15_data_on_the_config_server_does_not_move_by_any_name() {
    let world = World::start();
    let copy = copier("");
    let other = world.address(1);
    let port = world.config.port();
    for (host, db) in [("127.0.0.1", 0), ("localhost", 0), ("127.0.0.1", 3)] {
        write_config(&world.config, host, port, db);
        role(&world.config);
        let parts = [
            "config server: ",
            "it has the data that is to move",
            "server of their own",
        ];
        refused(&world.operator, &["--to", &other], &parts);
        refused(
            &world.operator,
            &["--to", &other, "--copy-with", &copy],
            &parts,
        );
        let words = ["doctor", "--move", "logs", "--to", &other];
        let doctor = world.operator.run(&words);
        assert!(
            doctor.stdout.contains("it has the data that is to move"),
            "{doctor:#?}"
        );
    }
    write_config(&world.config, "127.0.0.1", world.servers[0].port(), 0);
    for host in ["127.0.0.1", "localhost"] {
        let to = format!("{host}:{port}");
        let parts = [
            "config server: ",
            "it is the target",
            "another server with --to",
        ];
        let envelope = refused(&world.operator, &["--to", &to], &parts);
        // What would remove all configs is not advised.
        assert!(!envelope.to_string().contains("FLUSHALL"), "{envelope:#}");
    }
    assert_eq!(role(&world.config), "master");
    let record = world.config.command(&["EXISTS", RECORD]);
    assert!(!redis::from_redis_value::<bool>(record).unwrap());
    world
        .operator
        .done(&["move", "logs", "--to", &other, "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_a_config_server_that_is_a_replica_is_refused_with_its_primary() {
    let world = World::start();
    let replica = Server::start_with(&["--repl-diskless-sync-delay", "0"]);
    let primary = world.config.port().to_string();
    replica.command(&["REPLICAOF", "127.0.0.1", &primary]);
    let operator = Operator::of(&replica);
    wait_until("it has the configs", || {
        operator.run(&["get", "logs"]).code == 0
    });
    let (to, primary) = (world.address(1), format!("127.0.0.1:{primary}"));
    let parts = [
        "config server role: ",
        "is a replica of",
        &primary,
        "name its primary",
    ];
    refused(&operator, &["--to", &to], &parts);
    let copy = copier("");
    refused(&operator, &["--to", &to, "--copy-with", &copy], &parts);
    // Other commands say it too.
    let begun = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&begun);
    wait_until("it has the record", || {
        operator.run(&["move", "logs", "--status"]).code == 0
    });
    for words in [
        &["move", "logs", "--cut", "--yes"][..],
        &["set", "logs", "db=0", "socket_timeout=3"],
    ] {
        let (code, envelope) = operator.json(words);
        let message = envelope["error"]["message"].as_str().unwrap();
        assert_eq!(
            (code, message.contains("is a replica")),
            (5, true),
            "{envelope:#}"
        );
        assert!(message.contains("name its primary"), "{message}");
    }
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    world.is_on(1);
}

/// Commands go on to name it, and would not follow it to the new primary.
#[test]
fn r15_sentinels_do_not_take_the_config_server_away() {
    let sentinels = Sentinels::start();
    let operator = Operator::of(sentinels.server(0));
    let file = operator.file("logs.json", &sentinels.config());
    let file = file.to_str().unwrap();
    operator.done(&["set", "logs", file, "--create"]);
    let to = format!("127.0.0.1:{}", sentinels.server(1).port());
    let words = ["--to", &to, "--accept-loss", "--dry-run"];
    let parts = ["is the config server", "server of their own"];
    refused(&operator, &words, &parts);
    assert_eq!(role(sentinels.server(0)), "master");
}
