//! Components with `connections = N`: one client, whose calls are spread over several sockets.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis_components::__private::Acquire;
use redis_components::{Component, Error, Scope, Settings, shutdown, status};
use redis_components_testing::Server;
use tokio::task::JoinSet;

use crate::common::clients::{client_id, client_list};
use crate::common::in_flight::{hold, release, waiting};
use crate::common::{
    HOUR, SOON, World, arrives, declare_with_connections, name_of, patient, until, whereabouts,
};

/// The server's own number for the connection that is used.
async fn own_id(connection: &mut impl ConnectionLike) -> u64 {
    let mut command = redis::cmd("CLIENT");
    command.arg("ID").query_async(connection).await.unwrap()
}

/// Returns the server's numbers for all connections of the component's client.
///
/// A call takes the first connection that has few calls in flight. So enough calls are in flight at
/// the same time to use all of them, because their server is frozen until the last call has begun.
pub(crate) async fn used(component: &Component, server: &Server) -> HashSet<u64> {
    const CALLS: usize = 1_000;
    // A new client could not be built while the server is frozen.
    own_id(&mut component.connection().await.unwrap()).await;
    let begun = AtomicUsize::new(0);
    let calls = join_all((0..CALLS).map(|_| async {
        let mut connection = component.connection().await.unwrap();
        begun.fetch_add(1, Ordering::Relaxed);
        own_id(&mut connection).await
    }));
    server.freeze();
    let all_begin = async {
        until("all calls begin", async || {
            begun.load(Ordering::Relaxed) == CALLS
        })
        .await;
        server.thaw();
    };
    tokio::join!(calls, all_begin).0.into_iter().collect()
}

#[tokio::test]
async fn r6_calls_that_are_few_share_a_connection_so_that_they_go_out_together() {
    let world = World::start();
    let logs = declare_with_connections("logs", HOUR, 3);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let calls = || async {
                let mut connection = logs.connection().await.unwrap();
                own_id(&mut connection).await
            };
            let mut few = HashSet::new();
            for _ in 0..20 {
                few.extend(join_all((0..10).map(|_| calls())).await);
            }
            assert_eq!(few.len(), 1, "{few:?}");
            assert_eq!(used(logs, &world.a).await.len(), 3);
        })
        .await;
}

/// What is sent over them is not seen, so that chance alone spreads them: it fails once in about
/// 10^35 runs.
#[tokio::test]
async fn r6_raw_connections_are_spread_too() {
    let world = World::start();
    let logs = declare_with_connections("logs", HOUR, 3);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut ids = HashSet::new();
            for _ in 0..200 {
                let mut connection = <MultiplexedConnection as Acquire>::acquire(logs, "raw")
                    .await
                    .unwrap();
                ids.insert(own_id(&mut connection).await);
            }
            assert_eq!(ids.len(), 3);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_64_tasks_at_a_cold_component_open_each_connection_once() {
    let world = World::start();
    let logs = declare_with_connections("logs", HOUR, 3);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut tasks = JoinSet::new();
            for _ in 0..64 {
                tasks.spawn(Scope::wrap(whereabouts(logs)));
            }
            for name in tasks.join_all().await {
                assert_eq!(name.unwrap(), "a");
            }
            assert_eq!(world.a.connections_received(), 3);
            assert_eq!(used(logs, &world.a).await.len(), 3);
            assert_eq!(world.a.connections_received(), 3);
        })
        .await;
}

#[tokio::test]
async fn r4_a_connection_stays_with_the_socket_of_its_first_command() {
    let world = World::start();
    let logs = declare_with_connections("logs", HOUR, 4);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut kept = logs.connection().await.unwrap();
            let first = own_id(&mut kept).await;
            let mut ids = HashSet::new();
            for _ in 0..50 {
                ids.insert(own_id(&mut kept).await);
                ids.insert(own_id(&mut kept.clone()).await);
            }
            assert_eq!(ids, HashSet::from([first]));
        })
        .await;
}

#[tokio::test]
async fn r3_all_connections_move_and_none_is_left_behind() {
    let world = World::start();
    let logs = declare_with_connections("logs", HOUR, 3);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(used(logs, &world.a).await.len(), 3);
            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
            until("a is empty", async || world.a.connected_clients() == 0).await;
            assert_eq!(used(logs, &world.b).await.len(), 3);
            assert_eq!(world.b.connected_clients(), 3);
        })
        .await;
}

#[tokio::test]
async fn r10_a_client_that_lost_one_of_its_connections_is_replaced() {
    let world = World::start();
    let logs = declare_with_connections("logs", HOUR, 2);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let before = used(logs, &world.a).await;
            let kept = logs.connection().await.unwrap();
            let lost = before.iter().next().unwrap().to_string();
            world.a.command(&["CLIENT", "KILL", "ID", &lost]);
            until("the loss is seen", async || !kept.is_current()).await;

            let after = used(logs, &world.a).await;
            assert_eq!(after.len(), 2);
            assert!(before.is_disjoint(&after), "{before:?} {after:?}");
            drop(kept);
            until("the old ones are closed", async || {
                world.a.connected_clients() == 2
            })
            .await;
        })
        .await;
}

/// The server's numbers for all connections but that of the observer.
fn ids(server: &Server) -> Vec<String> {
    let clients = client_list(server);
    clients
        .iter()
        .map(|line| client_id(line).to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_connections_that_are_lost_one_by_one_are_one_loss() {
    let server = Server::start();
    server.command(&["SET", "name", "a"]);
    for _ in 0..10 {
        let logs = declare_with_connections("logs", HOUR, 8);
        let settings = patient(Settings::fixed([("logs", server.url())]));
        let refused = settings.scope(async {
            assert_eq!(used(logs, &server).await.len(), 8);
            let callers: Vec<_> = (0..4)
                .map(|_| {
                    tokio::spawn(Scope::wrap(async {
                        for _ in 0..500 {
                            let mut connection = logs.connection().await?;
                            // Calls on a connection that is lost may fail.
                            let _ = name_of(&mut connection).await;
                        }
                        Ok::<_, Error>(())
                    }))
                })
                .collect();
            for id in ids(&server) {
                server.command(&["CLIENT", "KILL", "ID", &id]);
            }
            for caller in callers {
                caller.await.unwrap()?;
            }
            Ok::<_, Error>(())
        });
        refused.await.unwrap();
    }
}

#[tokio::test]
async fn r4_a_call_on_a_client_that_was_replaced_is_counted_and_waited_for() {
    let world = World::start();
    let logs = declare_with_connections("logs", HOUR, 2);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut kept = logs.connection().await.unwrap();
            let mine = own_id(&mut kept).await.to_string();
            let call = tokio::spawn(async move { hold(&mut kept).await });
            until("it is in flight", async || waiting(&world.a) == 1).await;
            let other = ids(&world.a).into_iter().find(|id| *id != mine);
            world.a.command(&["CLIENT", "KILL", "ID", &other.unwrap()]);
            until("the client is replaced", async || {
                logs.connection().await.unwrap();
                world.a.connections_received() == 4
            })
            .await;
            assert_eq!(status().components[0].old_connections, 1);

            let ending = tokio::spawn(Scope::wrap(shutdown(SOON)));
            until("it ends", async || logs.connection().await.is_err()).await;
            release(&world.a);
            assert_eq!(call.await.unwrap().unwrap(), 0);
            assert_eq!(ending.await.unwrap().unwrap(), 0);
        })
        .await;
}
