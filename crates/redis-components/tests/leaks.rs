//! R3: nothing is left of what was replaced. Alone in its file, because it counts what the whole
//! process has open.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use common::{World, always_fresh, until, whereabouts, whereabouts_blocking};
use tokio::runtime::Handle;

/// How many files and sockets this process has open.
fn descriptors() -> usize {
    std::fs::read_dir("/dev/fd").unwrap().count()
}

#[tokio::test]
async fn r3_200_moves_leave_no_socket_no_file_and_no_task() {
    let world = World::start();
    let logs = always_fresh("logs");
    world
        .settings()
        .scope(async {
            let tasks = Handle::current().metrics();
            let visit = async |server, name| {
                world.move_to(logs, server);
                assert_eq!(whereabouts(logs).await.unwrap(), name);
                assert_eq!(whereabouts_blocking(logs).unwrap(), name);
            };
            visit(&world.b, "b").await;
            visit(&world.a, "a").await;
            until("b is empty", async || world.b.connected_clients() == 0).await;
            until("calls read the config themselves", async || {
                whereabouts(logs).await.unwrap();
                whereabouts_blocking(logs).unwrap();
                world.config.connected_clients() == 3
            })
            .await;
            let before = (descriptors(), tasks.num_alive_tasks());
            for (server, name) in [(&world.b, "b"), (&world.a, "a")].repeat(100) {
                visit(server, name).await;
            }
            until("b is empty", async || world.b.connected_clients() == 0).await;
            // The client of the tasks and one connection of the pool.
            assert_eq!(world.a.connected_clients(), 2);
            until("nothing is left", async || {
                descriptors() <= before.0 && tasks.num_alive_tasks() <= before.1
            })
            .await;
        })
        .await;
}
