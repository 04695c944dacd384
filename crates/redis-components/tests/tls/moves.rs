//! A component moves between kinds of servers, under load.

use std::time::Duration;

use redis_components::__private::Acquire;
use redis_components::{Subscriber, SubscriberEvent};
use redis_components_testing::{Server, Tls};

use crate::common::traffic::{Load, Traffic, failures};
use crate::common::{HOUR, SOON, World, counter, declare};

const LOAD: Load = Load {
    tasks: 16,
    threads: 4,
    pause: Duration::ZERO,
};

const ROUNDS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_one_set_moves_a_component_from_tcp_to_tls_to_a_unix_socket_and_back() {
    let tls = Tls::new();
    let encrypted = Server::builder().tls(&tls).start();
    let local = Server::builder().unix_socket().start();
    encrypted.command(&["SET", "name", "tls"]);
    local.command(&["SET", "name", "unix"]);
    let world = World::start();
    let socket = local.unix_socket().unwrap().to_str().unwrap();
    let places = [
        ("a", world.a.config()),
        ("tls", encrypted.config()),
        (
            "unix",
            serde_json::json!({"unix_socket_path": socket}).to_string(),
        ),
    ];
    let logs = declare("logs", HOUR);
    world.set(logs, &places[0].1);
    world
        .settings()
        .scope(async {
            let traffic = Traffic::start(logs, LOAD);
            for _ in 0..ROUNDS {
                for (_, config) in &places {
                    world.set(logs, config);
                    traffic.goes_on(500).await;
                }
            }
            world.set(logs, &places[0].1);
            traffic.goes_on(500).await;
            let calls = traffic.stop().await;
            assert_eq!(failures(&calls), [""; 0]);
            for (name, _) in &places {
                let on = |call: &&crate::common::traffic::Call| call.outcome.as_deref() == Ok(name);
                assert!(calls.iter().filter(on).count() > 0, "no call ran on {name}");
            }
            let counted = counter(&world.a) + counter(&encrypted) + counter(&local);
            assert_eq!(counted, calls.len() as u64);
        })
        .await;
}

#[tokio::test]
async fn r4_a_subscriber_follows_to_tls_to_a_unix_socket_and_to_tcp() {
    let tls = Tls::new();
    let encrypted = Server::builder().tls(&tls).start();
    let local = Server::builder().unix_socket().start();
    let world = World::start();
    let socket = serde_json::json!({"unix_socket_path": local.unix_socket().unwrap()});
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut subscriber = <Subscriber as Acquire>::acquire(logs, "listen")
                .await
                .unwrap();
            subscriber.subscribe("news").await.unwrap();
            let mut next = async || {
                let next = tokio::time::timeout(SOON, subscriber.next()).await;
                next.expect("in time").unwrap().unwrap()
            };
            for (server, config) in [
                (&encrypted, encrypted.config()),
                (&local, socket.to_string()),
                (&world.b, world.b.config()),
            ] {
                world.set(logs, &config);
                let event = next().await;
                assert!(
                    matches!(event, SubscriberEvent::Resubscribed { gap: false, .. }),
                    "{event:?}"
                );
                let sent = server.command(&["PUBLISH", "news", &config]);
                assert_eq!(sent, redis::Value::Int(1), "{config}");
                let message = next().await.into_message().unwrap();
                assert_eq!(message.get_payload_bytes(), config.as_bytes());
            }
        })
        .await;
}
