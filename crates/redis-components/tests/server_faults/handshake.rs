//! A proxy that does not know commands which a client can do without.

use redis::aio::{ConnectionManager, MultiplexedConnection, PubSub};
use redis_components::__private::{
    Acquire, AcquireBlocking, AcquireDedicated, AcquireDedicatedBlocking,
};
use redis_components::{Connection, blocking};

use crate::common::clients::clients;
use crate::common::impostors::{ignorant_of, starting};
use crate::common::{World, always_fresh, config_with, name_of, whereabouts, whereabouts_blocking};

/// A proxy may hang up for a moment, which says nothing about the name.
#[tokio::test]
async fn r13_a_server_that_hangs_up_once_is_told_the_name_again() {
    let world = World::start();
    let logs = always_fresh("logs");
    let config = config_with(starting(1, world.a.port()), r#""client_name":"known""#);
    world.set(logs, &config);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let named = || clients(&world.a, "name=known");
            assert_eq!(named(), 0);
            // A connection of its own.
            let dedicated = <Connection as AcquireDedicated>::acquire(logs, "read").await;
            assert_eq!(named(), 1);
            drop(dedicated);
        })
        .await;
}

/// It hangs up on what it does not know, as twemproxy does.
#[tokio::test]
async fn r3_a_proxy_that_hangs_up_on_client_commands_is_used() {
    is_used_behind_a_proxy("CLIENT", "").await;
}

#[tokio::test]
async fn r3_a_proxy_that_hangs_up_on_the_clients_name_is_used() {
    is_used_behind_a_proxy("CLIENT", r#","client_name":"logs""#).await;
}

#[tokio::test]
async fn r3_a_proxy_that_hangs_up_when_it_is_asked_for_its_mode_is_used() {
    is_used_behind_a_proxy("HELLO", r#","client_name":"logs""#).await;
}

async fn is_used_behind_a_proxy(unknown: &'static str, fields: &str) {
    let world = World::start();
    let logs = always_fresh("logs");
    let (port, _) = ignorant_of(unknown, world.a.port());
    let config = format!(r#"{{"host":"127.0.0.1","port":{port}{fields}}}"#);
    world.set(logs, &config);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
            let mut dedicated = <Connection as AcquireDedicated>::acquire(logs, "read")
                .await
                .unwrap();
            assert_eq!(name_of(&mut *dedicated).await.unwrap(), "a");
            // A call that waits asks for the number of its connection, and is not answered.
            world.a.command(&["RPUSH", "queue", "element"]);
            let popped: Option<(String, String)> = redis::cmd("BLPOP")
                .arg("queue")
                .arg(1)
                .query_async(&mut *dedicated)
                .await
                .unwrap();
            assert_eq!(popped.unwrap().1, "element");
            let mut own =
                <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "read").unwrap();
            world.a.command(&["RPUSH", "queue", "another"]);
            let popped: Option<(String, String)> = redis::cmd("BLPOP")
                .arg("queue")
                .arg(1)
                .query(&mut own)
                .unwrap();
            assert_eq!(popped.unwrap().1, "another");
            let mut raw = <MultiplexedConnection as Acquire>::acquire(logs, "read")
                .await
                .unwrap();
            assert_eq!(name_of(&mut raw).await.unwrap(), "a");
            let mut manager = <ConnectionManager as Acquire>::acquire(logs, "read")
                .await
                .unwrap();
            assert_eq!(name_of(&mut manager).await.unwrap(), "a");
            let mut raw = <redis::Connection as AcquireBlocking>::acquire(logs, "read").unwrap();
            let name: String = redis::cmd("GET").arg("name").query(&mut raw).unwrap();
            assert_eq!(name, "a");
            let mut subscriber = <PubSub as Acquire>::acquire(logs, "listen").await.unwrap();
            subscriber.subscribe("news").await.unwrap();
        })
        .await;
}
