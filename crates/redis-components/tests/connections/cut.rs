//! Calls that stay on a server which their component has left, until they are cut.

use std::time::Duration;

use futures_util::StreamExt as _;
use redis::RedisError;
use redis::aio::PubSub;
use redis_components::__private::{Acquire, AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::{Component, Connection, Error, ErrorKind, Scope, Settings, Subscriber};
use redis_components::{blocking, status};

use super::after_move::Popped;
use super::after_move_blocking::on_thread;
use crate::common::clients::blocked;
use crate::common::{SOON, World, declare, until, until_blocking};

fn cutting(world: &World) -> Settings {
    let settings = world.settings().cut_at_drain_deadline(true);
    settings.drain_deadline(Duration::from_millis(300))
}

fn is_cut(error: &RedisError) {
    let ours = Error::of(error).unwrap_or_else(|| panic!("{error}"));
    assert_eq!(ours.kind(), ErrorKind::ComponentMoved, "{error}");
    assert!(error.to_string().contains("was cut"), "{error}");
}

fn popping() -> redis::Cmd {
    let mut pop = redis::cmd("BLPOP");
    pop.arg("queue").arg(0);
    pop
}

async fn pop(queue: &'static Component) -> Result<Popped, RedisError> {
    let own = <Connection as AcquireDedicated>::acquire_staying(queue, "pop").await;
    popping().query_async(&mut *own?).await
}

fn pop_blocking(queue: &'static Component) -> Result<Popped, RedisError> {
    let own = <blocking::Connection as AcquireDedicatedBlocking>::acquire_staying(queue, "pop");
    popping().query(&mut own?)
}

#[tokio::test]
async fn r4_a_pop_that_is_told_to_stay_is_cut_if_the_settings_say_so() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    cutting(&world)
        .scope(async {
            let popping = tokio::spawn(Scope::wrap(pop(queue)));
            until("it waits", async || blocked(&world.a) == 1).await;
            world.move_to(queue, &world.b);
            let popped = tokio::time::timeout(SOON, popping).await;
            is_cut(&popped.expect("in time").unwrap().unwrap_err());
            until("a is empty", async || world.a.connected_clients() == 0).await;
            assert_eq!(status().components[0].old_connections, 0);
        })
        .await;
}

#[test]
fn r4_a_blocking_pop_that_is_told_to_stay_is_cut_if_the_settings_say_so() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    cutting(&world).scope_blocking(|| {
        let popping = on_thread(|| pop_blocking(queue));
        until_blocking("it waits", || blocked(&world.a) == 1);
        world.move_to(queue, &world.b);
        until_blocking("it ends", || popping.is_finished());
        is_cut(&popping.join().unwrap().unwrap_err());
        until_blocking("a is empty", || world.a.connected_clients() == 0);
    });
}

#[tokio::test]
async fn r4_subscribers_that_are_told_to_stay_are_cut_if_the_settings_say_so() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    cutting(&world)
        .scope(async {
            let ours = <Subscriber as Acquire>::acquire_staying(queue, "hear").await;
            let theirs = <PubSub as Acquire>::acquire_staying(queue, "hear").await;
            let (mut ours, mut theirs) = (ours.unwrap(), theirs.unwrap());
            ours.subscribe("news").await.unwrap();
            theirs.subscribe("news").await.unwrap();
            world.move_to(queue, &world.b);
            let end = tokio::time::timeout(SOON, ours.next()).await;
            is_cut(&end.expect("in time").unwrap().unwrap_err().into());
            let mut messages = theirs.on_message();
            let end = tokio::time::timeout(SOON, messages.next()).await;
            assert!(end.expect("in time").is_none());
            drop(messages);
            until("a is empty", async || world.a.connected_clients() == 0).await;
        })
        .await;
}
