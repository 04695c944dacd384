//! R15: servers know each other by other addresses than the configs name.

use std::time::{Duration, Instant};

use redis_components_testing::Server;
use serde_json::{Value, json};

use crate::common::wait_until;
use crate::load::{World, role};
use crate::moving_seen::is_said;
use crate::moving_servers::Elsewhere;
use crate::served::Served;

const ANNOUNCED: &str = "replica-announce-ip";
const PORT: &str = "replica-announce-port";

/// Returns the address by which a server lists its only replica.
fn listed(server: &Server) -> Option<String> {
    let info = server.command(&["INFO", "replication"]);
    let info: String = redis::from_redis_value(info).unwrap();
    let line = info.lines().find(|line| line.starts_with("slave0:"))?;
    if !line.contains("state=online") {
        return None;
    }
    let host = line.split("ip=").nth(1)?.split(',').next()?;
    Some(host.to_owned())
}

/// Lets the replica of a server connect again, and announce an address.
pub(crate) fn announce(replica: &Server, primary: &Server, host: &str) {
    replica.command(&["CONFIG", "SET", ANNOUNCED, host]);
    replica.command(&["CLIENT", "KILL", "TYPE", "master"]);
    wait_until("it is listed", || listed(primary).as_deref() == Some(host));
}

/// Lets the config name a host.
fn name(world: &World, host: &str) {
    let config = json!({"host": host, "port": world.servers[0].port()});
    let key = "config:redis:logs";
    world.config.command(&["SET", key, &config.to_string()]);
    role(&world.servers[0]);
}

/// Moves there and back in commands of their own, each of which must find where the move stands.
fn moves(world: &World, to: &str) {
    let served = Served::start(&world.operator);
    let within = ["--yes", "--timeout", "20s"];
    let begin = ["move", "logs", "--to", to, "--until", "synced"];
    world.operator.done(&[&begin[..], &within].concat());
    assert_eq!(world.state(), "synced");
    is_said(world, &served, "synced");
    for (way, server) in [("--cut", 1), ("--undo", 0), ("--undo", 1)] {
        let words = [&["move", "logs", way], &within[..]].concat();
        let moved = world.operator.data(&words);
        assert_eq!(moved["state"], "committed", "{moved:#}");
        is_said(world, &served, "committed");
        world.is_on(server);
    }
    drop(served);
    role(&world.servers[0]);
    world.operator.done(&["move", "logs", "--finish", "--yes"]);
}

#[test]
fn r15_a_replica_is_known_by_what_it_announces() {
    let bind = ["--bind", "127.0.0.1", "127.0.0.3"];
    let world = World::start_with(&[&bind[..], &["--replica-announce-ip", "127.0.0.3"]].concat());
    moves(&world, &world.address(1));
}

#[test]
fn r15_a_replica_is_known_by_the_address_from_which_it_connects() {
    let world = World::start_with(&["--bind", "127.0.0.1", "127.0.0.2"]);
    name(&world, "127.0.0.2");
    moves(&world, &format!("127.0.0.2:{}", world.servers[1].port()));
}

#[test]
fn r15_a_replica_at_an_address_that_nobody_knows_is_told_at_once() {
    let world = World::start();
    let to = world.address(1);
    let begin = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    world.operator.done(&begin);
    for (way, replica) in [("--cut", 1), ("--undo", 0)] {
        let [primary, replica] = [1 - replica, replica].map(|server| &world.servers[server]);
        announce(replica, primary, "127.0.0.9");
        // As it looks if an address is translated on the way.
        replica.command(&["CONFIG", "SET", ANNOUNCED, ""]);
        let begun = Instant::now();
        let (code, envelope) = world.operator.json(&["move", "logs", way, "--yes"]);
        let found = (code, &envelope["error"]["code"]);
        assert_eq!(found, (3, &json!("not_possible")), "{envelope:#}");
        let message = envelope["error"]["message"].as_str().unwrap();
        let parts = [
            "127.0.0.9",
            ANNOUNCED,
            "lost its link",
            "CLIENT KILL TYPE master",
        ];
        let is_told = parts.iter().all(|part| message.contains(part));
        assert!(is_told, "{message}");
        assert!(begun.elapsed() < Duration::from_secs(60));
        announce(replica, primary, "127.0.0.1");
        let moved = world.operator.data(&["move", "logs", "--resume", "--yes"]);
        assert_eq!(moved["state"], "committed", "{moved:#}");
    }
    world.is_on(0);
}

