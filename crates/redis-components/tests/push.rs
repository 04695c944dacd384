//! R1 and R2 with a config server that pushes: changes arrive by themselves, and silence is not trusted.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::impostors::{ignorant_of, starting};
use common::{World, always_fresh, count, declare, until, whereabouts};
use redis_components::{Component, ConfigSource, Settings, status};
use redis_components_testing::Server;

/// So long that nothing in a test is due to it.
const HOUR: Duration = Duration::from_secs(3600);

fn source() -> ConfigSource {
    status().components[0].source
}

async fn moved(component: &'static Component, name: &str) {
    until("the move is seen", async || {
        whereabouts(component).await.unwrap() == name
    })
    .await;
}

/// Settings under which what is seen in time was pushed, or found by a heartbeat: nothing is read again for an hour.
fn without_rereads(world: &World) -> Settings {
    world.settings().reread_interval(HOUR)
}

#[tokio::test]
async fn r2_changes_are_pushed() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    without_rereads(&world)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(source(), ConfigSource::Push);
            for (server, name) in [(&world.b, "b"), (&world.a, "a")].repeat(50) {
                world.move_to(logs, server);
                moved(logs, name).await;
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r2_two_writes_back_to_back_do_not_leave_the_first_for_ever() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    without_rereads(&world)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let mut writer = world.config.connection();
            for round in 0..500 {
                let (server, name) = if round % 2 == 0 {
                    (&world.b, "b")
                } else {
                    (&world.a, "a")
                };
                // The second falls into the read that the first has caused.
                for config in [world.a.config(), world.b.config(), server.config()] {
                    let _: () = redis::cmd("SET")
                        .arg(logs.key())
                        .arg(config)
                        .query(&mut writer)
                        .unwrap();
                }
                if round % 50 == 0 {
                    let _: () = redis::cmd("FLUSHALL").query(&mut writer).unwrap();
                    let config = server.config();
                    let _: () = redis::cmd("SET")
                        .arg(logs.key())
                        .arg(config)
                        .query(&mut writer)
                        .unwrap();
                }
                moved(logs, name).await;
            }
        })
        .await;
}

#[tokio::test]
async fn r2_a_key_that_is_missing_deleted_or_expires_is_watched_on() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    without_rereads(&world)
        .scope(async {
            assert!(logs.connection().await.is_err());
            world.move_to(logs, &world.a);
            until("the first config is seen", async || {
                logs.connection().await.is_ok()
            })
            .await;
            for gone in [
                &["DEL", "config:redis:logs"][..],
                &["FLUSHALL"],
                &["PEXPIRE", "config:redis:logs", "1"],
                &["RENAME", "config:redis:logs", "elsewhere"],
            ] {
                world.config.command(gone);
                until("it is seen to be gone", async || {
                    status().components[0].problem.is_some()
                })
                .await;
                let here = whereabouts(logs).await.unwrap();
                let (other, name) = if here == "a" {
                    (&world.b, "b")
                } else {
                    (&world.a, "a")
                };
                world.move_to(logs, other);
                moved(logs, name).await;
            }
        })
        .await;
}

#[tokio::test]
async fn r2_swapdb_which_is_not_pushed_is_found_by_reading_again() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    let mut other = world.config.connection();
    let _: () = redis::pipe()
        .cmd("SELECT")
        .arg(1)
        .cmd("SET")
        .arg(logs.key())
        .arg(world.b.config())
        .query(&mut other)
        .unwrap();
    world
        .settings()
        .reread_interval(Duration::from_millis(200))
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.config.command(&["SWAPDB", "0", "1"]);
            moved(logs, "b").await;
        })
        .await;
}

#[tokio::test]
async fn r2_a_restarted_config_server_pushes_again() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    without_rereads(&world)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            // Written while nobody is connected: no push tells of it.
            world.config.restart();
            world.move_to(logs, &world.b);
            moved(logs, "b").await;
            until("pushes are back", async || source() == ConfigSource::Push).await;
            world.move_to(logs, &world.a);
            moved(logs, "a").await;
        })
        .await;
}

#[tokio::test]
async fn r2_the_watchs_connection_may_be_killed_at_any_time() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    without_rereads(&world)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            for (server, name) in [(&world.b, "b"), (&world.a, "a")].repeat(50) {
                world
                    .config
                    .command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
                world.move_to(logs, server);
                moved(logs, name).await;
            }
            // One for each kill and the first: no storm.
            assert!(world.config.connections_received() <= 101);
        })
        .await;
}

#[tokio::test]
async fn r2_a_frozen_config_server_is_noticed_by_its_silence() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    without_rereads(&world)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.config.freeze();
            until("the silence is noticed", async || {
                status().components[0].problem.is_some()
            })
            .await;
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.config.thaw();
            world.move_to(logs, &world.b);
            moved(logs, "b").await;
            until("pushes are back", async || source() == ConfigSource::Push).await;
        })
        .await;
}

