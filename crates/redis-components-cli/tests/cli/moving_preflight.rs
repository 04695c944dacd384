//! R15: what would go wrong later is told before anything changes.

use redis_components_testing::Server;
use serde_json::{Value, json};

use crate::common::Operator;
use crate::copier::copier;
use crate::load::{RECORD, World, role};
use crate::moving_copy;

/// A move that must be refused by a check, and leaves nothing.
#[track_caller]
fn refused(world: &World, operator: &Operator, words: &[&str], parts: &[&str]) {
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
    let record = world.config.command(&["EXISTS", RECORD]);
    assert!(!redis::from_redis_value::<bool>(record).unwrap());
    for server in &world.servers {
        assert_eq!(role(server), "master");
    }
}

/// Writes the config of `logs` with a login for it.
fn log_in(world: &World, login: &[(&str, &str)]) {
    let port = world.servers[0].port();
    let mut config = json!({"host": "127.0.0.1", "port": port});
    for (name, value) in login {
        config[name] = json!(value);
    }
    let config = config.to_string();
    world.config.command(&["SET", "config:redis:logs", &config]);
}

#[test]
fn r15_a_new_config_with_another_database_is_refused() {
    let world = World::start();
    let port = world.servers[1].port();
    for to in [
        json!({"host": "127.0.0.1", "port": port, "db": 3}),
        json!({"url": format!("redis://127.0.0.1:{port}/3")}),
    ] {
        let parts = ["database", "`logs`", "3", "--copy-with"];
        refused(&world, &world.operator, &["--to", &to.to_string()], &parts);
    }
    world.operator.done(&["set", "logs", "db=3"]);
    let words = [
        "--to",
        &json!({"host": "127.0.0.1", "port": port}).to_string(),
    ];
    let parts = ["database", "`logs`", "0"];
    refused(&world, &world.operator, &words, &parts);
    let to = world.address(1);
    world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    let config = world.operator.data(&["get", "logs"]);
    assert_eq!(config["config"]["db"], 3);
}

