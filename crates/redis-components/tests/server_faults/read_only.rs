//! A server that has become a replica, which the component has not been told.

use redis::RedisResult;

use crate::common::{
    HOUR, World, count, counter, declare, until, until_blocking, whereabouts, whereabouts_blocking,
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
