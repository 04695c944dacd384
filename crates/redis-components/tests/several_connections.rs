//! Components with `connections = N`: one client, whose calls are spread over several sockets.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{
    SOON, World, blocked, declare, declare_with_connections, name_of, until, whereabouts,
};
use futures_util::future::join_all;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis_components::__private::Acquire;
use redis_components::{Component, Scope, Settings, shutdown, status};
use redis_components_testing::Server;
use tokio::task::JoinSet;

/// So rarely that a test sees it through push alone.
const HOUR: Duration = Duration::from_secs(3600);

/// The server's own number for the connection that is used.
async fn client_id(connection: &mut impl ConnectionLike) -> u64 {
    let mut command = redis::cmd("CLIENT");
    command.arg("ID").query_async(connection).await.unwrap()
}

/// Returns the server's numbers for all connections of the component's client.
///
/// A call takes the first connection that has few calls in flight. So enough calls are in flight at the same time to use all
/// of them, because their server is frozen until the last call has begun.
async fn used(component: &Component, server: &Server) -> HashSet<u64> {
    const CALLS: usize = 1_000;
    // A new client could not be built while the server is frozen.
    client_id(&mut component.connection().await.unwrap()).await;
    let begun = AtomicUsize::new(0);
    let calls = join_all((0..CALLS).map(|_| async {
        let mut connection = component.connection().await.unwrap();
        begun.fetch_add(1, Ordering::Relaxed);
        client_id(&mut connection).await
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

/// Settings under which calls wait until [`used`] has begun all of them, however slow the machine is.
fn patient(settings: Settings) -> Settings {
    settings.response_timeout(SOON)
}

#[tokio::test]
async fn calls_that_are_few_share_a_connection_so_that_they_go_out_together() {
    let world = World::start();
    let logs = declare_with_connections("logs", HOUR, 3);
    world.move_to(logs, &world.a);
    patient(world.settings())
        .scope(async {
            let calls = || async {
                let mut connection = logs.connection().await.unwrap();
                client_id(&mut connection).await
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

/// What is sent over them is not seen, so that chance alone spreads them: it fails once in about 10^35 runs.
#[tokio::test]
async fn raw_connections_are_spread_too() {
    let world = World::start();
    let logs = declare_with_connections("logs", HOUR, 3);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut ids = HashSet::new();
            for _ in 0..200 {
                let mut connection = MultiplexedConnection::acquire(logs, "raw").await.unwrap();
                ids.insert(client_id(&mut connection).await);
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
    patient(world.settings())
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
            let first = client_id(&mut kept).await;
            let mut ids = HashSet::new();
            for _ in 0..50 {
                ids.insert(client_id(&mut kept).await);
                ids.insert(client_id(&mut kept.clone()).await);
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
    patient(world.settings())
        .scope(async {
            assert_eq!(used(logs, &world.a).await.len(), 3);
            world.move_to(logs, &world.b);
            until("b is used", async || {
                whereabouts(logs).await.unwrap() == "b"
            })
            .await;
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
    patient(world.settings())
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

#[tokio::test]
async fn r6_a_component_that_two_manifests_declare_has_the_larger_number() {
    let world = World::start();
    let (one, two) = (
        declare("logs", HOUR),
        declare_with_connections("logs", HOUR, 2),
    );
    world.move_to(one, &world.a);
    patient(world.settings())
        .scope(async {
            assert_eq!(used(one, &world.a).await.len(), 1);
            // The client that is there serves both, until the component moves.
            assert_eq!(used(two, &world.a).await.len(), 1);
            world.move_to(one, &world.b);
            until("b is used", async || whereabouts(one).await.unwrap() == "b").await;
            assert_eq!(used(one, &world.b).await.len(), 2);
            assert_eq!(world.b.connections_received(), 2);
        })
        .await;
}

#[tokio::test]
async fn r5_a_server_that_takes_too_few_connections_does_not_come_into_force_unused() {
    let world = World::start();
    // One for who observes it, and one for us.
    let narrow = Server::start_with(&["--maxclients", "2"]);
    let logs = declare_with_connections("logs", HOUR, 3);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.move_to(logs, &narrow);
            // Nobody calls: it is the watch that tries the new server, and again.
            for attempt in 1..=2 {
                until("it is tried", async || {
                    narrow.connections_received() > attempt
                })
                .await;
                assert_eq!(
                    status().components[0].current.as_ref().unwrap().generation,
                    1
                );
            }
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
        })
        .await;
}

/// The server's numbers for all connections but that of the observer.
fn client_ids(server: &Server) -> Vec<String> {
    let list: String = redis::from_redis_value(server.command(&["CLIENT", "LIST"])).unwrap();
    let others = list
        .lines()
        .filter(|line| !line.contains("cmd=client|list"));
    let ids = others.filter_map(|line| line.strip_prefix("id=")?.split(' ').next());
    ids.map(str::to_owned).collect()
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
                        Ok::<_, redis_components::Error>(())
                    }))
                })
                .collect();
            for id in client_ids(&server) {
                server.command(&["CLIENT", "KILL", "ID", &id]);
            }
            for caller in callers {
                caller.await.unwrap()?;
            }
            Ok::<_, redis_components::Error>(())
        });
        refused.await.unwrap();
    }
}

#[tokio::test]
async fn r4_a_call_on_a_client_that_was_replaced_is_counted_and_waited_for() {
    let world = World::start();
    let logs = declare_with_connections("logs", HOUR, 2);
    let port = world.a.port();
    world.set(
        logs,
        &format!(r#"{{"host": "127.0.0.1", "port": {port}, "socket_timeout": 60}}"#),
    );
    world
        .settings()
        .scope(async {
            let mut waiting = logs.connection().await.unwrap();
            let mine = client_id(&mut waiting).await.to_string();
            let call = tokio::spawn(async move {
                let mut pop = redis::cmd("BLPOP");
                pop.arg("inbox").arg(0);
                pop.query_async::<(String, String)>(&mut waiting).await
            });
            until("it is under way", async || blocked(&world.a) == 1).await;
            let other = client_ids(&world.a).into_iter().find(|id| *id != mine);
            world.a.command(&["CLIENT", "KILL", "ID", &other.unwrap()]);
            until("the client is replaced", async || {
                logs.connection().await.unwrap();
                world.a.connections_received() == 4
            })
            .await;
            assert_eq!(status().components[0].old_connections, 1);

            let ending = tokio::spawn(Scope::wrap(shutdown(SOON)));
            until("it ends", async || logs.connection().await.is_err()).await;
            world.a.command(&["RPUSH", "inbox", "element"]);
            assert_eq!(call.await.unwrap().unwrap().1, "element");
            assert_eq!(ending.await.unwrap().unwrap(), 0);
        })
        .await;
}
