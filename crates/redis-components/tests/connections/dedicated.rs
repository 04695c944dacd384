//! Connections of a call's own, which may wait for longer than commands otherwise may.

use std::thread;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use redis::aio::{ConnectionManager, MultiplexedConnection, PubSub};
use redis::{RedisResult, Value};
use redis_components::__private::{Acquire, AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::{Component, Connection, Scope, blocking};
use redis_components_testing::{Proxy, Server};

use crate::common::clients::{blocked, clients, kill_all_but};
use crate::common::{SOON, World, always_fresh, until, until_blocking};

/// Longer than commands may take otherwise.
const PATIENCE: Duration = Duration::from_millis(700);

async fn pop(queue: &'static Component) -> RedisResult<(String, String)> {
    let own = <Connection as AcquireDedicated>::acquire(queue, "pop").await;
    let mut pop = redis::cmd("BLPOP");
    pop.arg("queue").arg(0).query_async(&mut *own?).await
}

fn push_after(server: &Server, wait: Duration) {
    thread::sleep(wait);
    server.command(&["RPUSH", "queue", "element"]);
}

#[tokio::test]
async fn r10_a_dedicated_connection_waits_for_longer_than_a_command_may() {
    let world = World::start();
    let queue = always_fresh("queue");
    world.move_to(queue, &world.a);
    world
        .default_settings()
        .scope(async {
            let mut dedicated = <Connection as AcquireDedicated>::acquire(queue, "pop")
                .await
                .unwrap();
            let mut pop = redis::cmd("BLPOP");
            pop.arg("queue").arg(0);
            let (popped, ()) = tokio::join!(
                pop.query_async::<(String, String)>(&mut *dedicated),
                async {
                    tokio::time::sleep(PATIENCE).await;
                    world.a.command(&["RPUSH", "queue", "element"]);
                }
            );
            assert_eq!(popped.unwrap().1, "element");
        })
        .await;
}

#[tokio::test]
async fn r10_a_dedicated_connection_ends_with_its_call() {
    let world = World::start();
    let queue = always_fresh("queue");
    world.move_to(queue, &world.a);
    world
        .settings()
        .scope(async {
            {
                let mut dedicated =
                    <MultiplexedConnection as AcquireDedicated>::acquire(queue, "pop")
                        .await
                        .unwrap();
                let mut pop = redis::cmd("BLPOP");
                pop.arg("queue").arg(0);
                let waiting = async || clients(&world.a, "cmd=blpop") == 1;
                tokio::select! {
                    result = pop.query_async::<Value>(&mut *dedicated) => panic!("{result:?}"),
                    () = until("the call waits", waiting) => {}
                }
            }
            until("nobody waits", async || clients(&world.a, "cmd=blpop") == 0).await;
            world.a.command(&["RPUSH", "queue", "element"]);
            assert_eq!(world.a.command(&["LLEN", "queue"]), Value::Int(1));
        })
        .await;
}

#[test]
fn r10_a_dedicated_blocking_connection_waits_too_and_is_closed() {
    let world = World::start();
    let queue = always_fresh("queue");
    world.move_to(queue, &world.a);
    world.default_settings().scope_blocking(|| {
        let mut dedicated =
            <blocking::Connection as AcquireDedicatedBlocking>::acquire(queue, "pop").unwrap();
        let before = clients(&world.a, "name=");
        let popped: RedisResult<(String, String)> = thread::scope(|threads| {
            threads.spawn(|| push_after(&world.a, PATIENCE));
            redis::cmd("BLPOP")
                .arg("queue")
                .arg(SOON.as_secs())
                .query(&mut dedicated)
        });
        assert_eq!(popped.unwrap().1, "element");
        drop(dedicated);
        until_blocking("it is closed", || clients(&world.a, "name=") < before);
    });
}

#[tokio::test]
async fn r10_a_dedicated_connection_ends_when_its_server_does_not_answer() {
    let world = World::start();
    let queue = always_fresh("queue");
    world.move_to(queue, &world.a);
    world
        .default_settings()
        .scope(async {
            let mut dedicated = <Connection as AcquireDedicated>::acquire(queue, "pop")
                .await
                .unwrap();
            world.a.freeze();
            let mut pop = redis::cmd("BLPOP");
            pop.arg("queue").arg(0);
            let popped = pop.query_async::<Value>(&mut *dedicated);
            let popped = tokio::time::timeout(6 * SOON, popped).await;
            assert!(popped.expect("in time").is_err());
            world.a.thaw();
        })
        .await;
}

#[test]
fn r10_a_dedicated_blocking_connection_ends_when_its_server_does_not_answer() {
    let world = World::start();
    let queue = always_fresh("queue");
    world.move_to(queue, &world.a);
    world.default_settings().scope_blocking(|| {
        let mut dedicated =
            <blocking::Connection as AcquireDedicatedBlocking>::acquire(queue, "pop").unwrap();
        assert!(dedicated.is_current());
        assert_eq!(dedicated.generation(), 1);
        world.a.freeze();
        let begun = Instant::now();
        let popped: RedisResult<Value> = redis::cmd("BLPOP")
            .arg("queue")
            .arg(0)
            .query(&mut dedicated);
        assert!(popped.unwrap_err().is_timeout());
        // The server is asked every five seconds.
        assert!(begun.elapsed() < 6 * SOON, "{:?}", begun.elapsed());
        world.a.thaw();
    });
}

/// How many connections are opened if the server is asked twice over new ones.
const ASKED_TWICE: u64 = 2;

#[tokio::test]
async fn r10_a_call_that_waits_goes_on_if_only_the_shared_connection_has_ended() {
    let world = World::start();
    let queue = always_fresh("queue");
    world.move_to(queue, &world.a);
    world
        .default_settings()
        .scope(async {
            let mut hearing = <PubSub as Acquire>::acquire(queue, "hear").await.unwrap();
            hearing.subscribe("news").await.unwrap();
            let popping = tokio::spawn(Scope::wrap(pop(queue)));
            until("it waits", async || blocked(&world.a) == 1).await;
            let before = world.a.connections_received();
            kill_all_but(&world.a, &["cmd=blpop", "cmd=subscribe"]);
            // Both ask every five seconds.
            until("the server is asked", async || {
                world.a.connections_received() >= before + 2 * ASKED_TWICE
            })
            .await;
            world.a.command(&["RPUSH", "queue", "element"]);
            assert_eq!(popping.await.unwrap().unwrap().1, "element");
            assert_eq!(world.a.command(&["PUBLISH", "news", "one"]), Value::Int(1));
            assert!(hearing.on_message().next().await.is_some());
        })
        .await;
}

#[tokio::test]
async fn r10_a_call_that_waits_goes_on_if_only_the_shared_connection_is_silent() {
    let world = World::start();
    let proxy = Proxy::to(&world.a);
    let queue = always_fresh("queue");
    world.set(queue, &proxy.config());
    world
        .default_settings()
        .scope(async {
            let popping = tokio::spawn(Scope::wrap(pop(queue)));
            until("it waits", async || blocked(&world.a) == 1).await;
            let before = proxy.accepted();
            proxy.hold_one(1);
            until("the server is asked", async || {
                proxy.accepted() >= before + ASKED_TWICE
            })
            .await;
            world.a.command(&["RPUSH", "queue", "element"]);
            assert_eq!(popping.await.unwrap().unwrap().1, "element");
        })
        .await;
}

#[tokio::test]
async fn r10_a_server_that_is_down_is_a_typed_error_of_a_dedicated_connection_and_a_manager() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.set(logs, r#"{"host": "127.0.0.1", "port": 1}"#);
    world
        .settings()
        .scope(async {
            let manager = <ConnectionManager as Acquire>::acquire(logs, "read").await;
            let dedicated = <Connection as AcquireDedicated>::acquire(logs, "read").await;
            for error in [manager.err(), dedicated.err()] {
                let error = error.expect("nobody listens there");
                assert_eq!(error.component(), Some("logs"));
                assert_eq!(error.server(), Some("127.0.0.1:1"));
            }
        })
        .await;
}
