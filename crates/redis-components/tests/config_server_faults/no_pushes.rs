//! A config server that does not push: it is polled, and asked for pushes again.

use std::sync::atomic::Ordering;
use std::time::Duration;

use redis_components::{ConfigSource, Settings};
use redis_components_testing::Server;

use crate::common::impostors::{ignorant_of, starting};
use crate::common::moves::{LATE, Moves, Notice};
use crate::common::traffic::{STEADY, Traffic, failures, figure};
use crate::common::{HOUR, World, arrives, declare, source, until, whereabouts};

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
                assert_eq!(source(), ConfigSource::Poll);
                for _ in 0..2 {
                    moves.on();
                    // For longer than the bound, or nobody could be too late.
                    tokio::time::sleep(Notice::Poll.bound() + LATE / 5).await;
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
            arrives(logs, "b").await;

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
                arrives(logs, "b").await;

                learned.store(true, Ordering::Relaxed);
                until("pushes have come", async || {
                    whereabouts(logs).await.unwrap();
                    source() == ConfigSource::Push
                })
                .await;
                world.move_to(logs, &world.a);
                arrives(logs, "a").await;
            })
            .await;
    }
}

#[tokio::test]
async fn r1_a_server_that_is_being_started_behind_a_proxy_is_not_taken_for_one_that_does_not_push()
{
    let world = World::start();
    let logs = declare("logs", HOUR);
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
