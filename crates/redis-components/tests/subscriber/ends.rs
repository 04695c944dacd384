//! How a subscriber ends.

use std::time::Duration;

use futures_util::StreamExt as _;
use redis_components::{ErrorKind, shutdown};

use super::{publish, subscribed, subscribers};
use crate::common::{SOON, World, declare, until};

#[tokio::test]
async fn r10_shutdown_ends_a_subscriber() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            assert_eq!(publish(&world.a, "last"), 1);
            until("it has come", async || {
                // It is in the queue when the next request is answered.
                subscriber.subscribe("more").await.is_ok()
            })
            .await;
            let reader = tokio::spawn(async move {
                let items: Vec<_> = (&mut subscriber).collect().await;
                (items, subscriber)
            });
            // Nothing is in use, long before the deadline.
            assert_eq!(shutdown(2 * SOON).await.unwrap(), 0);
            let ended = tokio::time::timeout(SOON, reader).await;
            let (items, mut subscriber) = ended.expect("in time").unwrap();
            let [Ok(_), Err(error)] = items.as_slice() else {
                panic!("{items:?}");
            };
            assert_eq!(error.kind(), ErrorKind::ShutDown);
            let error = subscriber.subscribe("more").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ShutDown);
            until("it has left", async || subscribers(&world.a) == 0).await;
        })
        .await;
}

#[tokio::test]
async fn r10_a_component_that_is_switched_off_ends_its_subscribers() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut subscriber = subscribed(logs).await;
            world.set(logs, r#"{"disabled":true}"#);
            let ended = tokio::time::timeout(SOON, subscriber.next()).await;
            let error = ended.expect("in time").unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Disabled);
            assert!(subscriber.next().await.is_none());
            until("it has left", async || subscribers(&world.a) == 0).await;
        })
        .await;
}

#[tokio::test]
async fn r10_a_subscriber_that_is_dropped_leaves_its_servers_empty() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let subscriber = subscribed(logs).await;
            world.move_to(logs, &world.b);
            until("it is there", async || subscribers(&world.b) == 1).await;
            drop(subscriber);
            until("it has left both", async || {
                subscribers(&world.a) + subscribers(&world.b) == 0
            })
            .await;
            until("nobody is left", async || world.a.connected_clients() == 0).await;
        })
        .await;
}
