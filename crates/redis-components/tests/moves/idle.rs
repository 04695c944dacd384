//! Components that nobody calls.

use std::time::{Duration, Instant};

use redis_components::{Component, status};
use redis_components_testing::Proxy;

use crate::common::traffic::figure;
use crate::common::{HOUR, World, config_with, declare, until, whereabouts, whereabouts_blocking};

/// A component that a task and a thread have called and nobody calls any more, on server a.
async fn call_once(logs: &'static Component, world: &World) {
    assert_eq!(whereabouts(logs).await.unwrap(), "a");
    assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
    assert_eq!(world.a.connected_clients(), 2);
}

fn port_in_force() -> Option<u16> {
    let current = status().components[0].current.clone();
    current.map(|current| current.port)
}

#[tokio::test]
async fn r12_a_server_empties_that_a_component_has_left_which_nobody_calls() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            call_once(logs, &world).await;
            let kept = logs.connection().await.unwrap();
            world.move_to(logs, &world.b);
            let moved = Instant::now();
            // Only what is in use stays.
            until("a is left", async || world.a.connected_clients() == 1).await;
            figure(
                "a server that an idle component has left: empty after",
                [moved.elapsed()],
            );
            assert_eq!(port_in_force(), Some(world.b.port()));
            assert_eq!(status().components[0].old_connections, 1);
            assert!(!kept.is_current());
            drop(kept);
            until("a is empty", async || world.a.connected_clients() == 0).await;
            until("nobody is on b", async || world.b.connected_clients() == 0).await;
            assert_eq!(whereabouts(logs).await.unwrap(), "b");

            world.set(logs, r#"{"disabled": true}"#);
            until("b is empty", async || world.b.connected_clients() == 0).await;
            assert_eq!(port_in_force(), None);
        })
        .await;
}

#[tokio::test]
async fn r12_a_config_that_keeps_changing_is_followed_though_nobody_calls() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            call_once(logs, &world).await;
            let (begun, mut changes) = (Instant::now(), 0);
            until("a is empty", async || {
                world.set(
                    logs,
                    &config_with(world.b.port(), &format!(r#""db":{}"#, changes % 16)),
                );
                changes += 1;
                tokio::time::sleep(Duration::from_millis(200)).await;
                world.a.connected_clients() == 0
            })
            .await;
            figure(
                "a server that an idle component has left, whose config keeps changing: empty after",
                [begun.elapsed()],
            );
            assert_eq!(port_in_force(), Some(world.b.port()));
        })
        .await;
}

#[tokio::test]
async fn r5_a_component_that_nobody_calls_keeps_its_server_until_the_new_config_is_proven() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    let proxy = Proxy::to(&world.b);
    proxy.refuse();
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            call_once(logs, &world).await;
            let connections = world.a.connections_received();
            world.set(logs, &proxy.config());
            until("it is found to be unusable", async || {
                status().components[0].problem.is_some()
            })
            .await;
            call_once(logs, &world).await;
            assert_eq!(world.a.connections_received(), connections);
            proxy.pass();
            until("a is empty", async || world.a.connected_clients() == 0).await;
            assert_eq!(port_in_force(), Some(proxy.port()));
            assert_eq!(status().components[0].problem, None);
        })
        .await;
}
