//! Sentinels that are gone, cut off, silent, or wrong.

use std::time::{Duration, Instant};

use redis_components::{ErrorKind, Settings};
use redis_components_testing::{Sentinels, Server};
use serde_json::json;

use crate::common::clients::clients;
use crate::common::impostors::starting;
use crate::common::{HOUR, SOON, count, declare, patient, until, whereabouts};
use crate::fake::Named;
use crate::set_up::{config_with, first_switch, in_force, problem};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_component_works_on_when_all_sentinels_are_gone() {
    let config = Server::start();
    let world = Sentinels::start();
    let logs = declare("logs", HOUR);
    config.command(&["SET", logs.key(), &world.config()]);
    let settings = patient(Settings::new(config.url()));
    settings
        .scope(async {
            assert_eq!(count(logs).await.unwrap(), 1);
            for sentinel in world.sentinels() {
                sentinel.stop();
            }
            until("the status says so", async || {
                problem().is_some_and(|text| text.contains("no sentinel names the primary"))
            })
            .await;
            let text = problem().unwrap();
            assert!(
                text.contains("which they named last, stays in use"),
                "{text}"
            );
            assert_eq!(count(logs).await.unwrap(), 2);
            // Another runtime connects to the last known primary.
            let scope = redis_components::Scope::current().unwrap();
            let other = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                runtime.unwrap().block_on(scope.run(count(logs)))
            });
            assert_eq!(other.join().unwrap().unwrap(), 3);
            for sentinel in world.sentinels() {
                sentinel.restart();
            }
            until("the status is well", async || problem().is_none()).await;
            assert_eq!(in_force().1, 1);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_frozen_sentinel_holds_up_neither_calls_nor_a_fail_over() {
    let config = Server::start();
    let world = Sentinels::start();
    let logs = declare("logs", HOUR);
    config.command(&["SET", logs.key(), &world.config()]);
    patient(Settings::new(config.url()))
        .scope(async {
            assert_eq!(count(logs).await.unwrap(), 1);
            let switched = first_switch(&world);
            world.sentinel(2).freeze();
            for _ in 0..100 {
                let begun = Instant::now();
                count(logs).await.unwrap();
                assert!(begun.elapsed() < SOON / 10);
            }
            world.begin_failover();
            until("the component follows", async || {
                drop(count(logs).await);
                in_force().1 >= 2
            })
            .await;
            let late = switched.recv().unwrap().elapsed();
            println!("figure: {late:?} after the first event, with a frozen sentinel");
            assert!(late < SOON / 10, "{late:?}");
            world.sentinel(2).thaw();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_components_share_the_watch_of_their_sentinels_and_it_ends_with_them() {
    let named = Named::by(1);
    named.name(0, &named.world.a, 1);
    let all = ["one", "two", "three"].map(|name| declare(name, HOUR));
    for component in all {
        named.world.set(component, &named.config);
    }
    named
        .world
        .settings()
        .scope(async {
            for component in all {
                assert_eq!(whereabouts(component).await.unwrap(), "a");
            }
            until("one connection stays", async || named.fakes[0].open() == 1).await;
            named.world.move_to(all[0], &named.world.b);
            named.world.move_to(all[1], &named.world.b);
            until("two have left", async || {
                whereabouts(all[0]).await.unwrap() == "b"
                    && whereabouts(all[1]).await.unwrap() == "b"
            })
            .await;
            assert_eq!(named.fakes[0].open(), 1);
            named.world.move_to(all[2], &named.world.b);
            until("nobody asks any more", async || named.fakes[0].open() == 0).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_cold_start_without_sentinels_is_a_typed_error_that_names_them() {
    let named = Named::by(1);
    let logs = declare("logs", HOUR);
    let nobody = crate::common::impostors::impostor(crate::common::impostors::tarpit);
    let config =
        format!(r#"{{"sentinels":["127.0.0.1:1","127.0.0.1:{nobody}"],"service_name":"main"}}"#);
    named.world.set(logs, &config);
    named
        .world
        .default_settings()
        .scope(async {
            let begun = Instant::now();
            let error = logs.connection().await.unwrap_err();
            assert!(begun.elapsed() < SOON / 2, "{:?}", begun.elapsed());
            assert_eq!(error.kind(), ErrorKind::ServerUnreachable);
            let text = error.to_string();
            for part in [
                "`main`",
                "127.0.0.1:1: ",
                &format!("127.0.0.1:{nobody}: no answer"),
            ] {
                assert!(text.contains(part), "{text}");
            }
            // As soon as one names a primary, calls are served.
            named.name(0, &named.world.a, 1);
            named.world.set(logs, &named.config);
            until("calls succeed", async || whereabouts(logs).await.is_ok()).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_an_unknown_service_is_named() {
    let named = Named::by(3);
    let logs = declare("logs", HOUR);
    named.world.set(logs, &named.config);
    named
        .world
        .settings()
        .scope(async {
            let error = logs.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ServerRefused);
            let text = error.to_string();
            assert!(text.contains("check `service_name`"), "{text}");
            // One that has lost the server says `?` or port 0.
            for (host, port) in [("?", 6379), ("127.0.0.1", 0)] {
                named.fakes[1].name(host, port, 0);
                until("the reason is known", async || {
                    let text = logs.connection().await.unwrap_err().to_string();
                    text.contains("check `service_name`")
                        && text.contains("it knows no address of it; check there")
                })
                .await;
            }
            // Added to the sentinels later, it is found at once.
            named.name(1, &named.world.a, 0);
            until("calls succeed", async || whereabouts(logs).await.is_ok()).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_sentinel_that_is_behind_moves_nobody_back() {
    let named = Named::by(3);
    let logs = declare("logs", HOUR);
    named.world.set(logs, &named.config);
    let (a, b) = (&named.world.a, &named.world.b);
    for sentinel in 0..3 {
        named.name(sentinel, a, 4);
    }
    named
        .world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            // One of three knows of the fail-over.
            named.name(2, b, 5);
            until("the newest epoch is believed", async || {
                whereabouts(logs).await.unwrap() == "b"
            })
            .await;
            // The others stay behind, and the one that knows says nothing any more.
            for answer in ["?", ""] {
                named.fakes[2].name(answer, 6379, 5);
                let until = Instant::now() + Duration::from_millis(2500);
                while Instant::now() < until {
                    assert_eq!(whereabouts(logs).await.unwrap(), "b");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            named.fakes[2].forget();
            // Two of three agree on a newer one.
            named.name(0, a, 6);
            until("the newest epoch is believed", async || {
                whereabouts(logs).await.unwrap() == "a"
            })
            .await;
            assert_eq!(in_force().1, 3);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_sentinels_that_tell_no_epoch_are_followed() {
    let named = Named::by(1);
    let logs = declare("logs", HOUR);
    named.world.set(logs, &named.config);
    named.name(0, &named.world.a, None);
    named
        .world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            named.name(0, &named.world.b, None);
            until("the new answer is used", async || {
                whereabouts(logs).await.unwrap() == "b"
            })
            .await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_replica_is_no_primary_yet() {
    let named = Named::by(1);
    let logs = declare("logs", HOUR);
    named.world.set(logs, &named.config);
    let (a, b) = (&named.world.a, &named.world.b);
    named.name(0, a, 1);
    named
        .world
        .default_settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            b.command(&["REPLICAOF", "127.0.0.1", "1"]);
            named.name(0, b, 2);
            until("the status says so", async || {
                // The primary that works goes on.
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                problem().is_some_and(|text| text.contains("it is a replica"))
            })
            .await;
            b.command(&["REPLICAOF", "NO", "ONE"]);
            until("it is the primary now", async || {
                whereabouts(logs).await.unwrap() == "b"
            })
            .await;
        })
        .await;
}

/// A proxy before it may do so for a moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_sentinel_that_hangs_up_once_is_still_heard() {
    let config = Server::start();
    let world = Sentinels::builder().sentinels(1, 1).start();
    let logs = declare("logs", HOUR);
    let port = starting(1, world.sentinel(0).port());
    let sentinels = json!({"sentinels": [format!("127.0.0.1:{port}")]});
    config.command(&["SET", logs.key(), &config_with(&world, &sentinels)]);
    patient(Settings::new(config.url()))
        .scope(async {
            until("it is reached", async || count(logs).await.is_ok()).await;
            assert_eq!(clients(world.sentinel(0), "resp=3"), 1);
        })
        .await;
}
