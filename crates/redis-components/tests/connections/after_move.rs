//! Calls that wait when their component moves: they are asked again where it is now.

use std::time::Duration;

use super::after_move_blocking::move_on;
use crate::common::clients::{blocked, kill_all_but};
use crate::common::{SOON, World, arrives, declare, until, whereabouts};
use redis::{RedisResult, Value};
use redis_components::__private::AcquireDedicated;
use redis_components::{Component, Connection, Error, ErrorKind, Scope};
use redis_components_testing::Server;

pub(super) type Popped = Option<(String, String)>;

async fn pop(component: &'static Component) -> RedisResult<Popped> {
    let mut own = <Connection as AcquireDedicated>::acquire(component, "pop").await?;
    redis::cmd("BLPOP")
        .arg("queue")
        .arg(0)
        .query_async(&mut *own)
        .await
}

async fn pop_there(component: &'static Component) -> RedisResult<Popped> {
    let mut own = <Connection as AcquireDedicated>::acquire_staying(component, "pop").await?;
    redis::cmd("BLPOP")
        .arg("queue")
        .arg(0)
        .query_async(&mut *own)
        .await
}

pub(super) fn push(server: &Server, element: &str) {
    assert_eq!(server.command(&["RPUSH", "queue", element]), Value::Int(1));
}

#[tokio::test]
async fn r4_a_pop_that_waits_follows_the_component_and_takes_nothing_on_the_way() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    world
        .settings()
        .scope(async {
            let popping = tokio::spawn(Scope::wrap(pop(queue)));
            for server in [&world.b, &world.a, &world.b] {
                world.move_to(queue, server);
                until("it waits there", async || blocked(server) == 1).await;
            }
            until("it waits nowhere else", async || blocked(&world.a) == 0).await;
            push(&world.a, "old");
            push(&world.b, "new");
            let popped = tokio::time::timeout(SOON, popping)
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            assert_eq!(popped, Some(("queue".to_owned(), "new".to_owned())));
            assert_eq!(world.a.command(&["LLEN", "queue"]), Value::Int(1));
        })
        .await;
}

#[tokio::test]
async fn r4_a_pop_that_is_told_to_stay_stays() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    world
        .settings()
        .scope(async {
            let popping = tokio::spawn(Scope::wrap(pop_there(queue)));
            until("it waits", async || blocked(&world.a) == 1).await;
            world.move_to(queue, &world.b);
            until("the component has moved", async || {
                whereabouts(queue).await.unwrap() == "b"
            })
            .await;
            push(&world.a, "old");
            let popped = tokio::time::timeout(SOON, popping)
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            assert_eq!(popped, Some(("queue".to_owned(), "old".to_owned())));
        })
        .await;
}

#[tokio::test]
async fn r4_a_pop_that_cannot_be_unblocked_ends_at_the_drain_deadline_with_a_typed_error() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.a.command(&[
        "ACL", "SETUSER", "popper", "on", "nopass", "~*", "+@all", "-client",
    ]);
    let port = world.a.port();
    world.set(
        queue,
        &format!(r#"{{"host":"127.0.0.1","port":{port},"username":"popper"}}"#),
    );
    world
        .settings()
        .drain_deadline(Duration::from_millis(300))
        .scope(async {
            let popping = tokio::spawn(Scope::wrap(pop(queue)));
            until("it waits", async || blocked(&world.a) == 1).await;
            world.move_to(queue, &world.b);
            let popped = tokio::time::timeout(SOON, popping).await.unwrap().unwrap();
            let error = popped.unwrap_err();
            assert_eq!(
                Error::of(&error).unwrap().kind(),
                ErrorKind::ComponentMoved,
                "{error}"
            );
            until("it is gone", async || blocked(&world.a) == 0).await;
            push(&world.a, "old");
            assert_eq!(world.a.command(&["LLEN", "queue"]), Value::Int(1));
        })
        .await;
}

#[tokio::test]
async fn r4_a_call_whose_session_was_changed_stays_with_it() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    world
        .settings()
        .scope(async {
            let mut own = <Connection as AcquireDedicated>::acquire(queue, "pop")
                .await
                .unwrap();
            redis::cmd("SELECT")
                .arg(3)
                .exec_async(&mut *own)
                .await
                .unwrap();
            world.move_to(queue, &world.b);
            until("the component has moved", async || {
                whereabouts(queue).await.unwrap() == "b"
            })
            .await;
            world.a.command(&["COPY", "name", "queue", "DB", "3"]);
            let kind: String = redis::cmd("TYPE")
                .arg("queue")
                .query_async(&mut *own)
                .await
                .unwrap();
            assert_eq!(kind, "string");
            let popped: Popped = redis::cmd("BLPOP")
                .arg("none")
                .arg(0.01)
                .query_async(&mut *own)
                .await
                .unwrap();
            assert_eq!(popped, None);
            assert!(!own.is_current());
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_pop_that_follows_waits_no_longer_than_it_was_told() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    let pop = async {
        let mut own = <Connection as AcquireDedicated>::acquire(queue, "pop").await?;
        let mut pop = redis::cmd("BLPOP");
        pop.arg("queue").arg(3);
        pop.query_async::<Popped>(&mut *own).await
    };
    world
        .settings()
        .scope(async {
            let popping = tokio::spawn(Scope::wrap(pop));
            until("it waits", async || blocked(&world.a) == 1).await;
            move_on(&world, queue, || popping.is_finished());
            assert_eq!(popping.await.unwrap().unwrap(), None);
        })
        .await;
}

#[tokio::test]
async fn r4_a_pop_follows_the_component_though_the_shared_connection_has_ended() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    world
        .settings()
        .scope(async {
            let popping = tokio::spawn(Scope::wrap(pop(queue)));
            until("it waits", async || blocked(&world.a) == 1).await;
            kill_all_but(&world.a, &["cmd=blpop"]);
            world.move_to(queue, &world.b);
            until("it waits there", async || blocked(&world.b) == 1).await;
            push(&world.b, "new");
            let popped = tokio::time::timeout(SOON, popping).await.unwrap().unwrap();
            assert_eq!(
                popped.unwrap(),
                Some(("queue".to_owned(), "new".to_owned()))
            );
        })
        .await;
}

#[tokio::test]
async fn r9_dedicated_connections_and_their_clones_know_that_the_component_has_moved() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    world
        .settings()
        .scope(async {
            let following = <Connection as AcquireDedicated>::acquire(queue, "pop").await;
            let staying = <Connection as AcquireDedicated>::acquire_staying(queue, "pop").await;
            let (following, staying) = (following.unwrap(), staying.unwrap());
            let clones = [Connection::clone(&following), Connection::clone(&staying)];
            let of = |connection: &Connection| (connection.generation(), connection.is_current());
            for connection in [&*following, &*staying].into_iter().chain(&clones) {
                assert_eq!(of(connection), (1, true));
            }
            world.move_to(queue, &world.b);
            arrives(queue, "b").await;
            for connection in [&*following, &*staying].into_iter().chain(&clones) {
                assert_eq!(of(connection), (1, false));
            }
        })
        .await;
}
