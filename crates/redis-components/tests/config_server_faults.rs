//! R1, R2 and R5 while the config server is killed, frozen, cut off or emptied, and calls go on.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::time::{Duration, Instant};

use common::moves::{LATE, Moves, Notice};
use common::traffic::{STEADY, Traffic, failures, figure};
use common::{SOON, World, always_fresh, declare, until, whereabouts, whereabouts_blocking};
use futures_util::future::join_all;
use redis_components::{
    Component, ComponentConfig, ConfigSource, ErrorKind, Settings, set_config, status,
};
use redis_components_testing::{Proxy, Server};

/// Heartbeat, response time-out, and what a busy machine adds: until then a silent config server is found out.
const FOUND_OUT: Duration = Duration::from_millis(2500);
/// A connection that ends is noticed at once, and within `wait` where nobody waits on it; and what a busy machine adds.
const NOTICED: Duration = Duration::from_secs(1);
/// How long a config server that does not answer is waited for.
const SILENT: Duration = Duration::from_millis(500);
/// A change that is pushed or polled, and the building and probing of the new client, which may take the connect time-out.
const IN_FORCE: Duration = Duration::from_millis(1350);
/// The longest pause between attempts, and what a busy machine adds: until then one that is back is found.
const BACK: Duration = Duration::from_millis(1500);

/// How long the config server is away.
const OUTAGE: Duration = Duration::from_secs(10);
/// After an outage of any length: the longest pause between attempts, half a second, and what a busy machine adds.
const BACK_AFTER_AN_OUTAGE: Duration = Duration::from_secs(1);

fn is_lost() -> bool {
    status().components[0].problem.is_some()
}

/// How long it takes until the condition holds, which must not be longer than `bound`.
async fn within(bound: Duration, what: &str, condition: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    until(what, condition).await;
    let took = begun.elapsed();
    assert!(took <= bound, "{what}: after {took:?}");
    figure(what, [took]);
    took
}

