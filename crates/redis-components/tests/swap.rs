//! R2, R3, R4, R5, R9: what happens when a component moves, and when it cannot.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::impostors::refuses;
use common::{World, always_fresh, blocked, count, counter, declare, name_of, until, whereabouts};
use redis_components::{Component, ComponentConfig, Scope, status};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_no_call_is_lost_or_made_twice_while_the_component_moves() {
    const CALLS: u64 = 40_000;
    const MOVES: u64 = 100;
    let world = World::start();
    let logs = declare("logs", Duration::from_millis(5));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let made = Arc::new(AtomicU64::new(0));
            let callers: Vec<_> = (0..64)
                .map(|_| {
                    let made = Arc::clone(&made);
                    tokio::spawn(Scope::wrap(async move {
                        while made.fetch_add(1, Ordering::Relaxed) < CALLS {
                            count(logs).await.unwrap();
                        }
                    }))
                })
                .collect();
            for step in 1..=MOVES {
                until("the calls go on", async || {
                    made.load(Ordering::Relaxed) >= step * CALLS / (MOVES + 1)
                })
                .await;
                world.move_to(logs, if step % 2 == 0 { &world.a } else { &world.b });
            }
            for caller in callers {
                caller.await.unwrap();
            }
            let (on_a, on_b) = (counter(&world.a), counter(&world.b));
            assert_eq!(on_a + on_b, CALLS);
            assert!(on_a > 0 && on_b > 0, "{on_a} on a, {on_b} on b");
        })
        .await;
}

#[tokio::test]
async fn r4_a_call_in_flight_finishes_where_it_began() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.set(
        logs,
        &format!(
            r#"{{"host":"127.0.0.1","port":{},"socket_timeout":30}}"#,
            world.a.port()
        ),
    );
    world
        .settings()
        .scope(async {
            let call = tokio::spawn(Scope::wrap(async move {
                let mut connection = logs.connection().await.unwrap();
                redis::cmd("BLPOP")
                    .arg("inbox")
                    .arg(20)
                    .query_async::<(String, String)>(&mut connection)
                    .await
            }));
            until("the call is on a", async || blocked(&world.a) == 1).await;
            world.move_to(logs, &world.b);
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            world.a.command(&["LPUSH", "inbox", "answer"]);
            assert_eq!(call.await.unwrap().unwrap().1, "answer");
        })
        .await;
}

#[tokio::test]
async fn r3_the_old_server_empties() {
    let world = World::start();
    let logs = always_fresh("logs");
    world
        .settings()
        .scope(async {
            for (new, old, name) in
                [(&world.a, &world.b, "a"), (&world.b, &world.a, "b")].repeat(20)
            {
                world.move_to(logs, new);
                assert_eq!(whereabouts(logs).await.unwrap(), name);
                until("nobody is left", async || old.connected_clients() == 0).await;
                assert_eq!(new.connected_clients(), 1);
            }
        })
        .await;
}

#[tokio::test]
async fn r9_a_connection_that_is_kept_goes_on_and_says_that_it_is_old() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut kept = logs.connection().await.unwrap();
            assert!(kept.is_current());
            world.move_to(logs, &world.b);
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            assert!(!kept.is_current());
            assert_eq!(name_of(&mut kept).await.unwrap(), "a");
            assert_eq!(status().components[0].old_connections, 1);
            drop(kept);
            assert_eq!(status().components[0].old_connections, 0);
            until("a is empty", async || world.a.connected_clients() == 0).await;
        })
        .await;
}

/// One way in which what the config server says cannot be used, and what `status()` says of it.
async fn is_undisturbed(
    world: &World,
    logs: &'static Component,
    spoil: impl FnOnce(),
    reason: &str,
) {
    world.move_to(logs, &world.a);
    assert_eq!(whereabouts(logs).await.unwrap(), "a");
    spoil();
    for _ in 0..20 {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
    }
    let problem = status().components[0].problem.clone().unwrap();
    assert!(
        problem.contains(reason),
        "{problem:?} does not say {reason:?}"
    );

    // And mended, it is followed.
    world.move_to(logs, &world.b);
    assert_eq!(whereabouts(logs).await.unwrap(), "b");
    assert_eq!(status().components[0].problem, None);
}

#[tokio::test]
async fn r5_a_config_that_cannot_be_used_leaves_the_component_where_it_was() {
    let world = World::start();
    let logs = always_fresh("logs");
    let key = logs.key();
    let refused = refuses();
    let locked = redis_components_testing::Server::start_with(&["--requirepass", "right"]);
    let with_password = |password: &str| {
        format!(
            r#"{{"host":"127.0.0.1","port":{},"password":"{password}"}}"#,
            locked.port()
        )
    };
    let values = [
        ("not json".to_owned(), "is not JSON"),
        (String::new(), "there is no config under"),
        ("[1]".to_owned(), "not a JSON object"),
        (r#"{"hots":"127.0.0.1"}"#.to_owned(), "did you mean `host`?"),
        (
            r#"{"host":"127.0.0.1","port":0}"#.to_owned(),
            "`port` must be",
        ),
        (r#"{"host":"127.0.0.1","ssl":true}"#.to_owned(), "TLS"),
        (
            format!(r#"{{"host":"127.0.0.1","port":{refused}}}"#),
            "onnection refused",
        ),
        (with_password("wrong"), "check `username` and `password`"),
        (locked.config(), "wants a password"),
        (
            format!(
                r#"{{"host":"127.0.0.1","port":{},"db":99}}"#,
                world.b.port()
            ),
            "cannot be used",
        ),
    ];
    world
        .settings()
        .scope(async {
            for (value, reason) in values {
                let spoil = || world.set(logs, &value);
                is_undisturbed(&world, logs, spoil, reason).await;
            }
            let delete = || drop(world.config.command(&["DEL", key]));
            is_undisturbed(&world, logs, delete, "there is no config under").await;
            let flush = || drop(world.config.command(&["FLUSHALL"]));
            is_undisturbed(&world, logs, flush, "there is no config under").await;
            let other_type = || {
                world.config.command(&["DEL", key]);
                world.config.command(&["LPUSH", key, "x"]);
            };
            is_undisturbed(&world, logs, other_type, "holds no string").await;
            world.set(logs, &with_password("right"));
            assert!(logs.connection().await.is_ok());
        })
        .await;
}

#[tokio::test]
async fn r5_a_server_that_comes_up_after_its_config_is_moved_to() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.b.stop();
            world.move_to(logs, &world.b);
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.b.restart();
            world.b.command(&["SET", "name", "b"]);
            until("the component has moved", async || {
                whereabouts(logs).await.unwrap() == "b"
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn a_config_is_written_validated_and_in_force_at_once() {
    let world = World::start();
    // An hour: it is not the `wait` that makes the change visible.
    let logs = declare("logs", Duration::from_secs(3600));
    world
        .settings()
        .scope(async {
            let on = |server: &redis_components_testing::Server| {
                ComponentConfig::new("127.0.0.1").port(server.port())
            };
            redis_components::set_config(logs, &on(&world.a))
                .await
                .unwrap();
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            redis_components::set_config(logs, &on(&world.b))
                .await
                .unwrap();
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            assert_eq!(
                redis_components::get_config(logs).await.unwrap(),
                on(&world.b)
            );

            let error = redis_components::set_config(logs, &on(&world.a).port(0))
                .await
                .unwrap_err();
            assert!(error.to_string().contains("`port` must be"), "{error}");
            assert_eq!(
                redis_components::get_config(logs).await.unwrap(),
                on(&world.b)
            );
        })
        .await;
}
