//! What the watch does by itself.

use std::time::Duration;

use redis_components::ConfigSource;

use crate::common::moves::Notice;
use crate::common::{World, declare, source, until, until_blocking, whereabouts_blocking};
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
