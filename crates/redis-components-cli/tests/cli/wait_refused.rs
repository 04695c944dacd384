//! `wait` at a config server that turns it away.

use redis_components_testing::Server;

use crate::common::{Operator, wait_until};
use crate::receipts::Process;
use crate::waiting::{Waiting, behind, follows, make_logs};

/// A config server that lets nobody in any more is no reason to wait.
#[test]
fn wait_ends_when_its_login_is_refused() {
    let server = Server::start();
    let digest = make_logs(&Operator::of(&server), &server);
    Process::new("shop", 1).report(&server, "logs", &behind(&digest));
    let user = ["ACL", "SETUSER", "op", "on", ">pw", "~*", "+@all"];
    server.command(&user);
    let operator = Operator::at(&format!("redis://op:pw@127.0.0.1:{}", server.port()));
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    waiting.next("begin");
    // That ends its connection too.
    server.command(&["ACL", "DELUSER", "op"]);
    assert_eq!(waiting.child.wait().unwrap().code(), Some(5));
}

/// One that is busy for a while is waited for.
#[test]
fn wait_outlasts_a_config_server_at_its_limit_of_clients() {
    let server = Server::start();
    let digest = make_logs(&Operator::of(&server), &server);
    let process = Process::new("shop", 1);
    process.report(&server, "logs", &behind(&digest));
    let operator = Operator::of(&server);
    let mut waiting = Waiting::start(&operator, &["wait", "logs", "--timeout", "5m"]);
    waiting.next("begin");
    let client = server.client();
    let mut ours = client.get_connection().unwrap();
    let mut send = |words: &[&str]| -> redis::Value {
        redis::cmd(words[0])
            .arg(&words[1..])
            .query(&mut ours)
            .unwrap()
    };
    send(&["CONFIG", "SET", "maxclients", "1"]);
    send(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    wait_until("it is turned away", || {
        let info: String = redis::from_redis_value(send(&["INFO", "stats"])).unwrap();
        !info.contains("rejected_connections:0\r")
    });
    send(&["CONFIG", "SET", "maxclients", "1000"]);
    for command in process.commands("logs", &follows(&digest)) {
        let words: Vec<_> = command.iter().map(String::as_str).collect();
        send(&words);
    }
    assert_eq!(waiting.child.wait().unwrap().code(), Some(0));
}
