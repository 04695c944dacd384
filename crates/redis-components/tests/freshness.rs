//! R1, R6 and R7: how old a config may be, what asking costs, and what counts as a change.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::{HOUR, World, always_fresh, declare, name_of, whereabouts, whereabouts_blocking};
use redis_components::Scope;

/// Reads that are joined while they are in flight make this fail: what they bring may be older than
/// the SET.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r1_with_wait_zero_the_call_after_a_set_is_on_the_new_server() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let done = Arc::new(AtomicBool::new(false));
            // Others keep a read in flight at all times.
            let others: Vec<_> = (0..16)
                .map(|_| {
                    let done = Arc::clone(&done);
                    tokio::spawn(Scope::wrap(async move {
                        while !done.load(Ordering::Relaxed) {
                            whereabouts(logs).await.unwrap();
                        }
                    }))
                })
                .collect();
            for round in 0..500 {
                let (server, name) = match round % 2 {
                    0 => (&world.b, "b"),
                    _ => (&world.a, "a"),
                };
                world.move_to(logs, server);
                assert_eq!(whereabouts(logs).await.unwrap(), name, "round {round}");
            }
            done.store(true, Ordering::Relaxed);
            for other in others {
                other.await.unwrap();
            }
        })
        .await;
}

#[test]
fn r1_with_wait_zero_a_blocking_call_after_a_set_is_on_the_new_server() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.settings().scope_blocking(|| {
        for round in 0..200 {
            let (server, name) = match round % 2 {
                0 => (&world.b, "b"),
                _ => (&world.a, "a"),
            };
            world.move_to(logs, server);
            assert_eq!(whereabouts_blocking(logs).unwrap(), name, "round {round}");
        }
    });
}

#[tokio::test]
async fn r1_no_call_that_begins_later_than_wait_runs_on_the_old_config() {
    const WAIT: Duration = Duration::from_millis(50);
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            for (server, name) in [(&world.b, "b"), (&world.a, "a")].repeat(5) {
                world.move_to(logs, server);
                let set = Instant::now();
                let mut late = 0;
                while late < 20 {
                    let begun = Instant::now();
                    let found = whereabouts(logs).await.unwrap();
                    if begun - set > WAIT {
                        assert_eq!(found, name, "{:?} after the SET", begun - set);
                        late += 1;
                    }
                }
            }
        })
        .await;
}

#[tokio::test]
async fn r1_within_wait_the_config_server_is_not_asked() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            for _ in 0..1000 {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
            }
            assert!(world.reads() <= 1 + world.reads_again(1));
        })
        .await;
}

#[tokio::test]
async fn r6_concurrent_calls_share_reads() {
    const CALLS: u64 = 10_000;
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let left = Arc::new(AtomicU64::new(CALLS));
            let callers: Vec<_> = (0..100)
                .map(|_| {
                    let left = Arc::clone(&left);
                    tokio::spawn(Scope::wrap(async move {
                        let take = |left: u64| left.checked_sub(1);
                        while left
                            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                            .is_ok()
                        {
                            whereabouts(logs).await.unwrap();
                        }
                    }))
                })
                .collect();
            for caller in callers {
                caller.await.unwrap();
            }
            // On one thread all hundred ask at once and share; a few are enough to show that they
            // do.
            assert!(
                world.reads() < CALLS / 4,
                "{} reads for {CALLS} calls",
                world.reads()
            );
        })
        .await;
}

#[tokio::test]
async fn r6_components_of_one_config_server_share_its_connection() {
    let world = World::start();
    let components = ["one", "two", "three"].map(always_fresh);
    world
        .settings()
        .scope(async {
            for component in components {
                world.move_to(component, &world.a);
                assert_eq!(whereabouts(component).await.unwrap(), "a");
            }
            assert_eq!(world.config.connections_received(), 1);
        })
        .await;
}

#[tokio::test]
async fn r7_a_config_that_means_the_same_replaces_nothing() {
    let world = World::start();
    let logs = always_fresh("logs");
    let port = world.a.port();
    let spellings = [
        format!(r#"{{"host":"127.0.0.1","port":{port}}}"#),
        format!(r#"{{ "port" : {port} , "host" : "127.0.0.1" }}"#),
        format!(r#"{{"host":"127.0.0.1","port":{port},"db":0,"password":null,"ssl":false}}"#),
        format!(r#"{{"url":"redis://127.0.0.1:{port}"}}"#),
        format!(r#"{{"host":"127.0.0.1","port":{port},"comment":"moved by night","x-owner":7}}"#),
    ];
    world
        .settings()
        .scope(async {
            world.set(logs, &spellings[0]);
            let mut connection = logs.connection().await.unwrap();
            for spelling in spellings.iter().cycle().take(1000) {
                world.set(logs, spelling);
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
            }
            assert_eq!(world.a.connections_received(), 1);
            assert!(connection.is_current());
            assert_eq!(connection.generation(), 1);
            assert_eq!(name_of(&mut connection).await.unwrap(), "a");
        })
        .await;
}

#[tokio::test]
async fn r7_a_config_that_went_elsewhere_and_came_back_replaces_nothing() {
    let world = World::start();
    let logs = declare("logs", Duration::from_millis(20));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            // Nobody calls while the component is said to be on `b`.
            world.move_to(logs, &world.b);
            redis_components::get_config(logs).await.unwrap();
            world.move_to(logs, &world.a);
            redis_components::get_config(logs).await.unwrap();
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(world.a.connections_received(), 1);
            assert_eq!(world.b.connections_received(), 0);
        })
        .await;
}

#[tokio::test]
async fn r7_every_field_counts() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.a.command(&[
        "ACL", "SETUSER", "reader", "on", ">one", ">two", "~*", "+@all",
    ]);
    let address = format!(r#""host":"127.0.0.1","port":{}"#, world.a.port());
    let configs = [
        format!("{{{address}}}"),
        format!(r#"{{{address},"db":1}}"#),
        format!(r#"{{{address},"username":"reader","password":"one"}}"#),
        format!(r#"{{{address},"username":"reader","password":"two"}}"#),
        format!(r#"{{{address},"socket_timeout":2}}"#),
        format!(r#"{{{address},"socket_connect_timeout":0.9}}"#),
        format!(r#"{{{address},"max_connections":3}}"#),
    ];
    world
        .settings()
        .scope(async {
            for (generation, config) in (1..).zip(&configs) {
                world.set(logs, config);
                let connection = logs.connection().await.unwrap();
                assert_eq!(connection.generation(), generation, "{config}");
            }
        })
        .await;
}
