//! R15: what a command was about to send when it stood still arrives nowhere once another command has
//! decided about the move.

use std::thread;
use std::time::Duration;

use redis_components_testing::{Proxy, Server};
use rustix::process::Signal;
use serde_json::json;

use crate::common::{Run, signal, wait_until};
use crate::load::{World, role};
use crate::moving_fence::prepared;
use crate::moving_fence_faults::waits_behind_fence;

const ABORT: [&str; 4] = ["move", "logs", "--abort", "--yes"];

/// Returns the numbers of the connections over which commands act on a server.
fn acting(server: &Server) -> Vec<String> {
    let list = server.command(&["CLIENT", "LIST"]);
    let list: String = redis::from_redis_value(list).unwrap();
    let lines = list
        .lines()
        .filter(|line| line.contains(" name=redis-components:move:"));
    let ids = lines.filter_map(|line| line.strip_prefix("id=")?.split(' ').next());
    ids.map(str::to_owned).collect()
}

/// Lets a command begin whose request with `text` is held, another one end the move, and the request go on.
fn comes_late(world: &World, proxy: &Proxy, server: &Server, words: &[&str], text: &'static str) {
    proxy.hold_on(text);
    let mut command = world.operator.command(words).spawn().unwrap();
    wait_until("it is sent", || proxy.is_holding());
    // It closes its own connections if it can.
    command.kill().unwrap();
    command.wait().unwrap();
    let held = acting(server);
    assert!(!held.is_empty());
    world.operator.done(&ABORT);
    let left = acting(server);
    assert!(
        !held.iter().any(|id| left.contains(id)),
        "{held:?}, {left:?}"
    );
    keeps(server, proxy);
}

/// Lets what is held go on, and a server that is used meanwhile keep what it has.
fn keeps(server: &Server, proxy: &Proxy) {
    server.command(&["SET", "after", "it"]);
    proxy.pass();
    // A server that has it acts in less than that.
    thread::sleep(Duration::from_millis(200));
    assert_eq!(role(server), "master");
    let after = server.command(&["GET", "after"]);
    assert_eq!(redis::from_redis_value::<String>(after).unwrap(), "it");
}

#[test]
fn r15_an_attach_that_comes_late_does_not_empty_a_server_that_was_given_back() {
    let world = World::start();
    let target = &world.servers[1];
    let proxy = Proxy::to(target);
    let to = format!("127.0.0.1:{}", proxy.port());
    let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    let attach = "REPLICAOF\r\n$9\r\n127.0.0.1\r\n$5\r\n";
    comes_late(&world, &proxy, target, &words, attach);
    world.is_on(0);
}

#[test]
fn r15_a_cut_that_comes_late_does_not_cut_a_move_that_was_given_up() {
    let world = World::start();
    let source = &world.servers[0];
    let proxy = Proxy::to(source);
    let config = json!({"host": "127.0.0.1", "port": proxy.port()}).to_string();
    world.config.command(&["SET", "config:redis:logs", &config]);
    let to = world.address(1);
    let prepared = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&prepared);
    let words = ["move", "logs", "--cut", "--yes"];
    comes_late(&world, &proxy, source, &words, "TIMEOUT\r\n$3\r\n300\r\n");
}

#[test]
fn r15_an_abort_that_is_over_empties_nothing_later() {
    let world = World::start();
    let target = &world.servers[1];
    let proxy = Proxy::to(target);
    let to = format!("127.0.0.1:{}", proxy.port());
    let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    world.operator.done(&words);
    proxy.hold_on("FLUSHALL");
    let run = world.operator.done(&ABORT);
    assert!(run.stderr.contains("keeps its copy"), "{run:#?}");
    assert_eq!(acting(target), Vec::<String>::new());
    keeps(target, &proxy);
}

#[test]
fn r15_a_command_that_has_lost_its_lease_leaves_its_successor_alone() {
    let world = prepared();
    let [source, target] = &world.servers;
    let cutting = waits_behind_fence(&world, &["-o", "json"]);
    signal(&cutting, Signal::STOP);
    let leases = [0, 1].map(|server| format!("redis-components:lease:{}", world.address(server)));
    wait_until("the lease is over", || {
        let found = world.config.command(&["EXISTS", &leases[0]]);
        redis::from_redis_value::<u64>(found).unwrap() == 0
    });
    for lease in &leases {
        world.config.command(&["SET", lease, "another"]);
    }
    for server in [source, target] {
        for id in acting(server) {
            server.command(&["CLIENT", "KILL", "ID", &id]);
        }
    }
    let successor = [source, target].map(|server| {
        let mut connection = server.connection();
        let mut name = redis::cmd("CLIENT");
        name.arg("SETNAME").arg("redis-components:move:another");
        name.exec(&mut connection).unwrap();
        connection
    });
    signal(&cutting, Signal::CONT);
    let ended = Run::of(&cutting.wait_with_output().unwrap());
    assert_ne!(ended.code, 0, "{ended:#?}");
    for mut connection in successor {
        redis::cmd("PING").exec(&mut connection).unwrap();
    }
}
