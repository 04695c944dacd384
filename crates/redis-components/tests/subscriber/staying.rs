//! Subscribers that are told to stay on their server when the component moves.

use std::time::Duration;

use redis_components::__private::Acquire;
use redis_components::{Component, ErrorKind, Subscriber, SubscriberEvent};
use redis_components_testing::Proxy;

use super::{
    NEWS, kill_subscribers, message, next, publish, resubscribed, subscribed, subscribers,
};
use crate::common::{SOON, World, arrives, declare, until};

async fn staying(component: &'static Component) -> Subscriber {
    let staying = <Subscriber as Acquire>::acquire_staying(component, "listen").await;
    let mut staying = staying.unwrap();
    staying.subscribe(NEWS).await.unwrap();
    staying
}

/// Asserts that the subscriber ends, and says why.
async fn ends(mut staying: Subscriber) {
    let end = tokio::time::timeout(SOON, staying.next()).await;
    let end = end.expect("in time").unwrap().unwrap_err();
    assert_eq!(end.component(), Some("logs"));
    assert_eq!(end.kind(), ErrorKind::ComponentMoved);
    let text = end.to_string();
    assert!(text.contains("was told to stay, so it ends"), "{text}");
    assert!(!text.contains("connects again"), "{text}");
    assert!(staying.next().await.is_none());
}

#[tokio::test]
async fn r4_a_subscriber_that_is_told_to_stay_stays() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut staying = staying(logs).await;
            let mut follows = subscribed(logs).await;
            world.move_to(logs, &world.b);
            resubscribed(&mut follows, false).await;
            until("it has left", async || subscribers(&world.a) == 1).await;
            assert_eq!(publish(&world.a, "one"), 1);
            assert_eq!(message(&mut staying).await, "one");
            // Its server is gone.
            kill_subscribers(&world.a);
            ends(staying).await;
        })
        .await;
}

#[tokio::test]
async fn r4_a_subscriber_that_is_told_to_stay_ends_if_the_component_moves_while_it_connects_again()
{
    let world = World::start();
    let proxy = Proxy::to(&world.a);
    let logs = declare("logs", Duration::from_secs(1));
    world.set(logs, &proxy.config());
    world
        .settings()
        .scope(async {
            let mut staying = staying(logs).await;
            proxy.refuse();
            kill_subscribers(&world.a);
            let event = next(&mut staying).await;
            assert!(matches!(event, SubscriberEvent::Lost(_)), "{event:?}");
            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
            ends(staying).await;
            assert_eq!(subscribers(&world.b), 0);
        })
        .await;
}

#[tokio::test]
async fn r4_a_subscriber_that_is_told_to_stay_comes_back_to_its_server() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut staying = staying(logs).await;
            kill_subscribers(&world.a);
            let event = next(&mut staying).await;
            assert!(matches!(event, SubscriberEvent::Lost(_)), "{event:?}");
            resubscribed(&mut staying, true).await;
            assert_eq!(publish(&world.a, "one"), 1);
            assert_eq!(message(&mut staying).await, "one");
        })
        .await;
}
