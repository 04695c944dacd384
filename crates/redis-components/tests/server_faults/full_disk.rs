//! A server that cannot save to disk: it refuses writes, and PING, and serves reads.

use redis_components_testing::Server;

use crate::common::clients::kill_clients;
use crate::common::disk::{disk_is_full, disk_is_well};
use crate::common::{
    HOUR, World, always_fresh, count, declare, name_of, until, until_blocking, whereabouts,
    whereabouts_blocking,
};

/// Its refusal of the probe shows that it lives, and that we are logged in.
#[tokio::test]
async fn r3_a_server_that_refuses_the_probe_because_its_disk_is_full_is_used() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    disk_is_full(&world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
            let refused = count(logs).await.unwrap_err();
            assert!(refused.contains("MISCONF"), "{refused}");
            disk_is_well(&world.a);
            count(logs).await.unwrap();
        })
        .await;
}

#[tokio::test]
async fn r10_a_server_whose_disk_is_full_is_connected_to_again() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
            disk_is_full(&world.a);
            kill_clients(&world.a);
            until("calls of tasks read", async || {
                let Ok(mut connection) = logs.connection().await else {
                    return false;
                };
                name_of(&mut connection).await.is_ok()
            })
            .await;
            until_blocking("calls of threads read", || {
                let connection = logs.blocking_connection();
                connection.is_ok_and(|mut connection| {
                    redis::cmd("GET")
                        .arg("name")
                        .query::<String>(&mut connection)
                        .is_ok()
                })
            });
        })
        .await;
}

/// What the two tests above stand on.
#[test]
fn r3_a_server_whose_disk_is_full_refuses_ping_and_serves_reads() {
    let server = Server::start();
    server.command(&["SET", "name", "a"]);
    disk_is_full(&server);
    let mut connection = server.connection();
    let refused = redis::cmd("PING").exec(&mut connection).unwrap_err();
    assert_eq!(refused.code(), Some("MISCONF"));
    let name: String = redis::cmd("GET")
        .arg("name")
        .query(&mut connection)
        .unwrap();
    assert_eq!(name, "a");
}
