//! R15: which server is which, and what else is there.

use std::process::{Child, Command, Stdio};

use redis_components_testing::Server;
use serde_json::json;
use tempfile::TempDir;

use crate::common::wait_until;
use crate::load::{Load, World, role};
use crate::waiting::Waiting;

/// A server on an address that no other test server has, in a folder of its own.
pub(crate) struct Elsewhere {
    server: Child,
    _folder: TempDir,
}

impl Elsewhere {
    pub(crate) fn start(host: &str, port: u16, words: &[&str]) -> Self {
        let port = port.to_string();
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("redis-server");
        command.current_dir(&folder);
        command.args(["--bind", host, "--port", &port, "--save", ""]);
        command.args(["--replica-announce-ip", host]).args(words);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self {
            server: command.spawn().unwrap(),
            _folder: folder,
        }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn replicas(server: &Server) -> usize {
    let role: Vec<redis::Value> = redis::from_redis_value(server.command(&["ROLE"])).unwrap();
    let replicas: Vec<redis::Value> = redis::from_redis_value(role[2].clone()).unwrap();
    replicas.len()
}

#[test]
fn r15_a_replica_with_the_same_port_does_not_get_the_data() {
    let mut world = World::start();
    let words = ["--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0"];
    world.servers[1] = Server::start_with(&words);
    let source = world.servers[0].port().to_string();
    let follows = ["--replicaof", "127.0.0.1", &source];
    let _bystander = Elsewhere::start("127.0.0.3", world.servers[1].port(), &follows);
    wait_until("the bystander follows", || replicas(&world.servers[0]) == 1);
    let load = Load::start(&world.config);
    load.goes_on();
    let to = world.address(1);
    let moved = world.operator.data(&["move", "logs", "--to", &to, "--yes"]);
    assert_eq!(moved["state"], "committed", "{moved:#}");
    world.is_on(1);
    assert_eq!(role(&world.servers[1]), "master");
    load.goes_on();
    load.end(&world.servers[1]);
}

#[test]
fn r15_a_target_that_loads_its_copy_is_waited_for() {
    let world = World::start();
    // A replica that has no copy yet, or loads it, refuses what a new connection asks.
    world.servers[1].command(&["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    world.servers[0].command(&["CONFIG", "SET", "repl-diskless-sync-delay", "3600"]);
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--yes"];
    let mut command = world.operator.command(&words);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut moving = command.spawn().unwrap();
    wait_until("it loads", || {
        let run = world
            .operator
            .run(&["move", "logs", "--status", "-o", "json"]);
        run.code == 0 && run.envelope()["data"]["state"] == "loading"
    });
    assert_eq!(moving.try_wait().unwrap(), None);
    moving.kill().unwrap();
    moving.wait().unwrap();
    for (word, expected) in [
        (["--abort", "--yes"], (3, "wrong_state")),
        // What would be sent is not known.
        (["--resume", "--dry-run"], (4, "not_ready")),
    ] {
        let words = [&["move", "logs"], &word[..]].concat();
        let (code, envelope) = world.operator.json(&words);
        let (exit, name) = expected;
        let error = &envelope["error"];
        assert_eq!((code, &error["code"]), (exit, &json!(name)), "{envelope:#}");
    }
    world.servers[0].command(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
    let moved = world.operator.data(&["move", "logs", "--resume", "--yes"]);
    assert_eq!(moved["state"], "committed", "{moved:#}");
    world.is_on(1);
}

#[test]
fn r15_two_components_do_not_get_the_same_new_server() {
    let world = World::start();
    let stats = Server::start_with(&["--repl-diskless-sync-delay", "0"]);
    let port = format!("port={}", stats.port());
    let words = ["set", "stats", "host=127.0.0.1", &port, "--create"];
    world.operator.done(&words);
    stats.command(&["SET", "of", "stats"]);
    let to = world.address(1);
    let moves = ["logs", "stats"].map(|component| {
        let words = ["move", component, "--to", &to, "--yes", "-o", "json"];
        let mut command = world.operator.command(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().unwrap()
    });
    let mut codes = moves.map(|child| child.wait_with_output().unwrap().status.code());
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(3)]);
    // The data of both is still where the configs say.
    for (component, key, value) in [("logs", "known", "before"), ("stats", "of", "stats")] {
        let config = world.operator.data(&["get", component]);
        let servers = [&world.servers[0], &world.servers[1], &stats];
        let mut servers = servers.into_iter();
        let server = servers.find(|server| config["config"]["port"] == server.port());
        let found = server.unwrap().command(&["GET", key]);
        assert_eq!(redis::from_redis_value::<String>(found).unwrap(), value);
    }
}

#[test]
fn r15_a_server_that_may_have_newer_data_is_not_given_up() {
    for may_be_cut in [false, true] {
        let world = World::start();
        let to = world.address(1);
        let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
        world.operator.done(&words);
        let key = "redis-components:move:logs";
        let record = redis::from_redis_value::<String>(world.config.command(&["GET", key]));
        let (record, before) = (record.unwrap(), "\"may_be_cut\":false");
        assert!(record.contains(before), "{record}");
        let after = format!("\"may_be_cut\":{may_be_cut}");
        world
            .config
            .command(&["SET", key, &record.replace(before, &after)]);
        world.servers[1].stop();
        let (code, envelope) = world.operator.json(&["move", "logs", "--abort", "--yes"]);
        let text = format!("{may_be_cut}: {envelope:#}");
        if may_be_cut {
            let error = &envelope["error"];
            assert_eq!((code, &error["code"]), (6, &json!("must_decide")), "{text}");
        } else {
            assert_eq!(code, 0, "{text}");
        }
        world.is_on(0);
    }
}

#[test]
fn r15_a_candidate_of_somebody_else_stays() {
    let world = World::start();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    world.operator.done(&words);
    let foreign = json!({"id": "by-hand", "config": {"host": "127.0.0.1"}});
    let control = json!({"prepare": {"logs": foreign}}).to_string();
    world
        .config
        .command(&["SET", "config:redis:@fleet", &control]);
    world.operator.done(&["move", "logs", "--abort", "--yes"]);
    let left = world.config.command(&["GET", "config:redis:@fleet"]);
    let left: String = redis::from_redis_value(left).unwrap();
    assert!(left.contains("by-hand"), "{left}");
}

#[test]
fn r15_a_config_is_not_tried_by_the_fleet_while_its_data_moves() {
    let world = World::start();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&words);
    let prepared = || {
        let control = world.config.command(&["GET", "config:redis:@fleet"]);
        redis::from_redis_value::<String>(control).unwrap()
    };
    let before = prepared();
    assert!(before.contains("READONLY"), "{before}");
    let words = ["set", "logs", "db=1", "--prepare", "--wait", "--yes"];
    let (code, envelope) = world.operator.json(&words);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (3, &json!("wrong_state")),
        "{envelope:#}"
    );
    assert_eq!(prepared(), before);
    let run = world.operator.run(&["set", "logs", "db=1", "--dry-run"]);
    assert!(
        run.stderr.contains("a move of `logs` is under way"),
        "{run:#?}"
    );
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_the_server_of_a_canary_does_not_get_other_data() {
    let world = World::start();
    let elsewhere = Server::start();
    world.operator.make_other("stats", &elsewhere);
    let port = format!("port={}", world.servers[1].port());
    let canary = ["canary", "stats", &port, "--percent", "10", "--splits-data"];
    world.operator.done(&canary);
    role(&world.servers[1]);
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--yes"];
    let (code, envelope) = world.operator.json(&words);
    let message = envelope["error"]["message"].as_str().unwrap();
    let is_told = code == 3 && message.contains("it is for the data of the canary of stats");
    assert!(is_told, "{envelope:#}");
    world.operator.done(&["canary", "stats", "abort"]);
    role(&world.servers[1]);
    world.operator.done(&words);
}

#[test]
fn r15_a_canary_that_would_be_left_behind_is_named_with_its_end() {
    let world = World::start();
    let elsewhere = Server::start();
    world.operator.make_other("stats", &elsewhere);
    let to = world.address(1);
    let canary_on = |server: usize| {
        let port = format!("port={}", world.servers[server].port());
        let canary = ["canary", "stats", &port, "--percent", "10", "--splits-data"];
        // The server that was left is a replica, which a probe refuses.
        let unprobed = [&canary[..], &["--no-probe", "--yes"]].concat();
        world.operator.done(&unprobed);
        role(&world.servers[server]);
    };
    let refused = |words: &[&str]| {
        let (code, envelope) = world
            .operator
            .json(&[&["move", "logs", "--yes"], words].concat());
        let message = envelope["error"]["message"].as_str().unwrap();
        let parts = ["the canary of stats", "`canary stats abort`"];
        let is_told = parts.iter().all(|part| message.contains(part));
        let is_without = !message.contains("--with") && !message.contains("set their configs");
        assert!(code == 3 && is_told && is_without, "{envelope:#}");
        world.operator.done(&["canary", "stats", "abort"]);
    };
    canary_on(0);
    refused(&["--to", &to]);
    let prepared = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&prepared);
    canary_on(0);
    refused(&["--cut"]);
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    canary_on(0);
    refused(&["--finish"]);
    role(&world.servers[0]);
    world.operator.done(&["move", "logs", "--finish", "--yes"]);
}

#[test]
fn r15_a_move_that_loses_its_config_server_says_how_to_go_on() {
    let world = World::start();
    world.servers[0].command(&["CONFIG", "SET", "repl-diskless-sync-delay", "3600"]);
    let to = world.address(1);
    let mut moving = Waiting::start(&world.operator, &["move", "logs", "--to", &to, "--yes"]);
    loop {
        let line = moving.line();
        if (&line["event"], &line["state"]) == (&json!("attach"), &json!("progress")) {
            break;
        }
    }
    world.config.freeze();
    let (code, envelope) = moving.end();
    world.config.thaw();
    let error = &envelope["error"];
    assert!([4, 5].contains(&code), "{envelope:#}");
    assert!(
        error["message"].as_str().unwrap().contains("--status"),
        "{envelope:#}"
    );
    assert_eq!(error["component"], "logs");
    world.servers[0].command(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
    wait_until("it goes on", || {
        world
            .operator
            .run(&["move", "logs", "--resume", "--yes"])
            .code
            == 0
    });
    world.is_on(1);
}

#[test]
fn r15_a_component_that_names_a_server_in_another_way_is_found() {
    let words = ["--bind", "127.0.0.1", "127.0.0.2"];
    let world = World::start_with(&words);
    let to = world.address(1);
    let on = |server: usize| {
        let config = json!({"host": "127.0.0.2", "port": world.servers[server].port()});
        let key = "config:redis:stats";
        world.config.command(&["SET", key, &config.to_string()]);
    };
    let nowhere = || {
        world.config.command(&["DEL", "config:redis:stats"]);
    };
    let refused = |words: &[&str], code: (i32, &str)| {
        let (found, envelope) = world.operator.json(words);
        let error = &envelope["error"];
        let message = error["message"].as_str().unwrap_or_default();
        assert_eq!(
            (found, &error["code"]),
            (code.0, &json!(code.1)),
            "{envelope:#}"
        );
        assert!(message.contains("stats"), "{message}");
    };
    let begin = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    let cut = ["move", "logs", "--cut", "--yes"];
    let finish = ["move", "logs", "--finish", "--yes"];
    for server in [0, 1] {
        on(server);
        refused(&begin, (3, "not_possible"));
    }
    nowhere();
    world.operator.done(&begin);
    on(0);
    refused(&cut, (3, "not_possible"));
    nowhere();
    world.operator.done(&cut);
    on(0);
    refused(&finish, (3, "wrong_state"));
    nowhere();
    // The connection of this test is no user then.
    role(&world.servers[0]);
    world.operator.done(&finish);
}

#[test]
fn r15_a_component_whose_server_cannot_be_asked_is_named() {
    let world = World::start();
    let gone = Server::start();
    gone.stop();
    let config = gone.config();
    world
        .config
        .command(&["SET", "config:redis:stats", &config]);
    let to = world.address(1);
    let run = world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    let said = run
        .stderr
        .matches("the server of `stats` could not be asked")
        .count();
    assert!(said > 0, "{run:#?}");
    world.is_on(1);
}
