//! Functions that take a `Subscriber`: a connection of their own, which follows the component.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod ends;
mod losses;
mod moves;
mod staying;
mod subscriptions;

use redis::Value;
use redis_components::__private::Acquire;
use redis_components::{Component, Subscriber, SubscriberEvent};
use redis_components_testing::Server;

use crate::common::SOON;

/// The channel of most tests.
const NEWS: &str = "news";

async fn subscriber(component: &'static Component) -> Subscriber {
    <Subscriber as Acquire>::acquire(component, "listen")
        .await
        .unwrap()
}

async fn subscribed(component: &'static Component) -> Subscriber {
    let mut subscriber = subscriber(component).await;
    subscriber.subscribe(NEWS).await.unwrap();
    subscriber
}

/// Publishes, and returns how many have been sent the message.
fn publish(server: &Server, message: &str) -> u64 {
    redis::from_redis_value(server.command(&["PUBLISH", NEWS, message])).unwrap()
}

/// Returns how many are subscribed on the server.
fn subscribers(server: &Server) -> u64 {
    let answer = server.command(&["PUBSUB", "NUMSUB", NEWS]);
    redis::from_redis_value::<(String, u64)>(answer).unwrap().1
}

/// Returns the next event, which comes soon and is no error.
async fn next(subscriber: &mut Subscriber) -> SubscriberEvent {
    let next = tokio::time::timeout(SOON, subscriber.next()).await;
    next.expect("in time").expect("it goes on").unwrap()
}

/// Returns the next message, before which nothing happened.
async fn message(subscriber: &mut Subscriber) -> String {
    let event = next(subscriber).await;
    let SubscriberEvent::Message(message) = event else {
        panic!("{event:?}");
    };
    message.get_payload().unwrap()
}

/// Asserts that the next event says that all is subscribed again. Returns the generation.
async fn resubscribed(subscriber: &mut Subscriber, with_gap: bool) -> u64 {
    let event = next(subscriber).await;
    let SubscriberEvent::Resubscribed {
        generation, gap, ..
    } = event
    else {
        panic!("{event:?}");
    };
    assert_eq!(gap, with_gap);
    generation
}

/// Closes the connections of all subscribers. Returns how many there were.
fn kill_subscribers(server: &Server) -> Value {
    server.command(&["CLIENT", "KILL", "TYPE", "pubsub"])
}
