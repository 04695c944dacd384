//! What tests may rely on when they start a server.

use std::time::{Duration, Instant};

use redis::{ConnectionLike, Value};
use redis_components_testing::Server;

#[test]
fn a_server_answers_where_it_says_it_is() {
    let server = Server::start();
    assert_eq!(server.url(), format!("redis://127.0.0.1:{}", server.port()));
    assert_eq!(
        server.config(),
        format!(r#"{{"host":"127.0.0.1","port":{}}}"#, server.port())
    );
    server.command(&["SET", "key", "value"]);
    let value: String = redis::cmd("GET")
        .arg("key")
        .query(&mut server.connection())
        .unwrap();
    assert_eq!(value, "value");
}

#[test]
fn commands_are_counted_by_name_from_zero() {
    let server = Server::start();
    assert_eq!(server.command_calls("lpush"), 0);
    server.command(&["LPUSH", "list", "a"]);
    server.command(&["LPUSH", "list", "b"]);
    server.command(&["LPUSHX", "list", "c"]);
    assert_eq!(server.command_calls("lpush"), 2);
}

#[test]
fn only_other_peoples_connections_are_counted() {
    let server = Server::start();
    assert_eq!(
        (server.connections_received(), server.connected_clients()),
        (0, 0)
    );
    let kept = server.connection();
    drop(server.connection());
    assert_eq!(server.connections_received(), 2);
    eventually(|| server.connected_clients() == 1);
    drop(kept);
    eventually(|| server.connected_clients() == 0);
}

#[test]
fn an_observer_whose_connection_was_closed_comes_back_uncounted() {
    let server = Server::start();
    let mut connection = server.connection();
    let kill = redis::cmd("CLIENT")
        .arg(&["KILL", "TYPE", "normal"])
        .to_owned();
    let mut kill = || kill.query::<u64>(&mut connection).unwrap();
    assert_eq!(kill(), 1);
    // What changes nothing is asked again.
    assert_eq!(server.command_calls("ping"), 0);
    assert_eq!(kill(), 1);
    let refused =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| server.command(&["PING"])));
    assert!(refused.is_err());
    assert_eq!(
        server.command(&["PING"]),
        Value::SimpleString("PONG".to_owned())
    );
    assert_eq!(
        (server.connections_received(), server.connected_clients()),
        (1, 1)
    );
}

#[test]
fn a_stopped_server_refuses_and_a_restarted_one_has_its_port() {
    let server = Server::start();
    server.command(&["SET", "key", "value"]);
    let port = server.port();
    server.stop();
    assert!(server.client().get_connection().is_err());
    server.restart();
    assert_eq!(server.port(), port);
    assert_eq!(server.command(&["GET", "key"]), Value::Nil);
    assert_eq!(server.connections_received(), 0);
}

#[test]
fn a_restarted_server_finds_what_it_was_told_to_keep() {
    let server = Server::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    server.command(&["SET", "key", "value"]);
    server.restart();
    assert_eq!(
        server.command(&["GET", "key"]),
        Value::BulkString(b"value".to_vec())
    );
}

#[test]
fn a_frozen_server_is_silent_until_it_is_thawed() {
    let server = Server::start();
    let mut connection = server.connection();
    server.freeze();
    connection
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let error = redis::cmd("PING")
        .query::<String>(&mut connection)
        .unwrap_err();
    assert!(error.is_timeout(), "{error}");
    server.thaw();
    assert!(server.connection().check_connection());
}

#[test]
fn nothing_is_left_of_a_dropped_server_frozen_or_not() {
    let servers = [Server::start(), Server::start()];
    let ours = servers.each_ref().map(run_id);
    let clients = servers.each_ref().map(Server::client);
    servers[1].freeze();
    drop(servers);
    for (ours, client) in ours.iter().zip(clients) {
        // Another test's server may have been given the port.
        if let Ok(mut connection) = client.get_connection() {
            assert_ne!(run_id_over(&mut connection).as_ref(), Some(ours));
        }
    }
}

#[test]
fn a_password_is_used_and_not_told() {
    let server = Server::start_with(&["--requirepass", "s3cret"]);
    server.command(&["PING"]);
    assert!(server.connection().check_connection());
    let told = format!("{} {} {server:?}", server.url(), server.config());
    assert!(!told.contains("s3cret"), "{told}");
    let stranger = redis::Client::open(server.url()).unwrap();
    let error = redis::cmd("PING")
        .query::<String>(&mut stranger.get_connection().unwrap())
        .unwrap_err();
    assert_eq!(error.code(), Some("NOAUTH"));
}

#[test]
fn refused_arguments_are_reported_in_the_servers_words() {
    let error = Server::try_start_with(&["--no-such-option", "1"])
        .unwrap_err()
        .to_string();
    assert!(error.contains("no-such-option"), "{error}");
}

fn run_id(server: &Server) -> String {
    run_id_over(&mut server.connection()).expect("it has one")
}

/// What each run of a server is told by.
fn run_id_over(connection: &mut redis::Connection) -> Option<String> {
    let info: String = redis::cmd("INFO").arg("server").query(connection).ok()?;
    let line = info.lines().find(|line| line.starts_with("run_id:"));
    line.map(str::to_owned)
}

fn eventually(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(
            Instant::now() < deadline,
            "the condition did not become true"
        );
        std::thread::yield_now();
    }
}