#[tokio::test]
async fn r1_heartbeats_prove_that_configs_are_current_and_calls_read_nothing() {
    let world = World::start();
    let logs = declare("logs", Duration::from_millis(300));
    world.move_to(logs, &world.a);
    without_rereads(&world)
        .scope(async {
            whereabouts(logs).await.unwrap();
            let pings = world.config.command_calls("ping");
            // Ten heartbeats are three times `wait`.
            until("the heart beats", async || {
                count(logs).await.unwrap();
                world.config.command_calls("ping") > pings + 10
            })
            .await;
            assert_eq!(world.reads(), 1);
        })
        .await;
}

#[tokio::test]
async fn r1_reads_for_one_component_are_heartbeats_for_the_others() {
    const WAIT: Duration = Duration::from_millis(500);
    let world = World::start();
    let (busy, quiet) = (always_fresh("busy"), declare("quiet", WAIT));
    world.move_to(busy, &world.a);
    world.move_to(quiet, &world.a);
    without_rereads(&world)
        .scope(async {
            whereabouts(quiet).await.unwrap();
            let begun = Instant::now();
            let mut reads = 1;
            while begun.elapsed() < 3 * WAIT {
                whereabouts(busy).await.unwrap();
                reads += 1;
                whereabouts(quiet).await.unwrap();
            }
            assert_eq!(world.reads(), reads);
        })
        .await;
}

#[tokio::test]
async fn r1_a_server_that_does_not_push_is_polled_and_asked_again() {
    let world = World::start();
    let logs = declare("logs", Duration::from_millis(50));
    world.move_to(logs, &world.a);
    world
        .config
        .command(&["ACL", "SETUSER", "default", "-client|tracking"]);
    world
        .settings()
        .reread_interval(Duration::from_millis(200))
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(source(), ConfigSource::Poll);
            world.move_to(logs, &world.b);
            moved(logs, "b").await;

            world
                .config
                .command(&["ACL", "SETUSER", "default", "+client|tracking"]);
            until("pushes have come", async || {
                whereabouts(logs).await.unwrap();
                source() == ConfigSource::Push
            })
            .await;
        })
        .await;
}

/// As twemproxy does.
#[tokio::test]
async fn r1_a_proxy_that_hangs_up_when_asked_to_push_is_polled_and_asked_again() {
    for command in ["HELLO", "TRACKING"] {
        let world = World::start();
        let (port, learned) = ignorant_of(command, world.config.port());
        let logs = declare("logs", Duration::from_millis(50));
        world.move_to(logs, &world.a);
        Settings::new(format!("redis://127.0.0.1:{port}"))
            .reread_interval(Duration::from_millis(200))
            .scope(async {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                assert_eq!(source(), ConfigSource::Poll);
                world.move_to(logs, &world.b);
                moved(logs, "b").await;

                learned.store(true, Ordering::Relaxed);
                until("pushes have come", async || {
                    whereabouts(logs).await.unwrap();
                    source() == ConfigSource::Push
                })
                .await;
                world.move_to(logs, &world.a);
                moved(logs, "a").await;
            })
            .await;
    }
}

#[tokio::test]
async fn r1_a_server_that_is_being_started_behind_a_proxy_is_not_taken_for_one_that_does_not_push()
{
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(3600));
    world.move_to(logs, &world.a);
    for connections in 1..=4 {
        let port = starting(connections, world.config.port());
        Settings::new(format!("redis://127.0.0.1:{port}"))
            .scope(async {
                until("it is up", async || whereabouts(logs).await.is_ok()).await;
                assert_eq!(source(), ConfigSource::Push, "after {connections} hang-ups");
            })
            .await;
    }
}

#[tokio::test]
async fn push_can_be_switched_off() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .push(false)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(source(), ConfigSource::Poll);
            assert_eq!(world.config.command_calls("client|tracking"), 0);
        })
        .await;
}

#[tokio::test]
async fn the_least_of_permissions_is_enough() {
    let config = Server::start();
    let (a, logs) = (Server::start(), always_fresh("logs"));
    a.command(&["SET", "name", "a"]);
    config.command(&["SET", logs.key(), &a.config()]);
    config.command(&[
        "ACL",
        "SETUSER",
        "reader",
        "on",
        ">pw",
        "-@all",
        "+client|tracking",
        "+getrange",
        "+ping",
        "%R~config:redis:*",
    ]);
    Settings::new(format!("redis://reader:pw@127.0.0.1:{}", config.port()))
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(source(), ConfigSource::Push);
        })
        .await;
    let log: Vec<redis::Value> = redis::from_redis_value(config.command(&["ACL", "LOG"])).unwrap();
    assert_eq!(log.len(), 0, "{log:?}");
}
