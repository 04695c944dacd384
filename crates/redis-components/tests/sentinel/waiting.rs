//! Calls that wait, and subscribers, across a fail-over.

use futures_util::StreamExt;
use redis::aio::PubSub;
use redis_components::__private::{Acquire, AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::{Component, Connection, Settings, blocking};
use redis_components_testing::{Sentinels, Server};

use crate::common::clients::blocked;
use crate::common::{HOUR, SOON, count, declare, patient, until, until_blocking};
use crate::set_up::{has_moved, in_force, is_on_the_primary, server_in_force};

fn component(config: &Server, world: &Sentinels) -> &'static Component {
    let queue = declare("queue", HOUR);
    config.command(&["SET", queue.key(), &world.config()]);
    queue
}

/// Pushes an element where the component is now.
fn push(world: &Sentinels) {
    let mut connection = server_in_force(world).connection();
    until_blocking("the primary takes a write", || {
        let pushed: redis::RedisResult<u64> = redis::cmd("RPUSH")
            .arg("queue")
            .arg("element")
            .query(&mut connection);
        pushed.is_ok()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_call_that_waits_goes_on_waiting_on_the_new_primary() {
    let config = Server::start();
    let world = Sentinels::start();
    let queue = component(&config, &world);
    patient(Settings::new(config.url()))
        .scope(async {
            let mut dedicated = <Connection as AcquireDedicated>::acquire(queue, "pop")
                .await
                .unwrap();
            let mut pop = redis::cmd("BLPOP");
            pop.arg("queue").arg(0);
            let (popped, ()) = tokio::join!(
                pop.query_async::<(String, String)>(&mut *dedicated),
                async {
                    until("it waits", async || blocked(world.server(0)) == 1).await;
                    world.begin_failover();
                    has_moved(&world, queue).await;
                    tokio::task::block_in_place(|| push(&world));
                }
            );
            assert_eq!(popped.unwrap().1, "element");
        })
        .await;
}

#[test]
fn r13_a_blocking_call_that_waits_goes_on_waiting_on_the_new_primary() {
    let config = Server::start();
    let world = Sentinels::start();
    let queue = component(&config, &world);
    patient(Settings::new(config.url())).scope_blocking(|| {
        let scope = redis_components::Scope::current().unwrap();
        let popping = std::thread::spawn(move || {
            scope.run_blocking(|| {
                let dedicated =
                    <blocking::Connection as AcquireDedicatedBlocking>::acquire(queue, "pop");
                let mut dedicated = dedicated.unwrap();
                let mut pop = redis::cmd("BLPOP");
                pop.arg("queue").arg(0);
                pop.query::<(String, String)>(&mut dedicated)
            })
        });
        until_blocking("it waits", || blocked(world.server(0)) == 1);
        world.begin_failover();
        until_blocking("the component follows", || {
            let mut connection = queue.blocking_connection().unwrap();
            let counted: redis::RedisResult<u64> =
                redis::cmd("INCR").arg("counter").query(&mut connection);
            counted.is_ok() && in_force().1 >= 2 && is_on_the_primary(&world)
        });
        push(&world);
        assert_eq!(popping.join().unwrap().unwrap().1, "element");
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_subscriber_ends_at_a_fail_over_and_the_next_hears_the_new_primary() {
    let config = Server::start();
    let world = Sentinels::start();
    let queue = component(&config, &world);
    patient(Settings::new(config.url()))
        .scope(async {
            count(queue).await.unwrap();
            let subscribe = async || {
                let subscriber = <PubSub as Acquire>::acquire(queue, "listen").await;
                let mut subscriber = subscriber.unwrap();
                subscriber.subscribe("news").await.unwrap();
                subscriber
            };
            let mut first = subscribe().await;
            world.begin_failover();
            // Nobody calls meanwhile.
            let ended = tokio::time::timeout(SOON, first.on_message().next()).await;
            assert!(ended.expect("in time").is_none());
            let mut second = subscribe().await;
            let mut publisher = server_in_force(&world).connection();
            let heard: u64 = redis::cmd("PUBLISH")
                .arg("news")
                .arg("one")
                .query(&mut publisher)
                .unwrap();
            assert_eq!(heard, 1);
            let message = tokio::time::timeout(SOON, second.on_message().next()).await;
            let message = message.expect("in time").unwrap();
            assert_eq!(message.get_payload::<String>().unwrap(), "one");
        })
        .await;
}
