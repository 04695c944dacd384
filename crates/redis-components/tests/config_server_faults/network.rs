//! A network before the config server that swallows, delays and cuts.

use std::time::Duration;

use redis_components::Settings;
use redis_components_testing::Proxy;

use crate::common::clients::kill_clients;
use crate::common::moves::{Moves, Notice};
use crate::common::traffic::{STEADY, Traffic, failures, figure};
use crate::common::{HOUR, World, always_fresh, arrives, declare, patient, until, whereabouts};
use crate::{BACK, FOUND_OUT, is_lost, is_on, undisturbed, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_black_hole_before_the_config_server_fails_no_call() {
    for notice in Notice::BOTH {
        let world = World::start();
        let proxy = Proxy::to(&world.config);
        let logs = declare("logs", Notice::Poll.wait());
        let mut moves = Moves::of(&world, logs);
        moves.to("a");
        notice
            .apply(patient(Settings::new(proxy.url())))
            .scope(async {
                let traffic = Traffic::start(logs, STEADY);
                traffic.goes_on(100).await;
                proxy.hold();
                within(
                    FOUND_OUT,
                    &format!("{notice:?}: black hole noticed"),
                    async || is_lost(),
                )
                .await;
                moves.on();
                traffic.goes_on(500).await;
                proxy.pass();
                within(
                    BACK,
                    &format!("{notice:?}: config behind a black hole that is gone"),
                    async || is_on("b", logs).await,
                )
                .await;
                assert_eq!(failures(&traffic.stop().await), [""; 0]);
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_bad_network_before_the_config_server_fails_no_call() {
    for notice in Notice::BOTH {
        let world = World::start();
        let proxy = Proxy::to(&world.config);
        let logs = declare("logs", Notice::Poll.wait());
        let mut moves = Moves::of(&world, logs);
        moves.to("a");
        notice
            .apply(patient(Settings::new(proxy.url())))
            .scope(async {
                let traffic = Traffic::start(logs, STEADY);
                traffic.goes_on(100).await;
                let faults: [(&str, &dyn Fn()); 6] = [
                    ("single bytes", &|| proxy.trickle()),
                    ("delays", &|| proxy.delay(Duration::from_millis(20))),
                    ("cut replies", &|| proxy.cut_after(40)),
                    ("cut handshakes", &|| proxy.cut_after(3)),
                    ("a cut", &|| proxy.cut()),
                    ("refusals", &|| {
                        proxy.refuse();
                        proxy.cut();
                    }),
                ];
                for (what, fault) in faults {
                    fault();
                    let set = moves.on();
                    traffic.goes_on(200).await;
                    proxy.pass();
                    until("the move is seen", async || is_on(moves.here(), logs).await).await;
                    println!(
                        "figure: {notice:?}: seen through {what}: {:?}",
                        set.elapsed()
                    );
                }
                assert_eq!(failures(&traffic.stop().await), [""; 0]);
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_watch_that_is_cut_off_100_times_sees_every_move() {
    undisturbed(World::settings, async |world, moves, notice, _| {
        let component = declare("logs", Notice::Poll.wait());
        let mut seen = Vec::new();
        for _ in 0..50 {
            let to = moves.elsewhere();
            for _ in 0..2 {
                kill_clients(&world.config);
            }
            let set = moves.on();
            until("the move is seen", async || is_on(to, component).await).await;
            seen.push(set.elapsed());
        }
        let latest = seen.iter().max().copied().unwrap_or_default();
        assert!(latest <= BACK, "{notice:?}: {latest:?}");
        figure(
            &format!("{notice:?}: move seen by a watch that is cut off"),
            seen,
        );
        // One for each cut and the first, and not many for each: no storm.
        let connects = world.config.connections_received();
        assert!(connects <= 2 * 101, "{connects} connections");
    })
    .await;
}

#[tokio::test]
async fn r2_the_watchs_connection_may_be_killed_at_any_time() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .reread_interval(HOUR)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            for (server, name) in [(&world.b, "b"), (&world.a, "a")].repeat(50) {
                kill_clients(&world.config);
                world.move_to(logs, server);
                arrives(logs, name).await;
            }
            // One for each kill and the first, and not many for each: no storm.
            let connects = world.config.connections_received();
            assert!(connects <= 2 * 101, "{connects} connections");
        })
        .await;
}

#[tokio::test]
async fn r2_a_connection_to_the_config_server_that_ended_while_idle_costs_nothing() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            kill_clients(&world.config);
            world.move_to(logs, &world.b);
            // Not within a while, but at once.
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
        })
        .await;
}
