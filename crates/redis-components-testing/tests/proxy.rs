//! What tests may rely on when they put a proxy before a server.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::time::{Duration, Instant};

use redis::{Connection, RedisResult};
use redis_components_testing::{Proxy, Server};

fn connect(proxy: &Proxy) -> RedisResult<Connection> {
    let client = redis::Client::open(proxy.url()).unwrap();
    let connection = client.get_connection_with_timeout(Duration::from_secs(10))?;
    connection.set_read_timeout(Some(Duration::from_secs(10)))?;
    Ok(connection)
}

fn echo(connection: &mut Connection, text: &str) -> RedisResult<String> {
    redis::cmd("ECHO").arg(text).query(connection)
}

#[test]
fn everything_passes_whole_or_in_single_bytes() {
    let server = Server::start();
    let proxy = Proxy::to(&server);
    let mut connection = connect(&proxy).unwrap();
    let text = "x".repeat(100_000);
    assert_eq!(echo(&mut connection, &text).unwrap(), text);
    proxy.trickle();
    let text = &text[..1000];
    assert_eq!(echo(&mut connection, text).unwrap(), text);
    assert_eq!(proxy.accepted(), 1);
}

#[test]
fn what_is_held_passes_later() {
    let server = Server::start();
    let proxy = Proxy::to(&server);
    let mut connection = connect(&proxy).unwrap();
    proxy.hold();
    connection
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    assert!(echo(&mut connection, "held").unwrap_err().is_timeout());
    assert_eq!(server.command_calls("echo"), 0);
    let deadline = Instant::now() + Duration::from_secs(10);
    proxy.pass();
    while server.command_calls("echo") == 0 {
        assert!(Instant::now() < deadline, "the command does not arrive");
    }
}

#[test]
fn one_connection_is_held_and_the_others_pass() {
    let server = Server::start();
    let proxy = Proxy::to(&server);
    let (mut first, mut second) = (connect(&proxy).unwrap(), connect(&proxy).unwrap());
    proxy.hold_one(2);
    second
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    assert!(echo(&mut second, "held").unwrap_err().is_timeout());
    assert_eq!(echo(&mut first, "passed").unwrap(), "passed");
    assert_eq!(echo(&mut connect(&proxy).unwrap(), "new").unwrap(), "new");
    assert_eq!(server.command_calls("echo"), 2);
}

#[test]
fn a_held_proxy_accepts_and_is_silent() {
    let server = Server::start();
    let proxy = Proxy::to(&server);
    proxy.hold();
    let client = redis::Client::open(proxy.url()).unwrap();
    let error = client
        .get_connection_with_timeout(Duration::from_millis(50))
        .err()
        .unwrap();
    assert!(error.is_timeout(), "{error}");
}

#[test]
fn a_delay_is_kept() {
    const DELAY: Duration = Duration::from_millis(30);
    let server = Server::start();
    let proxy = Proxy::to(&server);
    let mut connection = connect(&proxy).unwrap();
    proxy.delay(DELAY);
    let begun = Instant::now();
    echo(&mut connection, "late").unwrap();
    // There and back.
    assert!(begun.elapsed() >= 2 * DELAY);
}

#[test]
fn a_cut_closes_what_is_open_and_nothing_else() {
    let server = Server::start();
    let proxy = Proxy::to(&server);
    let mut old = connect(&proxy).unwrap();
    proxy.cut();
    assert!(echo(&mut old, "cut").unwrap_err().is_connection_dropped());
    let mut new = connect(&proxy).unwrap();
    assert_eq!(echo(&mut new, "new").unwrap(), "new");
}

#[test]
fn a_reply_can_be_cut_in_the_middle() {
    let server = Server::start();
    let proxy = Proxy::to(&server);
    let mut connection = connect(&proxy).unwrap();
    proxy.cut_after(3);
    let error = echo(&mut connection, "half").unwrap_err();
    assert!(!error.is_timeout(), "{error}");
    assert_eq!(server.command_calls("echo"), 1);
    proxy.pass();
    let mut connection = connect(&proxy).unwrap();
    assert_eq!(echo(&mut connection, "whole").unwrap(), "whole");
}

#[test]
fn a_proxy_can_hang_up_on_a_command() {
    let server = Server::start();
    let proxy = Proxy::to(&server);
    let mut open = connect(&proxy).unwrap();
    proxy.hang_up_on("CLIENT");
    assert_eq!(echo(&mut open, "CLIENT").unwrap(), "CLIENT");
    let asked = redis::cmd("client").arg("ID").exec(&mut open);
    assert!(asked.unwrap_err().is_connection_dropped());
    assert!(echo(&mut open, "gone").is_err());
    proxy.pass();
    let mut new = connect(&proxy).unwrap();
    redis::cmd("CLIENT").arg("ID").exec(&mut new).unwrap();
}

#[test]
fn a_proxy_can_keep_replies_back_by_their_text() {
    let server = Server::start();
    let proxy = Proxy::to(&server);
    let mut connection = connect(&proxy).unwrap();
    proxy.mute("secret");
    assert_eq!(echo(&mut connection, "told").unwrap(), "told");
    connection
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    assert!(echo(&mut connection, "a secret").unwrap_err().is_timeout());
    assert_eq!(server.command_calls("echo"), 2);
}

#[test]
fn a_proxy_that_refuses_can_accept_again() {
    let server = Server::start();
    let proxy = Proxy::to(&server);
    let mut open = connect(&proxy).unwrap();
    for _ in 0..3 {
        proxy.refuse();
        let error = connect(&proxy).err().unwrap();
        assert!(error.is_connection_refusal(), "{error}");
        assert_eq!(echo(&mut open, "open").unwrap(), "open");
        proxy.pass();
        let mut new = connect(&proxy).unwrap();
        assert_eq!(echo(&mut new, "new").unwrap(), "new");
    }
}

#[test]
fn nothing_is_left_of_a_dropped_proxy() {
    let server = Server::start();
    let proxy = Proxy::to(&server);
    let mut connection = connect(&proxy).unwrap();
    let (port, echoes) = (proxy.port(), server.command_calls("echo"));
    proxy.hold();
    drop(proxy);
    assert!(echo(&mut connection, "gone").is_err());
    // Another test may have been given the port, but it has not our proxy's server.
    let client = redis::Client::open(("127.0.0.1", port)).unwrap();
    if let Ok(mut other) = client.get_connection_with_timeout(Duration::from_secs(1)) {
        let _ = echo(&mut other, "another's");
    }
    assert_eq!(server.command_calls("echo"), echoes);
}
