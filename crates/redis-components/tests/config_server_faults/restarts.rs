//! A config server that was restarted, or not started yet.

use std::time::{Duration, Instant};

use redis_components::{ConfigSource, ErrorKind, Scope, Settings};
use redis_components_testing::Proxy;

use crate::common::clients::clients;
use crate::common::moves::{LATE, Moves, Notice};
use crate::common::traffic::figure;
use crate::common::{
    HOUR, SOON, World, always_fresh, arrives, declare, patient, source, until, whereabouts,
};
use crate::{BACK, IN_FORCE, is_on, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r2_a_restarted_config_server_is_tracked_again() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    let mut moves = Moves::of(&world, logs);
    moves.to("a");
    let is_tracked = || clients(&world.config, " flags=t ") > 0;
    world
        .settings()
        .reread_interval(HOUR)
        .scope(async {
            assert!(is_on("a", logs).await);
            let mut seen = Vec::new();
            for _ in 0..5 {
                world.config.restart();
                moves.to("a");
                within(BACK, "tracked again", async || is_tracked()).await;
                // Read again too, and not only tracked.
                until("pushes are back", async || source() == ConfigSource::Push).await;
                until("a is still there", async || is_on("a", logs).await).await;
                let set = moves.to("b");
                until("the move is seen", async || is_on("b", logs).await).await;
                seen.push(set.elapsed());
                moves.to("a");
                until("the move is seen", async || is_on("a", logs).await).await;
            }
            assert!(seen.iter().all(|seen| *seen <= IN_FORCE), "{seen:?}");
            figure("pushed by a restarted server", seen);
        })
        .await;
}

#[tokio::test]
async fn r2_a_restarted_config_server_pushes_again() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .reread_interval(HOUR)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            // Written while nobody is connected: no push tells of it.
            world.config.restart();
            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
            until("pushes are back", async || source() == ConfigSource::Push).await;
            world.move_to(logs, &world.a);
            arrives(logs, "a").await;
        })
        .await;
}

#[tokio::test]
async fn r2_a_config_server_that_restarts_with_another_config_is_followed() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            for (server, name) in [(&world.b, "b"), (&world.a, "a")] {
                whereabouts(logs).await.unwrap();
                world.config.restart();
                world.move_to(logs, server);
                arrives(logs, name).await;
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_config_server_that_is_down_at_the_start_is_a_typed_error_and_found_when_it_is_up() {
    const CONNECT: Duration = Duration::from_secs(1);
    let world = World::start();
    let proxy = Proxy::to(&world.config);
    let faults: [&dyn Fn(); 2] = [&|| proxy.refuse(), &|| proxy.hold()];
    for fault in faults {
        for notice in Notice::BOTH {
            let logs = always_fresh("logs");
            world.move_to(logs, &world.a);
            fault();
            notice
                .apply(Settings::new(proxy.url()))
                .scope(async {
                    let begun = Instant::now();
                    let error = logs.connection().await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::ConfigServerUnreachable);
                    assert!(begun.elapsed() <= CONNECT + LATE, "{:?}", begun.elapsed());
                    let begun = Instant::now();
                    let error = logs.blocking_connection().unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::ConfigServerUnreachable);
                    // An attempt may be underway, which can no more be joined than a read that is;
                    // and a pause before it.
                    assert!(
                        begun.elapsed() <= 2 * CONNECT + BACK,
                        "{:?}",
                        begun.elapsed()
                    );

                    proxy.pass();
                    // A server that is up is asked again at the next attempt, for which a call
                    // without a client waits.
                    within(BACK, &format!("{notice:?}: first config"), async || {
                        logs.connection().await.is_ok()
                    })
                    .await;
                })
                .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_many_processes_that_lose_their_config_server_do_not_come_back_together() {
    const PROCESSES: usize = 40;
    const BUCKETS: usize = 20;
    let world = World::start();
    let proxy = Proxy::to(&world.config);
    let logs = declare("logs", Notice::Push.wait());
    world.move_to(logs, &world.a);
    let scopes: Vec<_> = (0..PROCESSES)
        .map(|_| patient(Settings::new(proxy.url())).scope_blocking(|| Scope::current().unwrap()))
        .collect();
    for scope in &scopes {
        assert_eq!(scope.clone().run(whereabouts(logs)).await.unwrap(), "a");
    }
    world.config.stop();
    // The first attempts are made soon, by everybody: what counts is that they then spread.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut attempts = Vec::new();
    for _ in 0..BUCKETS {
        let before = proxy.accepted();
        tokio::time::sleep(Duration::from_millis(100)).await;
        attempts.push(proxy.accepted() - before);
    }
    let all: u64 = attempts.iter().sum();
    println!("figure: attempts of {PROCESSES} in each tenth of a second: {attempts:?}");
    // Attempts that came together would all be in a few of them. If the machine stands still, some
    // do.
    attempts.sort_unstable();
    let busiest: u64 = attempts.iter().rev().take(BUCKETS / 5).sum();
    assert!(3 * busiest < 2 * all, "{attempts:?}");
    world.config.restart();
    world.move_to(logs, &world.b);
    let begun = Instant::now();
    for scope in &scopes {
        until("all are back", async || {
            scope.clone().run(whereabouts(logs)).await.unwrap() == "b"
        })
        .await;
    }
    assert!(begun.elapsed() <= SOON / 2, "{:?}", begun.elapsed());
    figure("forty are back", [begun.elapsed()]);
}
