//! Servers that do not serve, components that are switched off, calls that outlast their server, and the end.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::time::{Duration, Instant};

use common::traffic::figure;
use common::{
    SOON, World, always_fresh, blocked, declare, name_of, until, whereabouts, whereabouts_blocking,
};
use redis_components::{
    Component, ComponentConfig, ErrorKind, Scope, Settings, blocking, shutdown, status,
};
use redis_components_testing::Proxy;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_component_is_switched_off_on_purpose() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let kept = logs.connection().await.unwrap();
            for value in [
                r#"{"disabled": true}"#,
                r#"{"host": "127.0.0.1", "disabled": true}"#,
            ] {
                world.set(logs, value);
                for _ in 0..3 {
                    let error = logs.connection().await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Disabled);
                    assert_eq!(
                        logs.blocking_connection().unwrap_err().kind(),
                        ErrorKind::Disabled
                    );
                }
            }
            assert!(!kept.is_current());
            let status = status();
            assert!(status.components[0].current.is_none());
            assert!(
                status.components[0]
                    .problem
                    .as_ref()
                    .unwrap()
                    .contains("switched off")
            );
            drop(kept);
            until("a is empty", async || world.a.connected_clients() == 0).await;

            world.move_to(logs, &world.a);
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let generation = logs.connection().await.unwrap().generation();
            assert!(generation > 1, "{generation}");

            redis_components::set_config(logs, &ComponentConfig::disabled())
                .await
                .unwrap();
            assert_eq!(
                logs.connection().await.unwrap_err().kind(),
                ErrorKind::Disabled
            );
        })
        .await;
}

/// The server at the component's address has become a replica; the component has moved, but nobody has asked.
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
            until("writes arrive", async || common::count(logs).await.is_ok()).await;
            assert_eq!(common::counter(&world.b), 1);
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
        let write = || -> redis::RedisResult<()> {
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
        let deadline = Instant::now() + SOON;
        while write().is_err() {
            assert!(Instant::now() < deadline, "writes arrive");
        }
        assert_eq!(whereabouts_blocking(logs).unwrap(), "b");
    });
}

#[tokio::test]
async fn r10_a_server_that_does_not_answer_is_asked_whether_it_is_there_and_left() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    let port = world.a.port();
    world.set(
        logs,
        &format!(r#"{{"host":"127.0.0.1","port":{port},"socket_timeout":0.05}}"#),
    );
    world
        .settings()
        .push(false)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.a.freeze();
            world.move_to(logs, &world.b);
            until("the component has left", async || {
                let Ok(mut connection) = logs.connection().await else {
                    return false;
                };
                name_of(&mut connection).await.is_ok_and(|name| name == "b")
            })
            .await;
            world.a.thaw();
        })
        .await;
}

#[tokio::test]
async fn r10_a_frozen_server_is_found_out_by_calls_that_are_given_up() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let kept = logs.connection().await.unwrap();
            world.a.freeze();
            // Each has less patience than the response time-out.
            let patience = Duration::from_millis(20);
            until("the client is given up", async || {
                let _ = tokio::time::timeout(patience, whereabouts_or_error(logs)).await;
                !kept.is_current()
            })
            .await;
            world.a.thaw();
        })
        .await;
}

async fn whereabouts_or_error(component: &Component) -> Option<String> {
    let mut connection = component.connection().await.ok()?;
    name_of(&mut connection).await.ok()
}

#[tokio::test]
async fn r10_calls_that_time_out_on_a_server_that_is_there_replace_nothing() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut connection = logs.connection().await.unwrap();
            let pings = world.a.command_calls("ping");
            for _ in 0..3 {
                // A little longer than the response time-out: what comes behind it has time left to be answered.
                let popped: redis::RedisResult<Option<(String, String)>> = redis::cmd("BLPOP")
                    .arg("inbox")
                    .arg(0.55)
                    .query_async(&mut connection)
                    .await;
                assert!(popped.unwrap_err().is_timeout());
            }
            until("the server is asked", async || {
                world.a.command_calls("ping") > pings
            })
            .await;
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert!(connection.is_current());
            assert_eq!(world.a.connections_received(), 1);
        })
        .await;
}

#[tokio::test]
async fn r4_calls_that_outlast_the_drain_deadline_go_on_unless_they_are_to_be_cut() {
    for cut in [false, true] {
        let world = World::start();
        let logs = always_fresh("logs");
        let port = world.a.port();
        world.set(
            logs,
            &format!(r#"{{"host":"127.0.0.1","port":{port},"socket_timeout":30}}"#),
        );
        let settings = world.settings().drain_deadline(Duration::from_millis(100));
        settings
            .cut_at_drain_deadline(cut)
            .scope(async {
                let mut connection = logs.connection().await.unwrap();
                let call = tokio::spawn(async move {
                    let popped: redis::RedisResult<(String, String)> = redis::cmd("BLPOP")
                        .arg("inbox")
                        .arg(20)
                        .query_async(&mut connection)
                        .await;
                    popped
                });
                until("the call is on a", async || blocked(&world.a) == 1).await;
                world.move_to(logs, &world.b);
                assert_eq!(whereabouts(logs).await.unwrap(), "b");
                if cut {
                    let error = call.await.unwrap().unwrap_err();
                    assert!(error.is_connection_dropped(), "{error}");
                    until("a is empty", async || world.a.connected_clients() == 0).await;
                } else {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    world.a.command(&["LPUSH", "inbox", "answer"]);
                    assert_eq!(call.await.unwrap().unwrap().1, "answer");
                }
            })
            .await;
    }
}

#[tokio::test]
async fn shutting_down_waits_for_calls_and_leaves_nothing_behind() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut kept = logs.connection().await.unwrap();
            whereabouts_blocking(logs).unwrap();
            assert_eq!(shutdown(Duration::from_millis(20)).await.unwrap(), 1);
            let errors = [
                logs.connection().await.unwrap_err(),
                logs.blocking_connection().unwrap_err(),
                always_fresh("other").connection().await.unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::ShutDown);
            }
            // What was under way goes on.
            assert_eq!(name_of(&mut kept).await.unwrap(), "a");
            drop(kept);
            assert_eq!(shutdown(Duration::from_secs(10)).await.unwrap(), 0);
            assert_eq!(blocking::shutdown(Duration::ZERO).unwrap(), 0);
            until("all is closed", async || {
                world.a.connected_clients() == 0 && world.config.connected_clients() == 0
            })
            .await;
        })
        .await;
}

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

#[test]
fn r12_shutting_down_closes_the_connections_of_runtimes_that_are_not_run() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    for settings in [world.settings(), Settings::fixed([("logs", world.a.url())])] {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        settings.scope_blocking(|| {
            let scope = Scope::current().unwrap();
            let name = runtime.block_on(scope.run(whereabouts(logs))).unwrap();
            assert_eq!(name, "a");
            assert_eq!(world.a.connected_clients(), 1);
            assert_eq!(blocking::shutdown(SOON).unwrap(), 0);
            let deadline = Instant::now() + SOON;
            while world.a.connected_clients() > 0 {
                assert!(Instant::now() < deadline, "a is empty");
                std::thread::yield_now();
            }
        });
        drop(runtime);
    }
}
