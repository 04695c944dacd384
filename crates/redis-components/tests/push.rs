//! R1 and R2 with a config server that pushes: changes arrive by themselves, and silence is not
//! trusted.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::time::{Duration, Instant};

use common::{HOUR, World, always_fresh, arrives, count, declare, source, until, whereabouts};
use redis_components::{ComponentConfig, ConfigSource, Settings, blocking, status};
use redis_components_testing::Server;

/// Settings under which what is seen in time was pushed, or found by a heartbeat: nothing is read
/// again for an hour.
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
                arrives(logs, name).await;
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
                arrives(logs, name).await;
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
            arrives(logs, "b").await;
        })
        .await;
}

#[tokio::test]
async fn r1_heartbeats_prove_that_configs_are_current_and_calls_read_nothing() {
    // Many heartbeats long, so that one that is late on a busy machine makes no proof too old.
    const WAIT: Duration = Duration::from_secs(2);
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    without_rereads(&world)
        .heartbeat(Duration::from_millis(100))
        .scope(async {
            whereabouts(logs).await.unwrap();
            let (begun, pings) = (Instant::now(), world.config.command_calls("ping"));
            until("the heart beats", async || {
                count(logs).await.unwrap();
                begun.elapsed() > 3 * WAIT && world.config.command_calls("ping") > pings + 10
            })
            .await;
            assert!(world.reads() <= 1 + world.reads_again(1));
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
            assert!(world.reads() <= reads + world.reads_again(1));
        })
        .await;
}

#[tokio::test]
async fn r1_pushes_can_be_switched_off() {
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
async fn r1_the_least_of_permissions_is_enough() {
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
        "+client|setname",
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

/// A caller that asks for a key at the moment in which the watch finds that it was pushed.
#[test]
fn r5_a_read_that_is_asked_for_while_a_push_arrives_does_not_lose_the_config_server() {
    const SCOPES: usize = 500;
    let world = World::start();
    let logs = declare("logs", Duration::from_millis(100));
    let configs =
        [&world.a, &world.b].map(|server| ComponentConfig::new("127.0.0.1").port(server.port()));
    world.move_to(logs, &world.a);
    for number in 0..SCOPES {
        without_rereads(&world).scope_blocking(|| {
            for config in configs.iter().chain(&configs) {
                blocking::set_config(logs, config).unwrap();
                let read = blocking::get_config(logs);
                let read = read.unwrap_or_else(|error| panic!("scope {number}: {error}"));
                assert_eq!(read, *config);
                drop(logs.blocking_connection().unwrap());
            }
        });
    }
}