#[test]
fn r15_a_cut_does_not_send_the_old_server_to_another_one() {
    let world = World::start();
    let target = &world.servers[1];
    let _bystander = Elsewhere::start("127.0.0.3", target.port(), &[]);
    let to = world.address(1);
    let begin = ["move", "logs", "--to", &to, "--yes"];
    let refused = |words: &[&str]| {
        let (code, envelope) = world.operator.json(words);
        let found = (code, &envelope["error"]["code"]);
        assert_eq!(found, (3, &json!("not_possible")), "{envelope:#}");
        let message = envelope["error"]["message"].as_str().unwrap();
        let is_told = message.contains("another server answers") && message.contains(ANNOUNCED);
        assert!(is_told, "{message}");
    };
    target.command(&["CONFIG", "SET", ANNOUNCED, "127.0.0.3"]);
    role(target);
    wait_until("the bystander answers", || {
        let data = world.operator.json(&[&begin[..], &["--dry-run"]].concat());
        data.0 == 3
    });
    refused(&begin);
    target.command(&["CONFIG", "SET", ANNOUNCED, ""]);
    role(target);
    world
        .operator
        .done(&[&begin[..], &["--until", "synced"]].concat());
    announce(target, &world.servers[0], "127.0.0.3");
    refused(&["move", "logs", "--cut", "--yes"]);
    world.is_on(0);
    assert_eq!(role(&world.servers[0]), "master");
    announce(target, &world.servers[0], "127.0.0.1");
    let moved: Value = world.operator.data(&["move", "logs", "--cut", "--yes"]);
    assert_eq!(moved["state"], "committed", "{moved:#}");
}

#[test]
fn r15_an_announced_address_at_which_nothing_answers_is_named_before_and_after_a_cut() {
    let world = World::start();
    let to = world.address(1);
    let begin = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    world.operator.done(&begin);
    for (way, replica) in [("--cut", 1), ("--undo", 0)] {
        let [primary, replica] = [1 - replica, replica].map(|server| &world.servers[server]);
        let announce_port = |port: u16| {
            replica.command(&["CONFIG", "SET", PORT, &port.to_string()]);
            replica.command(&["CLIENT", "KILL", "TYPE", "master"]);
            let port = format!("port={},", if port == 0 { replica.port() } else { port });
            wait_until("it is listed", || {
                let info = primary.command(&["INFO", "replication"]);
                let info: String = redis::from_redis_value(info).unwrap();
                let mut lines = info.lines();
                lines.any(|line| line.contains(&port) && line.contains("state=online"))
            });
            role(primary);
            role(replica);
        };
        announce_port(1);
        let words = ["move", "logs", way, "--yes", "-o", "json"];
        let run = world.operator.run(&words);
        assert_eq!(run.code, 3, "{run:#?}");
        let warned = "announced address: no server answers this command";
        assert_eq!(run.stderr.matches(warned).count(), 1, "{run:#?}");
        let envelope = run.envelope();
        let message = envelope["error"]["message"].as_str().unwrap();
        for part in ["127.0.0.1:1,", ANNOUNCED, PORT, "--resume"] {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert_eq!(world.state(), "synced");
        // A cut changes roles, which are to be remembered anew.
        assert_eq!(world.record()["is_settled"], false);
        announce_port(0);
        let moved = world.operator.data(&["move", "logs", "--resume", "--yes"]);
        assert_eq!(moved["state"], "committed", "{moved:#}");
    }
    world.is_on(0);
}