/// Makes trouble under traffic, in both modes: no call fails, and none is late once the trouble is over.
async fn undisturbed(
    settings: impl Fn(&World) -> Settings,
    trouble: impl AsyncFn(&World, &mut Moves<'_>, Notice, &Traffic),
) {
    for notice in Notice::BOTH {
        let world = World::start();
        let logs = declare("logs", Notice::Poll.wait());
        let mut moves = Moves::of(&world, logs);
        moves.to("a");
        notice
            .apply(settings(&world))
            .scope(async {
                let traffic = Traffic::start(logs, STEADY);
                traffic.goes_on(100).await;
                trouble(&world, &mut moves, notice, &traffic).await;
                let calls = traffic.stop().await;
                assert_eq!(failures(&calls), [""; 0], "{notice:?}");
                figure(
                    &format!("{notice:?}: calls during the trouble"),
                    calls.iter().map(common::traffic::Call::took),
                );
            })
            .await;
    }
}

/// Waits for the end of an outage, while calls go on and `status()` tells of it.
async fn lasts(outage: Instant, traffic: &Traffic) {
    while outage.elapsed() < OUTAGE {
        traffic.goes_on(100).await;
        assert!(is_lost(), "after {:?}", outage.elapsed());
    }
}

async fn is_on(name: &str, component: &Component) -> bool {
    whereabouts(component).await.unwrap() == name
        && whereabouts_blocking(component).unwrap() == name
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_config_server_killed_for_10_seconds_fails_no_call_and_its_new_config_is_followed() {
    undisturbed(World::settings, async |world, moves, notice, traffic| {
        world.config.stop();
        let outage = Instant::now();
        within(NOTICED, &format!("{notice:?}: kill noticed"), async || {
            is_lost()
        })
        .await;
        lasts(outage, traffic).await;
        world.config.restart();
        // Nobody is connected: no push tells of it.
        moves.on();
        let component = declare("logs", Notice::Poll.wait());
        within(
            BACK_AFTER_AN_OUTAGE,
            &format!("{notice:?}: config of a restarted server"),
            async || is_on("b", component).await,
        )
        .await;
        assert!(!is_lost());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_config_server_frozen_for_10_seconds_fails_no_call_and_is_followed_when_it_thaws() {
    undisturbed(World::settings, async |world, moves, notice, traffic| {
        let mut writer = world.config.connection();
        world.config.freeze();
        let outage = Instant::now();
        within(
            FOUND_OUT,
            &format!("{notice:?}: freeze noticed"),
            async || is_lost(),
        )
        .await;
        // Written while it is frozen, done when it thaws.
        writer
            .send_packed_command(
                &redis::cmd("SET")
                    .arg("config:redis:logs")
                    .arg(world.b.config())
                    .get_packed_command(),
            )
            .unwrap();
        lasts(outage, traffic).await;
        world.config.thaw();
        let component = declare("logs", Notice::Poll.wait());
        within(
            BACK_AFTER_AN_OUTAGE,
            &format!("{notice:?}: config of a thawed server"),
            async || is_on("b", component).await,
        )
        .await;
        moves.to("a");
        until("it is followed on", async || is_on("a", component).await).await;
    })
    .await;
}

/// Each would wait for a time-out of its own otherwise, and the calls behind them all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_configs_written_to_a_frozen_config_server_fail_together_and_hold_up_no_call() {
    for notice in Notice::BOTH {
        let world = World::start();
        let logs = always_fresh("logs");
        world.move_to(logs, &world.a);
        let settings = notice.settings(&world);
        let written = settings.scope(async {
            assert!(is_on("a", logs).await);
            world.config.freeze();
            let begun = Instant::now();
            let writing = (0..10).map(|_| async {
                let config = ComponentConfig::from_json(&world.b.config()).unwrap();
                set_config(logs, &config).await.unwrap_err().kind()
            });
            let calling = async {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                begun.elapsed()
            };
            let (errors, called) = tokio::join!(join_all(writing), calling);
            assert_eq!(errors, [ErrorKind::ConfigServerUnreachable; 10]);
            let failed = begun.elapsed();
            assert!(called <= SILENT + LATE, "{called:?}");
            assert!(failed <= 2 * SILENT + LATE, "{failed:?}");
            figure("frozen config server: ten writes failed after", [failed]);
            figure("frozen config server: a call behind them took", [called]);
            world.config.thaw();
        });
        written.await;
    }
}

#[tokio::test]
async fn r10_a_config_is_written_over_a_connection_that_had_ended_while_it_was_idle() {
    let world = World::start();
    let logs = always_fresh("logs");
    let written = world.settings().push(false).scope(async {
        for server in [&world.a, &world.b] {
            world
                .config
                .command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
            let config = ComponentConfig::from_json(&server.config()).unwrap();
            set_config(logs, &config).await.unwrap();
        }
        assert_eq!(whereabouts(logs).await.unwrap(), "b");
    });
    written.await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_black_hole_before_the_config_server_fails_no_call() {
    for notice in Notice::BOTH {
        let world = World::start();
        let proxy = Proxy::to(&world.config);
        let logs = declare("logs", Notice::Poll.wait());
        let mut moves = Moves::of(&world, logs);
        moves.to("a");
        notice
            .apply(Settings::new(proxy.url()))
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
            .apply(Settings::new(proxy.url()))
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
                    let there = if moves.elsewhere() == "a" { "b" } else { "a" };
                    until("the move is seen", async || is_on(there, logs).await).await;
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
                world
                    .config
                    .command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
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
        // One for each cut and the first: no storm.
        let connects = world.config.connections_received();
        assert!(connects <= 101, "{connects} connections");
    })
    .await;
}

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
async fn r1_heartbeats_keep_a_server_that_closes_idle_connections_from_closing_ours() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    world.move_to(logs, &world.a);
    world.config.command(&["CONFIG", "SET", "timeout", "1"]);
    world
        .settings()
        .heartbeat(Duration::from_millis(300))
        .scope(async {
            assert!(is_on("a", logs).await);
            let idle = world.config.connection();
            // The server looks now and then only: when it has closed one that is idle it would have closed ours.
            until("an idle connection is closed", async || {
                world.config.connected_clients() == 1
            })
            .await;
            drop(idle);
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(2) {
                // Asked again and again, because the observer's own connection must not be idle either.
                assert_eq!(world.config.connections_received(), 2);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            assert_eq!(status().components[0].source, ConfigSource::Push);
        })
        .await;
}

/// A config server that grants no tracking, or knows no RESP3, is polled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r1_where_there_are_no_pushes_no_call_is_later_than_wait() {
    let no_tracking = Server::start();
    no_tracking.command(&["ACL", "SETUSER", "default", "-client|tracking"]);
    let no_resp3 = Server::start_with(&["--rename-command", "HELLO", ""]);
    for config in [no_tracking, no_resp3] {
        let world = World {
            config,
            ..World::start()
        };
        let logs = declare("logs", Notice::Poll.wait());
        let mut moves = Moves::of(&world, logs);
        moves.to("a");
        world
            .settings()
            .scope(async {
                let traffic = Traffic::start(logs, STEADY);
                traffic.goes_on(100).await;
                assert_eq!(status().components[0].source, ConfigSource::Poll);
                for _ in 0..5 {
                    moves.on();
                    tokio::time::sleep(Notice::Poll.bound() + LATE).await;
                }
                let calls = traffic.stop().await;
                assert_eq!(failures(&calls), [""; 0]);
                let late = moves.lateness(&calls);
                let latest = late.iter().max().copied().unwrap_or_default();
                assert!(latest <= Notice::Poll.bound(), "{latest:?}");
                figure("no pushes: lateness", late);
            })
            .await;
    }
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

#[test]
fn r1_the_watch_works_while_nobody_calls_and_there_is_no_runtime() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
        let read = world.reads();
        world.move_to(logs, &world.b);
        let deadline = Instant::now() + SOON;
        while world.reads() == read {
            assert!(Instant::now() < deadline, "the watch reads what was pushed");
        }
        let pings = world.config.command_calls("ping");
        while world.config.command_calls("ping") < pings + 2 {
            assert!(Instant::now() < deadline, "the heart beats");
        }
        assert_eq!(whereabouts_blocking(logs).unwrap(), "b");
    });
}
