//! The rights that a process needs on a config server, and no more: docs/security.md has them.

use redis::Value;
use redis_components::{ConfigSource, ErrorKind, Settings, get_config, set_config};
use redis_components_testing::Server;

use crate::common::{World, always_fresh, patient, source, until, until_blocking, whereabouts};

const PAGE: &str = include_str!("../../../../docs/security.md");

/// Runs the command of the page that makes this user.
fn make(server: &Server, user: &str) {
    let begins = format!("ACL SETUSER {user} ");
    let line = PAGE.lines().find(|line| line.starts_with(&begins)).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(server.command(&words), Value::Okay, "{line}");
}

fn settings_of(world: &World, user: &str) -> Settings {
    let port = world.config.port();
    let url = format!("redis://{user}:PASSWORD@127.0.0.1:{port}");
    patient(Settings::new(url)).receipts(false)
}

/// Returns what the server has refused.
fn refusals(server: &Server) -> usize {
    match server.command(&["ACL", "LOG"]) {
        Value::Array(entries) => entries.len(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn r11_a_reader_needs_the_rights_of_the_page_and_no_others() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    make(&world.config, "config-reader");
    settings_of(&world, "config-reader")
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(source(), ConfigSource::Push);
            world.move_to(logs, &world.b);
            until("the move is seen", async || {
                whereabouts(logs).await.unwrap() == "b"
            })
            .await;
            let config = get_config(logs).await.unwrap();
            assert_eq!(refusals(&world.config), 0);
            let error = set_config(logs, &config).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigServerRefused, "{error}");
            assert_eq!(refusals(&world.config), 1);
        })
        .await;
    let mut reader = world.config.connection();
    let mut may = |words: &[&str]| {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]).query::<Value>(&mut reader).is_ok()
    };
    assert!(may(&["AUTH", "config-reader", "PASSWORD"]));
    assert!(may(&["GETRANGE", "config:redis:logs", "0", "-1"]));
    for refused in [
        &["GETRANGE", "other", "0", "-1"][..],
        &["SET", "config:redis:logs", "{}"],
        &["DEL", "config:redis:logs"],
        &["KEYS", "*"],
        &["CLIENT", "LIST"],
        &["CLIENT", "KILL", "TYPE", "normal"],
        &["CONFIG", "GET", "*"],
        &["EVAL", "return 1", "0"],
        &["FLUSHALL"],
        &["SWAPDB", "0", "1"],
    ] {
        assert!(!may(refused), "{refused:?}");
    }
}

#[tokio::test]
async fn r11_a_writer_needs_the_rights_of_the_page_and_no_others() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    make(&world.config, "config-writer");
    settings_of(&world, "config-writer")
        .scope(async {
            let config = get_config(logs).await.unwrap();
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            set_config(logs, &config.port(world.b.port()))
                .await
                .unwrap();
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            assert_eq!(refusals(&world.config), 0);
        })
        .await;
    let mut writer = world.config.connection();
    let mut may = |words: &[&str]| {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]).query::<Value>(&mut writer).is_ok()
    };
    assert!(may(&["AUTH", "config-writer", "PASSWORD"]));
    for refused in [
        &["SET", "other", "{}"][..],
        &["DEL", "config:redis:logs"],
        &["EXPIRE", "config:redis:logs", "1"],
        &["EVAL", "return 1", "0"],
        &["FLUSHALL"],
        &["ACL", "LIST"],
    ] {
        assert!(!may(refused), "{refused:?}");
    }
}

#[test]
fn r11_a_replica_needs_the_rights_of_the_page_and_no_others() {
    let (primary, replica) = (Server::start(), Server::start());
    make(&primary, "replica");
    primary.command(&["SET", "k", "v"]);
    replica.command(&["CONFIG", "SET", "masteruser", "replica"]);
    replica.command(&["CONFIG", "SET", "masterauth", "PASSWORD"]);
    replica.command(&["REPLICAOF", "127.0.0.1", &primary.port().to_string()]);
    until_blocking("the replica has what its primary has", || {
        let copied = replica.try_command(&["GET", "k"]);
        copied.is_ok_and(|copied| copied == Value::BulkString(b"v".to_vec()))
    });
    assert_eq!(refusals(&primary), 0);
    let mut connection = primary.connection();
    let mut may = |words: &[&str]| {
        let mut command = redis::cmd(words[0]);
        let command = command.arg(&words[1..]);
        command.query::<Value>(&mut connection).is_ok()
    };
    assert!(may(&["AUTH", "replica", "PASSWORD"]));
    for refused in [
        &["GET", "k"][..],
        &["SET", "k", "x"],
        &["KEYS", "*"],
        &["CONFIG", "GET", "*"],
        &["CLIENT", "LIST"],
        &["FLUSHALL"],
    ] {
        assert!(!may(refused), "{refused:?}");
    }
}
