//! R15: a move whose config server is behind a network that loses answers.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use redis_components_testing::{Proxy, Server};
use rustix::process::Signal;
use serde_json::json;

use crate::common::{Operator, signal, wait_until};
use crate::copier::copier;
use crate::load::{RECORD, World};
use crate::moving_copy::{self, CLOSED, fence};

/// For how long an answer is on its way.
const ON_ITS_WAY: Duration = Duration::from_millis(100);

fn has(server: &Server, key: &str, part: &str) -> bool {
    let found = server.command(&["GET", key]);
    let found = redis::from_redis_value::<Option<String>>(found).unwrap();
    found.is_some_and(|text| text.contains(part))
}

/// Waits until the config names the new server, and closes the way before the answer is through.
fn lose_answer(proxy: &Proxy, config: &Server, part: &str) {
    proxy.delay(ON_ITS_WAY);
    wait_until("the config is written", || {
        has(config, "config:redis:logs", part)
    });
    proxy.refuse();
    proxy.cut();
}

#[test]
fn r15_a_copy_whose_commit_is_unknown_keeps_writes_from_the_old_server() {
    let world = moving_copy::World::start();
    let proxy = Proxy::to(&world.config);
    let operator = Operator::at(&proxy.url());
    let program = copier("");
    let (code, envelope) = thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("the fence", || fence(&world.source) == CLOSED);
            lose_answer(&proxy, &world.config, "cluster");
        });
        operator.json(&world.words(&program))
    });
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (4, &json!("outcome_unknown")),
        "{envelope:#}"
    );
    assert_eq!(fence(&world.source), CLOSED);
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    assert_eq!(fence(&world.source), CLOSED);
}

#[test]
fn r15_a_move_whose_commit_is_unknown_says_so() {
    let world = World::start();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&words);
    let proxy = Proxy::to(&world.config);
    let operator = Operator::at(&proxy.url());
    let part = world.servers[1].port().to_string();
    let (code, envelope) = thread::scope(|scope| {
        scope.spawn(|| lose_answer(&proxy, &world.config, &part));
        operator.json(&["move", "logs", "--cut", "--yes"])
    });
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (4, &json!("outcome_unknown")),
        "{envelope:#}"
    );
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_a_record_that_may_be_written_is_looked_for() {
    let world = World::start();
    let proxy = Proxy::to(&world.config);
    let operator = Operator::at(&proxy.url());
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--yes"];
    proxy.hang_up_on("EXEC");
    let (code, envelope) = operator.json(&words);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (4, &json!("outcome_unknown")),
        "{envelope:#}"
    );
    assert!(!has(&world.config, RECORD, "move-"));
    // It is there, and the move goes on over another connection.
    proxy.delay(ON_ITS_WAY / 4);
    let moved = thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("the record", || has(&world.config, RECORD, "move-"));
            proxy.cut();
            proxy.pass();
        });
        operator.data(&words)
    });
    assert_eq!(moved["state"], "committed", "{moved:#}");
    world.is_on(1);
}

#[test]
fn r15_an_interrupt_while_the_record_is_written_is_not_told_as_nothing() {
    let world = World::start();
    let proxy = Proxy::to(&world.config);
    proxy.delay(ON_ITS_WAY / 2);
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--yes"];
    let operator = Operator::at(&proxy.url());
    let mut command = operator.command(&words);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut moving = command.spawn().unwrap();
    wait_until("the record", || has(&world.config, RECORD, "move-"));
    signal(&moving, Signal::INT);
    assert_eq!(moving.wait().unwrap().code(), Some(4));
    world.operator.done(&["move", "logs", "--abort", "--yes"]);
    world.is_on(0);
}
