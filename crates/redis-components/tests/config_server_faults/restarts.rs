//! A config server that was restarted, or not started yet, and a key that is gone.

use std::time::{Duration, Instant};

use redis_components::{ConfigSource, ErrorKind, Settings, status};
use redis_components_testing::Proxy;

use crate::common::moves::{LATE, Moves, Notice};
use crate::common::traffic::figure;
use crate::common::{SOON, World, always_fresh, declare, until, whereabouts};
use crate::{BACK, IN_FORCE, is_lost, is_on, undisturbed, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_key_that_is_gone_fails_no_call_and_is_followed_when_it_is_back() {
    undisturbed(World::settings, async |world, moves, notice, _| {
        let component = declare("logs", Notice::Poll.wait());
        let mut back = Vec::new();
        for gone in [
            &["DEL", "config:redis:logs"][..],
            &["FLUSHALL"],
            &["PEXPIRE", "config:redis:logs", "1"],
        ] {
            world.config.command(gone);
            until("the loss is noticed", async || is_lost()).await;
            let to = moves.elsewhere();
            let set = moves.on();
            until("the new config is seen", async || {
                is_on(to, component).await
            })
            .await;
            back.push(set.elapsed());
        }
        assert!(back.iter().all(|back| *back <= IN_FORCE), "{back:?}");
        figure(&format!("{notice:?}: config that is back in force"), back);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r2_a_restarted_config_server_is_tracked_again() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    let mut moves = Moves::of(&world, logs);
    moves.to("a");
    let is_tracked = || {
        let list = world.config.command(&["CLIENT", "LIST"]);
        let list: String = redis::from_redis_value(list).unwrap();
        list.lines().any(|client| client.contains(" flags=t "))
    };
    world
        .settings()
        .reread_interval(Duration::from_secs(3600))
        .scope(async {
            assert!(is_on("a", logs).await);
            let mut seen = Vec::new();
            for _ in 0..5 {
                world.config.restart();
                moves.to("a");
                within(BACK, "tracked again", async || is_tracked()).await;
                // Read again too, and not only tracked.
                until("pushes are back", async || {
                    status().components[0].source == ConfigSource::Push
                })
                .await;
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
                    // An attempt may be underway, which can no more be joined than a read that is; and a pause before it.
                    assert!(
                        begun.elapsed() <= 2 * CONNECT + BACK,
                        "{:?}",
                        begun.elapsed()
                    );

                    proxy.pass();
                    // A server that is up is asked again at the next attempt, for which a call without a client waits.
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
        .map(|_| {
            Settings::new(proxy.url())
                .scope_blocking(|| redis_components::Scope::current().unwrap())
        })
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
    assert!(
        attempts.iter().all(|some| some * 100 <= all * 15),
        "{attempts:?}"
    );
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
