//! The connections that functions are given beside the shared one, and one client for several manifests.

mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::traffic::figure;
use common::{SOON, World, always_fresh, declare, name_of, until};
use redis::aio::{ConnectionLike, ConnectionManager, MultiplexedConnection};
use redis::{RedisResult, Value};
use redis_components::__private::{
    Acquire, AcquireBlocking, AcquireDedicated, AcquireDedicatedBlocking,
};
use redis_components::{Component, Connection, blocking, shutdown, status};
use redis_components_testing::Server;

const HOUR: Duration = Duration::from_secs(3600);

/// Longer than commands may take otherwise.
const PATIENCE: Duration = Duration::from_millis(700);

fn clients(server: &Server, doing: &str) -> usize {
    let list: String = redis::from_redis_value(server.command(&["CLIENT", "LIST"])).expect("text");
    list.lines().filter(|line| line.contains(doing)).count()
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
        .settings()
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
fn r10_a_dedicated_blocking_connection_ends_when_its_server_does_not_answer() {
    let world = World::start();
    let queue = always_fresh("queue");
    world.move_to(queue, &world.a);
    world.settings().scope_blocking(|| {
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

#[tokio::test]
async fn r10_a_dedicated_connection_ends_when_its_server_does_not_answer() {
    let world = World::start();
    let queue = always_fresh("queue");
    world.move_to(queue, &world.a);
    world
        .settings()
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
fn r10_a_dedicated_blocking_connection_waits_too_and_is_closed() {
    let world = World::start();
    let queue = always_fresh("queue");
    world.move_to(queue, &world.a);
    world.settings().scope_blocking(|| {
        let mut dedicated =
            <blocking::Connection as AcquireDedicatedBlocking>::acquire(queue, "pop").unwrap();
        let before = clients(&world.a, "name=");
        let popped: RedisResult<(String, String)> = thread::scope(|threads| {
            threads.spawn(|| push_after(&world.a, PATIENCE));
            redis::cmd("BLPOP")
                .arg("queue")
                .arg(0)
                .query(&mut dedicated)
        });
        assert_eq!(popped.unwrap().1, "element");
        drop(dedicated);
        let deadline = std::time::Instant::now() + SOON;
        while clients(&world.a, "name=") == before {
            assert!(std::time::Instant::now() < deadline, "it stays open");
            thread::yield_now();
        }
    });
}

#[tokio::test]
async fn a_manager_is_shared_by_calls_and_follows_the_component() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut first = <ConnectionManager as Acquire>::acquire(logs, "read")
                .await
                .unwrap();
            let connected = clients(&world.a, "name=");
            let mut second = <ConnectionManager as Acquire>::acquire(logs, "read")
                .await
                .unwrap();
            assert_eq!(name_of(&mut first).await.unwrap(), "a");
            assert_eq!(name_of(&mut second).await.unwrap(), "a");
            assert_eq!(clients(&world.a, "name="), connected);

            world.move_to(logs, &world.b);
            let mut moved = <ConnectionManager as Acquire>::acquire(logs, "read")
                .await
                .unwrap();
            assert_eq!(name_of(&mut moved).await.unwrap(), "b");
            // R4: who has one already stays where it began.
            assert_eq!(name_of(&mut first).await.unwrap(), "a");
        })
        .await;
}

#[test]
fn a_raw_blocking_connection_is_bounded_in_time() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let mut raw = <redis::Connection as AcquireBlocking>::acquire(logs, "read").unwrap();
        let name: String = redis::cmd("GET").arg("name").query(&mut raw).unwrap();
        assert_eq!(name, "a");
        let waited = redis::cmd("BLPOP").arg("queue").arg(0).exec(&mut raw);
        assert!(waited.unwrap_err().is_timeout());
    });
}

#[test]
fn what_a_raw_blocking_connection_is_left_with_is_not_found_by_the_next() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let leaves: [&dyn Fn(&mut redis::Connection); 4] = [
            &|raw| redis::cmd("SELECT").arg(1).exec(raw).unwrap(),
            &|raw| redis::cmd("WATCH").arg("name").exec(raw).unwrap(),
            &|raw| redis::cmd("MULTI").exec(raw).unwrap(),
            &|raw| raw.set_read_timeout(None).unwrap(),
        ];
        for leave in leaves {
            let mut raw = <redis::Connection as AcquireBlocking>::acquire(logs, "read").unwrap();
            leave(&mut raw);
            drop(raw);
            let mut next = <redis::Connection as AcquireBlocking>::acquire(logs, "read").unwrap();
            let name: String = redis::cmd("GET").arg("name").query(&mut next).unwrap();
            assert_eq!(name, "a");
            let mut shared = logs.blocking_connection().unwrap();
            assert_eq!(common::name_of_blocking(&mut shared).unwrap(), "a");
        }
        let begun = Instant::now();
        let mut next = <redis::Connection as AcquireBlocking>::acquire(logs, "read").unwrap();
        let waited = redis::cmd("BLPOP").arg("queue").arg(0).exec(&mut next);
        assert!(waited.unwrap_err().is_timeout());
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    });
}

