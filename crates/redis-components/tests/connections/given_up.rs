//! Dedicated calls that give up a command that waits: it takes nothing, and nothing goes on in
//! another session.

use std::ops::DerefMut;
use std::time::Duration;

use redis::{Cmd, Pipeline, RedisResult, Value};
use redis_components::__private::AcquireDedicated;
use redis_components::{Component, Connection, Error, ErrorKind};
use redis_components_testing::Server;

use super::after_move::{Popped, push};
use crate::common::clients::blocked;
use crate::common::{World, arrives, declare, name_of, until};

fn queue() -> &'static Component {
    declare("queue", Duration::from_secs(1))
}

async fn acquired(queue: &'static Component, stays: bool) -> impl DerefMut<Target = Connection> {
    let acquired = match stays {
        false => <Connection as AcquireDedicated>::acquire(queue, "pop").await,
        true => <Connection as AcquireDedicated>::acquire_staying(queue, "pop").await,
    };
    acquired.unwrap()
}

fn popping() -> Cmd {
    let mut pop = redis::cmd("BLPOP");
    pop.arg("queue").arg(0);
    pop
}

/// Gives a call up when it waits on the server, and waits until it has left.
async fn give_up(server: &Server, call: impl Future<Output = RedisResult<Value>>) {
    tokio::select! {
        answer = call => panic!("{answer:?}"),
        () = until("it waits", async || blocked(server) == 1) => {}
    }
    until("it waits no more", async || blocked(server) == 0).await;
}

#[tokio::test]
async fn r4_a_pop_that_is_given_up_takes_nothing() {
    let world = World::start();
    let queue = queue();
    world.move_to(queue, &world.a);
    world
        .settings()
        .scope(async {
            for (stays, by_clone) in [(false, false), (true, false), (false, true), (true, true)] {
                let mut own = acquired(queue, stays).await;
                let mut clone = Connection::clone(&own);
                let user = if by_clone { &mut clone } else { &mut *own };
                give_up(&world.a, popping().query_async(user)).await;
                push(&world.a, "kept");
                let popped: Popped = popping().query_async(&mut *own).await.unwrap();
                assert_eq!(popped, Some(("queue".to_owned(), "kept".to_owned())));
            }
        })
        .await;
}

#[tokio::test]
async fn r4_a_pipeline_that_is_given_up_takes_nothing() {
    let world = World::start();
    let queue = queue();
    world.move_to(queue, &world.a);
    world
        .settings()
        .scope(async {
            for stays in [false, true] {
                let mut own = acquired(queue, stays).await;
                let mut pipeline = Pipeline::new();
                pipeline.cmd("INCR").arg("begun").add_command(popping());
                give_up(&world.a, pipeline.query_async(&mut *own)).await;
                push(&world.a, "kept");
                assert_eq!(name_of(&mut *own).await.unwrap(), "a");
                assert_eq!(
                    world.a.command(&["LPOP", "queue"]),
                    Value::BulkString(b"kept".into())
                );
            }
        })
        .await;
}

#[tokio::test]
async fn r4_a_session_that_ended_with_a_pop_that_was_given_up_is_not_replaced_by_another() {
    let world = World::start();
    let queue = queue();
    world.move_to(queue, &world.a);
    world
        .settings()
        .scope(async {
            for (begin, stays) in [("SELECT", false), ("WATCH", false), ("SELECT", true)] {
                let mut own = acquired(queue, stays).await;
                let key = if begin == "SELECT" { "3" } else { "name" };
                let begun = redis::cmd(begin).arg(key).exec_async(&mut *own).await;
                begun.unwrap();
                give_up(&world.a, popping().query_async(&mut *own)).await;
                let mut set = Pipeline::new();
                set.atomic().cmd("SET").arg("made").arg(1);
                for _ in 0..2 {
                    let error = set.exec_async(&mut *own).await.unwrap_err();
                    let ours = Error::of(&error).unwrap_or_else(|| panic!("{error}"));
                    assert_eq!(ours.kind(), ErrorKind::ConnectionClosed, "{error}");
                }
                assert_eq!(world.a.command(&["EXISTS", "made"]), Value::Int(0));
            }
        })
        .await;
}

#[tokio::test]
async fn r4_a_call_that_is_told_to_stay_stays_after_a_pop_that_it_gave_up() {
    let world = World::start();
    let queue = queue();
    world.move_to(queue, &world.a);
    world
        .settings()
        .scope(async {
            let mut own = acquired(queue, true).await;
            world.move_to(queue, &world.b);
            arrives(queue, "b").await;
            give_up(&world.a, popping().query_async(&mut *own)).await;
            assert_eq!(name_of(&mut *own).await.unwrap(), "a");
        })
        .await;
}

#[tokio::test]
async fn r10_a_clone_ends_with_the_connection_of_its_call() {
    let world = World::start();
    let queue = queue();
    world.move_to(queue, &world.a);
    world
        .settings()
        .scope(async {
            let own = acquired(queue, false).await;
            let mut clone = Connection::clone(&own);
            assert_eq!(name_of(&mut clone).await.unwrap(), "a");
            drop(own);
            let error = name_of(&mut clone).await.unwrap_err();
            let ours = Error::of(&error).unwrap_or_else(|| panic!("{error}"));
            assert_eq!(ours.kind(), ErrorKind::ConnectionClosed, "{error}");
        })
        .await;
}
