//! A config server that cannot save to disk: it refuses writes, and PING, and serves reads.

use std::time::Instant;

use redis_components::status;

use crate::common::clients::kill_clients;
use crate::common::disk::disk_is_full;
use crate::common::{HOUR, World, always_fresh, declare, until, whereabouts};
use crate::is_lost;

#[tokio::test]
async fn r3_a_config_server_that_refuses_the_probe_because_its_disk_is_full_is_read() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    disk_is_full(&world.config);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
        })
        .await;
}

#[tokio::test]
async fn r5_a_config_server_whose_disk_is_full_is_connected_to_again() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            disk_is_full(&world.config);
            kill_clients(&world.config);
            let killed = Instant::now();
            // What was proven after that was proven over another connection.
            until("it is connected to again and proves configs", async || {
                let age = status().components[0].proof_age_seconds;
                age.is_some_and(|age| age < killed.elapsed().as_secs_f64() / 2.0) && !is_lost()
            })
            .await;
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
        })
        .await;
}