/// A component on server a that is not told where it moves.
fn untold(world: &World) -> &'static Component {
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    logs
}

/// What its functions are answered, or that they are not, is not seen by the component.
#[tokio::test]
async fn r10_a_frozen_server_is_found_out_by_functions_that_take_raw_connections() {
    async fn name_by<C: Acquire + ConnectionLike>(component: &'static Component) -> Option<String> {
        let mut raw = <C as Acquire>::acquire(component, "read").await.ok()?;
        name_of(&mut raw).await.ok()
    }
    async fn leaves<C: Acquire + ConnectionLike>() {
        let world = World::start();
        let logs = untold(&world);
        world
            .settings()
            .push(false)
            .scope(async {
                assert_eq!(name_by::<C>(logs).await.as_deref(), Some("a"));
                world.a.freeze();
                world.move_to(logs, &world.b);
                let begun = Instant::now();
                until("the component has left", async || {
                    name_by::<C>(logs).await.as_deref() == Some("b")
                })
                .await;
                figure(
                    "frozen server, raw connections: left after",
                    [begun.elapsed()],
                );
                world.a.thaw();
            })
            .await;
    }
    tokio::join!(
        leaves::<MultiplexedConnection>(),
        leaves::<ConnectionManager>()
    );
}

#[test]
fn r10_a_frozen_server_is_found_out_by_functions_that_take_raw_blocking_connections() {
    let world = World::start();
    let logs = untold(&world);
    world.settings().push(false).scope_blocking(|| {
        let name = || -> Option<String> {
            let mut raw = <redis::Connection as AcquireBlocking>::acquire(logs, "read").ok()?;
            redis::cmd("GET").arg("name").query(&mut raw).ok()
        };
        assert_eq!(name().as_deref(), Some("a"));
        world.a.freeze();
        world.move_to(logs, &world.b);
        let deadline = Instant::now() + SOON;
        while name().as_deref() != Some("b") {
            assert!(Instant::now() < deadline, "the component has left");
        }
        world.a.thaw();
    });
}

#[tokio::test]
async fn r4_a_raw_connection_that_is_in_use_is_counted_and_waited_for() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let old = || status().components[0].old_connections;
            let mut raw = <MultiplexedConnection as Acquire>::acquire(logs, "read")
                .await
                .unwrap();
            let another = raw.clone();
            world.move_to(logs, &world.b);
            let newer = <MultiplexedConnection as Acquire>::acquire(logs, "read")
                .await
                .unwrap();
            assert_eq!(old(), 1);
            assert_eq!(name_of(&mut raw).await.unwrap(), "a");
            drop(raw);
            assert_eq!(shutdown(Duration::from_millis(20)).await.unwrap(), 2);
            drop(another);
            until("the old one is gone", async || old() == 1).await;
            drop(newer);
            assert_eq!(shutdown(SOON).await.unwrap(), 0);
            until("all is closed", async || {
                world.a.connected_clients() == 0 && world.b.connected_clients() == 0
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn a_server_that_is_down_is_an_error_for_all_of_them() {
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

#[tokio::test]
async fn manifests_that_name_the_same_component_share_its_client() {
    let world = World::start();
    // As the generated code of two crates in one binary has it, each with a `wait` of its own.
    let mine = always_fresh("shared");
    let theirs = declare("shared", Duration::from_secs(3600));
    world.move_to(mine, &world.a);
    world
        .settings()
        .scope(async {
            let mut one = mine.connection().await.unwrap();
            let connected = clients(&world.a, "name=");
            let mut other = theirs.connection().await.unwrap();
            assert_eq!(name_of(&mut one).await.unwrap(), "a");
            assert_eq!(name_of(&mut other).await.unwrap(), "a");
            assert_eq!(clients(&world.a, "name="), connected);
            assert_eq!(status().components.len(), 1);

            // What one of them finds out holds for the other, whatever its `wait`.
            world.move_to(mine, &world.b);
            let mut one = mine.connection().await.unwrap();
            assert_eq!(name_of(&mut one).await.unwrap(), "b");
            let mut other = theirs.connection().await.unwrap();
            assert_eq!(name_of(&mut other).await.unwrap(), "b");
        })
        .await;
}
