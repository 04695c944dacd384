//! What a subscriber subscribes to, and what it is refused.

use std::time::Duration;

use redis::Value;
use redis_components::__private::Acquire;
use redis_components::{ErrorKind, Subscriber, SubscriberEvent};
use redis_components_testing::Server;

use super::{message, next, publish, subscribed, subscriber};
use crate::common::clients::client_list;
use crate::common::{World, always_fresh, config_with, declare};

#[tokio::test]
async fn r4_a_subscriber_hears_channels_patterns_and_sharded_channels() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut heard = subscriber(logs).await;
            let none: [&str; 0] = [];
            heard.subscribe(&none).await.unwrap();
            heard.unsubscribe(&none).await.unwrap();
            heard.subscribe(&["one", "two"]).await.unwrap();
            heard.psubscribe("o*").await.unwrap();
            heard.ssubscribe("shard").await.unwrap();
            let sent = |command: &[&str]| world.a.command(command);
            assert_eq!(sent(&["PUBLISH", "one", "1"]), Value::Int(2));
            let mut patterns = Vec::new();
            for _ in 0..2 {
                let SubscriberEvent::Message(message) = next(&mut heard).await else {
                    panic!("no message");
                };
                assert_eq!(message.get_channel_name(), "one");
                patterns.push(message.get_pattern::<Option<String>>().unwrap());
            }
            assert_eq!(patterns, [None, Some("o*".to_owned())]);
            assert_eq!(sent(&["SPUBLISH", "shard", "2"]), Value::Int(1));
            assert_eq!(message(&mut heard).await, "2");
            heard.punsubscribe("o*").await.unwrap();
            heard.sunsubscribe(&none).await.unwrap();
            heard.unsubscribe(&none).await.unwrap();
            for command in [
                ["PUBLISH", "one", ""],
                ["PUBLISH", "two", ""],
                ["SPUBLISH", "shard", ""],
            ] {
                assert_eq!(sent(&command), Value::Int(0), "{command:?}");
            }
            heard.subscribe("two").await.unwrap();
            assert_eq!(sent(&["PUBLISH", "two", "3"]), Value::Int(1));
            assert_eq!(message(&mut heard).await, "3");
        })
        .await;
}

#[tokio::test]
async fn r10_a_subscription_that_the_server_refuses_is_an_error_and_the_others_stay() {
    let world = World::start();
    let set = ["ACL", "SETUSER", "default", "resetchannels", "&news"];
    world.a.command(&set);
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut heard = subscribed(logs).await;
            let error = heard.subscribe(&["news", "secret"]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ServerRefused);
            let text = error.to_string();
            for part in ["logs", "`SUBSCRIBE`", "NOPERM", "the right to the channel"] {
                assert!(text.contains(part), "{text}");
            }
            // It is not tried again with the next connection.
            super::kill_subscribers(&world.a);
            let lost = next(&mut heard).await;
            assert!(matches!(lost, SubscriberEvent::Lost(_)), "{lost:?}");
            super::resubscribed(&mut heard, true).await;
            assert_eq!(publish(&world.a, "one"), 1);
            assert_eq!(message(&mut heard).await, "one");
        })
        .await;
}

#[tokio::test]
async fn r3_a_subscriber_that_follows_logs_in_as_its_config_says() {
    let world = World::start();
    let locked = Server::start_with(&["--requirepass", "secret"]);
    let logs = always_fresh("logs");
    let fields = r#""password":"secret","db":3,"client_name":"ears""#;
    world.set(logs, &config_with(locked.port(), fields));
    world
        .settings()
        .scope(async {
            let _subscriber = subscribed(logs).await;
            let clients = client_list(&locked);
            let is_it = |line: &String| {
                [" sub=1 ", " db=3 ", " name=ears "]
                    .iter()
                    .all(|field| line.contains(field))
            };
            assert!(clients.iter().any(is_it), "{clients:?}");
        })
        .await;
}

#[tokio::test]
async fn r10_a_subscriber_without_a_server_is_an_error() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world.a.stop();
    let error = world
        .settings()
        .scope(<Subscriber as Acquire>::acquire(logs, "listen"))
        .await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerUnreachable);
    assert_eq!(error.component(), Some("logs"));
}
