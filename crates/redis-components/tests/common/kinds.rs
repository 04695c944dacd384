//! One call of each kind of connection.

use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{MultiplexedConnection, PubSub};
use redis_components::__private::{Acquire, AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::{Component, Connection, ErrorKind, Scope, Subscriber, blocking};
use redis_components_testing::Server;

use super::clients::clients;
use super::{
    SOON, name_of, name_of_blocking, until, until_blocking, whereabouts, whereabouts_blocking,
};

/// Asserts that every kind of connection whose stream is ours leads to the server, which is named
/// `name`.
pub(crate) async fn all_lead_to(component: &'static Component, server: &Server, name: &str) {
    assert_eq!(whereabouts(component).await.unwrap(), name);
    let lent = <MultiplexedConnection as Acquire>::acquire(component, "lent").await;
    assert_eq!(name_of(&mut lent.unwrap()).await.unwrap(), name);
    let dedicated = <Connection as AcquireDedicated>::acquire(component, "pop").await;
    let mut dedicated = dedicated.unwrap();
    let mut pop = redis::cmd("BLPOP");
    pop.arg("queue").arg(0);
    let (popped, ()) = tokio::join!(
        pop.query_async::<(String, String)>(&mut *dedicated),
        async {
            until("it waits", async || clients(server, "cmd=blpop") == 1).await;
            server.command(&["RPUSH", "queue", "element"]);
        }
    );
    assert_eq!(popped.unwrap().1, "element");

    let mut subscriber = <PubSub as Acquire>::acquire(component, "hear")
        .await
        .unwrap();
    subscriber.subscribe("news").await.unwrap();
    server.command(&["PUBLISH", "news", "one"]);
    let mut messages = subscriber.on_message();
    let message = tokio::time::timeout(SOON, messages.next()).await;
    let payload: String = message.expect("in time").unwrap().get_payload().unwrap();
    assert_eq!(payload, "one");

    let mut follows = <Subscriber as Acquire>::acquire(component, "listen")
        .await
        .unwrap();
    follows.subscribe("news").await.unwrap();
    server.command(&["PUBLISH", "news", "two"]);
    let event = tokio::time::timeout(SOON, follows.next()).await;
    let event = event.expect("in time").unwrap().unwrap();
    assert_eq!(event.into_message().unwrap().get_payload_bytes(), b"two");
}

/// Does the same for blocking connections.
pub(crate) fn all_lead_to_blocking(component: &'static Component, server: &Server, name: &str) {
    assert_eq!(whereabouts_blocking(component).unwrap(), name);
    let dedicated = <blocking::Connection as AcquireDedicatedBlocking>::acquire(component, "pop");
    let mut dedicated = dedicated.unwrap();
    assert_eq!(name_of_blocking(&mut dedicated).unwrap(), name);
    let popped = std::thread::scope(|scope| {
        let pop = scope.spawn(move || {
            // It ends if this test fails, which waits for the thread.
            let mut pop = redis::cmd("BLPOP");
            pop.arg("queue").arg(2 * SOON.as_secs());
            pop.query::<(String, String)>(&mut dedicated).unwrap().1
        });
        until_blocking("it waits", || clients(server, "cmd=blpop") == 1);
        // Longer than the interval at which it asks if it has to go on.
        std::thread::sleep(Duration::from_millis(700));
        server.command(&["RPUSH", "queue", "element"]);
        pop.join().unwrap()
    });
    assert_eq!(popped, "element");
}

/// Asserts that types of redis-rs that open their own sockets are refused, and that the error says
/// what to take instead.
pub(crate) async fn others_are_refused(component: &'static Component, over: &str) {
    let manager = <redis::aio::ConnectionManager as Acquire>::acquire(component, "old").await;
    let scope = Scope::current().unwrap();
    let dedicated = tokio::task::spawn_blocking(move || {
        scope.run_blocking(|| {
            <redis::Connection as AcquireDedicatedBlocking>::acquire(component, "old")
                .err()
                .unwrap()
        })
    });
    for (error, instead) in [
        (
            manager.err().unwrap(),
            "`&mut redis_components::Connection`",
        ),
        (
            dedicated.await.unwrap(),
            "`&mut redis_components::blocking::Connection`",
        ),
    ] {
        assert_eq!(error.kind(), ErrorKind::UnsupportedConnection, "{error}");
        let text = error.to_string();
        assert!(text.contains(over) && text.contains(instead), "{text}");
    }
    // Nothing is taken down.
    whereabouts(component).await.unwrap();
}