#[test]
fn r15_a_check_that_cannot_be_made_has_not_passed() {
    let world = World::start();
    let allow = |server: &Server, more: &str| {
        let user = ["ACL", "SETUSER", "app", "reset", "on", ">pw", "~*", "&*"];
        server.command(&[&user[..], &["+@all", more]].concat());
        role(server);
    };
    log_in(&world, &[("username", "app"), ("password", "pw")]);
    let to = world.address(1);
    for silent in [0, 1] {
        allow(&world.servers[silent], "-config|get");
        allow(&world.servers[1 - silent], "+@all");
        let parts = ["rights: ", "'config|get'", &world.address(silent)];
        refused(&world, &world.operator, &["--to", &to], &parts);
    }
    allow(&world.servers[1], "+@all");
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&words);
    // It may be taken away meanwhile.
    for silent in [0, 1] {
        allow(&world.servers[silent], "-config|get");
        let (code, envelope) = world.operator.json(&["move", "logs", "--cut", "--yes"]);
        let found = (code, &envelope["error"]["code"]);
        assert_eq!(found, (5, &json!("no_rights")), "{envelope:#}");
        assert_eq!(world.state(), "synced");
        allow(&world.servers[silent], "+@all");
    }
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_what_the_commit_needs_is_looked_at_before_anything_changes() {
    let world = World::start();
    let stats = ["set", "stats", "host=127.0.0.1", "--create"];
    let port = format!("port={}", world.servers[0].port());
    world.operator.done(&[&stats[..], &[&port]].concat());
    role(&world.servers[0]);
    let url = format!("redis://op:pw@127.0.0.1:{}", world.config.port());
    let operator = Operator::at(&url);
    let to = world.address(1);
    let words = ["--to", &to, "--with", "stats"];
    let own = "~redis-components:*";
    for (rights, told) in [
        (
            &[
                "%R~config:redis:stats",
                "~config:redis:logs",
                "~config:redis:@fleet",
                own,
            ][..],
            "set on `config:redis:stats`",
        ),
        (
            &[
                "%R~config:redis:@fleet",
                "~config:redis:logs",
                "~config:redis:stats",
                own,
            ],
            "set on `config:redis:@fleet`",
        ),
        (
            &[
                "~config:redis:*",
                "~redis-components:history:logs",
                "~redis-components:move:*",
                "~redis-components:lease:*",
                "~redis-components:receipt:*",
                "~redis-components:fleet",
            ],
            "`redis-components:history:stats`",
        ),
        (&["~*", "-xadd"], "xadd"),
        (&["~*", "-del"], "del"),
        (&["~*", "-pexpire"], "pexpire"),
        (&["~*", "-client|list"], "client|list"),
    ] {
        let user = ["ACL", "SETUSER", "op", "reset", "on", ">pw", "+@all"];
        world.config.command(&[&user[..], rights].concat());
        let parts = ["config server rights: ", told];
        refused(&world, &operator, &words, &parts);
    }
    world
        .config
        .command(&["ACL", "SETUSER", "op", "reset", "on", ">pw", "+@all", "~*"]);
    let history = "redis-components:history:stats";
    world.config.command(&["DEL", history]);
    world.config.command(&["SET", history, "x"]);
    let parts = ["history: ", history, "delete or rename it"];
    refused(&world, &operator, &words, &parts);
    world.config.command(&["DEL", history]);
    let words = [&["move", "logs", "--yes"], &words[..]].concat();
    operator.done(&[&words[..], &["--until", "prepared"]].concat());
    // Another program may write there meanwhile.
    world.config.command(&["SET", history, "x"]);
    let (code, envelope) = operator.json(&["move", "logs", "--cut", "--yes"]);
    let found = (code, &envelope["error"]["code"]);
    assert_eq!(found, (3, &json!("not_possible")), "{envelope:#}");
    assert_eq!(world.state(), "synced");
    world.config.command(&["DEL", history]);
    operator.done(&["move", "logs", "--cut", "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_a_copy_whose_configs_could_not_be_written_does_not_begin() {
    let world = moving_copy::World::start();
    let history = "redis-components:history:logs";
    world.config.command(&["DEL", history]);
    world.config.command(&["SET", history, "x"]);
    let program = copier("");
    let (code, envelope) = world.operator.json(&world.words(&program));
    let found = (code, &envelope["error"]["code"]);
    assert_eq!(found, (3, &json!("not_possible")), "{envelope:#}");
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains("history: "), "{message}");
    assert_eq!(world.size(), 0);
}

#[test]
fn r15_a_password_that_a_server_does_not_expect_is_told_before_anything_changes() {
    let quick = ["--repl-diskless-sync-delay", "0"];
    let locked = [&quick[..], &["--requirepass", "hush-hush"]].concat();
    for is_at_source in [true, false] {
        let mut servers = [Server::start_with(&locked), Server::start_with(&quick)];
        if !is_at_source {
            servers.reverse();
        }
        let config = Server::start();
        let operator = Operator::of(&config);
        let world = World {
            config,
            servers,
            operator,
        };
        log_in(&world, &[("password", "hush-hush")]);
        let to = world.address(1);
        let open = world.address(usize::from(is_at_source));
        let parts = ["replication login: ", &open, "without any password"];
        refused(&world, &world.operator, &["--to", &to], &parts);
        if is_at_source {
            let to = json!({"host": "127.0.0.1", "port": world.servers[1].port()});
            let words = ["move", "logs", "--to", &to.to_string(), "--yes"];
            world.operator.done(&words);
            world.operator.done(&["move", "logs", "--undo", "--yes"]);
        }
    }
}

/// Returns the warnings of a move that is shown, by their names.
fn warnings(world: &World) -> Vec<(String, String)> {
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--dry-run"];
    let data = world.operator.data(&words);
    let checks = data["checks"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let both = checks.map(|check| (text(&check["name"]), text(&check["found"])));
    both.collect()
}

#[test]
fn r15_what_stops_an_undo_is_warned_of_before_the_move() {
    let world = World::start();
    let of_undo = || {
        let found = warnings(&world).into_iter();
        let found = found.filter(|(name, _)| name == "undo");
        found.map(|(_, found)| found).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of_undo(), "");
    world.servers[0].command(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    let found = of_undo();
    assert!(found.contains("`min-replicas-to-write`"), "{found}");
}

#[test]
fn r15_a_client_of_the_target_whose_last_word_was_a_ping_is_warned_of() {
    let world = World::start();
    let is_told = || {
        let found = warnings(&world);
        found
            .iter()
            .any(|(name, _)| name == "clients of the target")
    };
    role(&world.servers[1]);
    assert!(!is_told());
    let mut connection = world.servers[1].connection();
    redis::cmd("PING").exec(&mut connection).unwrap();
    assert!(is_told());
    drop(connection);
    crate::common::wait_until("it has left", || !is_told());
}
