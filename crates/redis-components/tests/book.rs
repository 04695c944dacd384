//! The five faults of the listing in *Redis in Action* 5.4.3: this runtime has none of them.

mod common;

use std::sync::Arc;

use common::{HOUR, World, always_fresh, arrives, declare, until, whereabouts};
use redis_components::{ErrorKind, Scope};
use tokio::sync::Barrier;

#[tokio::test]
async fn r5_a_missing_key_is_an_error_and_not_localhost() {
    let world = World::start();
    let logs = always_fresh("logs");
    world
        .settings()
        .scope(async {
            let error = logs.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigMissing);
            assert_eq!(error.component(), Some("logs"));
            assert_eq!(error.key(), Some("config:redis:logs"));
            let server = format!("127.0.0.1:{}", world.config.port());
            assert_eq!(error.server(), Some(server.as_str()));
            assert!(
                error.to_string().contains("SET config:redis:logs"),
                "{error}"
            );

            world.move_to(logs, &world.a);
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_everybody_gets_a_connection_at_first_use() {
    let world = World::start();
    let names = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"];
    world
        .settings()
        .scope(async {
            for name in names {
                let logs = declare(name, HOUR);
                world.move_to(logs, &world.a);
                let (reads, connections) = (world.reads(), world.a.connections_received());

                let together = Arc::new(Barrier::new(64));
                let calls: Vec<_> = (0..64)
                    .map(|_| {
                        let together = Arc::clone(&together);
                        tokio::spawn(Scope::wrap(async move {
                            together.wait().await;
                            whereabouts(logs).await
                        }))
                    })
                    .collect();
                for call in calls {
                    assert_eq!(call.await.unwrap().unwrap(), "a");
                }
                // R6: one read in flight and one queued, for those who came when the first was
                // sent; one connect.
                let most = 2 + world.reads_again(1);
                assert!((1..=most).contains(&(world.reads() - reads)));
                assert_eq!(world.a.connections_received() - connections, 1);
            }
        })
        .await;
}

#[tokio::test]
async fn r1_a_check_that_failed_does_not_count_as_one() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.config.stop();
    world
        .settings()
        .scope(async {
            let error = logs.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigServerUnreachable);

            world.config.restart();
            world.move_to(logs, &world.a);
            // An hour's `wait` has not begun. (The watch may have found the server before the key
            // was there, which is believed for a moment.)
            until("the config is found", async || {
                whereabouts(logs).await.is_ok_and(|name| name == "a")
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn r5_a_dead_config_server_disturbs_nobody_who_has_a_client() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.config.stop();
            for _ in 0..1000 {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
            }
            world.config.restart();
            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
        })
        .await;
}

#[tokio::test]
async fn r2_a_config_that_somebody_else_has_read_is_still_compared_with_what_the_client_was_built_from()
 {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.move_to(logs, &world.b);
            // In the book this puts the new config into the table that the next call compares with.
            let config = redis_components::get_config(logs).await.unwrap();
            assert_eq!(config.to_json(), world.b.config());
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
        })
        .await;
}
