//! What the watch does by itself.

use std::time::Duration;

use redis_components::{ConfigSource, Settings};

use crate::common::moves::Notice;
use crate::common::{
    World, declare, patient, source, until, until_blocking, whereabouts, whereabouts_blocking,
};
use crate::is_on;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r1_heartbeats_keep_a_server_that_closes_idle_connections_from_closing_ours() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    world.move_to(logs, &world.a);
    world.config.command(&["CONFIG", "SET", "timeout", "3"]);
    world
        .settings()
        .heartbeat(Duration::from_millis(300))
        .scope(async {
            assert!(is_on("a", logs).await);
            let idle = world.config.connection();
            // It is younger than ours, which would be closed before it.
            until("an idle connection is closed", async || {
                world.config.connected_clients() == 1
            })
            .await;
            drop(idle);
            assert_eq!(world.config.connections_received(), 2);
            assert_eq!(source(), ConfigSource::Push);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r1_a_long_wait_asks_the_config_server_rarely() {
    const OFTEN: u64 = 10;
    let (often, rarely) = (World::start(), World::start());
    let second = declare("second", Duration::from_secs(1));
    let minute = declare("minute", Duration::from_secs(60));
    often.move_to(second, &often.a);
    rarely.move_to(minute, &rarely.a);
    let pings = |world: &World| world.config.command_calls("ping");
    // Those of the World beat each second in any case.
    let settings = |world: &World| patient(Settings::new(world.config.url()));
    tokio::join!(
        settings(&often).scope(async {
            assert_eq!(whereabouts(second).await.unwrap(), "a");
            until("a short wait makes the heart beat", async || {
                pings(&often) >= OFTEN
            })
            .await;
        }),
        settings(&rarely).scope(async {
            assert_eq!(whereabouts(minute).await.unwrap(), "a");
            let (read, beaten) = (rarely.reads(), pings(&rarely));
            until("others beat", async || pings(&often) >= OFTEN).await;
            assert_eq!(whereabouts(minute).await.unwrap(), "a");
            let beats = pings(&rarely) - beaten;
            assert!(beats <= OFTEN / 4, "{beats} heartbeats");
            assert_eq!(rarely.reads(), read);
            // It is told all the same.
            rarely.move_to(minute, &rarely.b);
            until("a change is followed", async || {
                whereabouts(minute).await.unwrap() == "b"
            })
            .await;
        })
    );
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
        until_blocking("the watch reads what was pushed", || world.reads() > read);
        let pings = world.config.command_calls("ping");
        until_blocking("the heart beats", || {
            world.config.command_calls("ping") >= pings + 2
        });
        assert_eq!(whereabouts_blocking(logs).unwrap(), "b");
    });
}
