//! Functions that take redis-rs's own connections: the component does not see what they are
//! answered.

use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, MultiplexedConnection};
use redis_components::__private::{Acquire, AcquireBlocking};
use redis_components::{shutdown, status};

use crate::common::clients::clients;
use crate::common::{SOON, World, always_fresh, name_of, name_of_blocking, until};

#[tokio::test]
async fn r6_a_manager_is_shared_by_calls_and_follows_the_component() {
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
fn r10_a_raw_blocking_connection_is_bounded_in_time() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.default_settings().scope_blocking(|| {
        let mut raw = <redis::Connection as AcquireBlocking>::acquire(logs, "read").unwrap();
        let name: String = redis::cmd("GET").arg("name").query(&mut raw).unwrap();
        assert_eq!(name, "a");
        let waited = redis::cmd("BLPOP").arg("queue").arg(0).exec(&mut raw);
        assert!(waited.unwrap_err().is_timeout());
    });
}

#[test]
fn r9_what_a_raw_blocking_connection_is_left_with_is_not_found_by_the_next() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.default_settings().scope_blocking(|| {
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
            assert_eq!(name_of_blocking(&mut shared).unwrap(), "a");
        }
        let begun = Instant::now();
        let mut next = <redis::Connection as AcquireBlocking>::acquire(logs, "read").unwrap();
        let waited = redis::cmd("BLPOP").arg("queue").arg(0).exec(&mut next);
        assert!(waited.unwrap_err().is_timeout());
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
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
