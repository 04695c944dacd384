//! Functions that take a `redis::aio::PubSub`: a socket of their own, on the server where the call
//! began.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use redis::Value;
use redis::aio::PubSub;
use redis_components::__private::Acquire;
use redis_components::Component;
use redis_components_testing::{Proxy, Server};

use crate::common::clients::{client_list, clients};
use crate::common::{SOON, World, always_fresh, config_with, declare, until, whereabouts};

async fn subscribed(component: &'static Component) -> PubSub {
    let mut subscriber = <PubSub as Acquire>::acquire(component, "listen")
        .await
        .unwrap();
    subscriber.subscribe("news").await.unwrap();
    subscriber
}

/// Publishes, and says how many have subscribed.
fn publish(server: &Server, message: &str) -> Value {
    server.command(&["PUBLISH", "news", message])
}

async fn next(subscriber: &mut PubSub) -> Option<String> {
    let mut messages = subscriber.on_message();
    let next = tokio::time::timeout(SOON, messages.next()).await;
    next.expect("in time")
        .map(|message| message.get_payload().unwrap())
}

#[tokio::test]
async fn r4_a_subscriber_ends_when_the_component_has_moved_and_the_next_follows_it() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            for (server, other) in [(&world.a, &world.b), (&world.b, &world.a)] {
                let mut subscriber = subscribed(logs).await;
                assert_eq!(publish(server, "one"), Value::Int(1));
                assert_eq!(next(&mut subscriber).await.as_deref(), Some("one"));
                // Nobody calls the component meanwhile.
                world.move_to(logs, other);
                assert_eq!(next(&mut subscriber).await, None);
                assert!(subscriber.subscribe("more").await.is_err());
            }
        })
        .await;
}

#[tokio::test]
async fn r4_a_subscriber_that_is_told_to_stay_stays_and_later_ones_follow_the_component() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let staying = <PubSub as Acquire>::acquire_staying(logs, "listen").await;
            let mut first = staying.unwrap();
            first.subscribe("news").await.unwrap();

            world.move_to(logs, &world.b);
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            let mut second = subscribed(logs).await;
            assert_eq!(publish(&world.a, "two"), Value::Int(1));
            assert_eq!(publish(&world.b, "three"), Value::Int(1));
            assert_eq!(next(&mut first).await.as_deref(), Some("two"));
            assert_eq!(next(&mut second).await.as_deref(), Some("three"));
        })
        .await;
}

#[tokio::test]
async fn r10_a_subscriber_ends_with_its_call_and_leaves_its_server_empty() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            {
                let mut subscriber = subscribed(logs).await;
                let mut messages = subscriber.on_message();
                tokio::select! {
                    message = messages.next() => panic!("{message:?}"),
                    () = until("it has subscribed", async || {
                        clients(&world.a, " sub=1 ") == 1
                    }) => {}
                }
                world.move_to(logs, &world.b);
                assert_eq!(whereabouts(logs).await.unwrap(), "b");
            }
            // The shared connection too, which it had asked whether the server is there.
            until("nobody is left", async || world.a.connected_clients() == 0).await;
        })
        .await;
}

#[tokio::test]
async fn r10_a_subscriber_ends_when_its_server_does_not_answer() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .default_settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            world.a.freeze();
            {
                let mut messages = subscriber.on_message();
                // The server is asked every five seconds.
                let ended = tokio::time::timeout(6 * SOON, messages.next()).await;
                assert!(ended.expect("in time").is_none());
            }
            assert!(subscriber.subscribe("more").await.is_err());
            world.a.thaw();
        })
        .await;
}

#[tokio::test]
async fn r3_a_subscriber_logs_in_as_its_config_says() {
    let world = World::start();
    let locked = Server::start_with(&["--requirepass", "secret"]);
    let logs = always_fresh("logs");
    let fields = r#""password":"secret","db":3"#;
    world.set(logs, &config_with(locked.port(), fields));
    world
        .settings()
        .scope(async {
            let _subscriber = subscribed(logs).await;
            let clients = client_list(&locked);
            let in_db = |line: &String| line.contains(" sub=1 ") && line.contains(" db=3 ");
            assert!(clients.iter().any(in_db), "{clients:?}");
        })
        .await;
}

#[tokio::test]
async fn r10_a_subscriber_that_cannot_connect_is_an_error_in_bounded_time() {
    let world = World::start();
    let proxy = Proxy::to(&world.a);
    let logs = always_fresh("logs");
    world.set(
        logs,
        &config_with(proxy.port(), r#""socket_connect_timeout":1"#),
    );
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            proxy.hold();
            let begun = Instant::now();
            let error = <PubSub as Acquire>::acquire(logs, "listen").await.err();
            let error = error.expect("it does not answer");
            assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
            assert_eq!(error.component(), Some("logs"));
            assert!(error.to_string().contains("no answer in time"), "{error}");
        })
        .await;
}
