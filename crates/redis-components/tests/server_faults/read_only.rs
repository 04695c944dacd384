//! A server that has become a replica, which the component has not been told.

use std::time::Duration;

use redis::{RedisResult, Value};
use redis_components::Component;

use crate::common::{
    HOUR, World, count, counter, declare, name_of, until, until_blocking, whereabouts,
    whereabouts_blocking,
};

/// The server at the component's address has become a replica; the component has moved, but nobody
/// has asked.
#[tokio::test]
async fn r10_a_server_that_is_read_only_makes_the_component_look_where_it_is() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .push(false)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            whereabouts_blocking(logs).unwrap();
            let port = world.b.port().to_string();
            world.a.command(&["REPLICAOF", "127.0.0.1", &port]);
            world.move_to(logs, &world.b);
            until("writes arrive", async || count(logs).await.is_ok()).await;
            assert_eq!(counter(&world.b), 1);
            assert_eq!(whereabouts_blocking(logs).unwrap(), "b");
        })
        .await;
}

#[test]
fn r10_a_blocking_call_that_meets_a_read_only_server_makes_the_component_look_too() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world.settings().push(false).scope_blocking(|| {
        let write = || -> RedisResult<()> {
            let mut connection = logs.blocking_connection()?;
            redis::cmd("SET")
                .arg("written")
                .arg(1)
                .query(&mut connection)
        };
        write().unwrap();
        let port = world.b.port().to_string();
        world.a.command(&["REPLICAOF", "127.0.0.1", &port]);
        world.move_to(logs, &world.b);
        until_blocking("writes arrive", || write().is_ok());
        assert_eq!(whereabouts_blocking(logs).unwrap(), "b");
    });
}

/// A client that is younger is kept, because its successor might find the same.
const OLD_ENOUGH: Duration = Duration::from_millis(1_100);

/// Makes `a` a replica of `b` and says that the component is on `b`, which nobody has asked.
fn demote_a(world: &World, component: &Component) {
    let port = world.b.port().to_string();
    world.a.command(&["REPLICAOF", "127.0.0.1", &port]);
    world.move_to(component, &world.b);
}

#[tokio::test]
async fn r4_a_refused_command_is_sent_once_more_where_the_component_is() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .push(false)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let mut kept = logs.connection().await.unwrap();
            redis::cmd("PING").exec_async(&mut kept).await.unwrap();
            tokio::time::sleep(OLD_ENOUGH).await;
            demote_a(&world, logs);
            let mut fresh = logs.connection().await.unwrap();
            // Its second command stays where its first one went.
            let mut incr = redis::cmd("INCR");
            let refused: RedisResult<i64> = incr.arg("kept").query_async(&mut kept).await;
            assert_eq!(refused.unwrap_err().code(), Some("READONLY"));
            let sent: i64 = redis::cmd("INCR")
                .arg("fresh")
                .query_async(&mut fresh)
                .await
                .unwrap();
            assert_eq!(sent, 1);
            assert_eq!(name_of(&mut fresh).await.unwrap(), "b");
            let incremented = world.b.command(&["GET", "fresh"]);
            assert_eq!(incremented, Value::BulkString(b"1".to_vec()));
        })
        .await;
}

#[test]
fn r4_a_refused_blocking_command_is_sent_once_more_where_the_component_is() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world.settings().push(false).scope_blocking(|| {
        assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
        std::thread::sleep(OLD_ENOUGH);
        demote_a(&world, logs);
        let mut fresh = logs.blocking_connection().unwrap();
        let sent: i64 = redis::cmd("INCR").arg("fresh").query(&mut fresh).unwrap();
        assert_eq!(sent, 1);
        let incremented = world.b.command(&["GET", "fresh"]);
        assert_eq!(incremented, Value::BulkString(b"1".to_vec()));
    });
}
