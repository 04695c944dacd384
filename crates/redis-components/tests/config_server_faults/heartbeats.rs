//! What the watch does by itself.

use std::time::{Duration, Instant};

use redis_components::{ConfigSource, status};
use redis_components_testing::Server;

use crate::common::moves::{LATE, Moves, Notice};
use crate::common::traffic::{STEADY, Traffic, failures, figure};
use crate::common::{SOON, World, declare, until, whereabouts_blocking};
use crate::is_on;

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
