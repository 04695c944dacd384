//! A user without a password is logged in as that user, by every kind of connection.

use redis::aio::{ConnectionLike, ConnectionManager, MultiplexedConnection, PubSub};
use redis_components::__private::{
    Acquire, AcquireBlocking, AcquireDedicated, AcquireDedicatedBlocking,
};
use redis_components::{Component, Connection, Settings, blocking, set_config};
use redis_components::{ComponentConfig, get_config};
use redis_components_testing::Server;

use crate::common::{World, always_fresh};

/// Starts a server with a user who needs no password.
fn server_with_reader() -> Server {
    let server = Server::start();
    server.command(&[
        "ACL", "SETUSER", "reader", "on", "nopass", "~*", "&*", "+@all",
    ]);
    server
}

/// Returns who a connection is logged in as.
async fn user_of(connection: &mut impl ConnectionLike) -> String {
    let mut question = redis::cmd("ACL");
    question
        .arg("WHOAMI")
        .query_async(connection)
        .await
        .unwrap()
}

fn user_of_blocking(connection: &mut impl redis::ConnectionLike) -> String {
    let mut question = redis::cmd("ACL");
    question.arg("WHOAMI").query(connection).unwrap()
}

async fn users(component: &'static Component) -> Vec<(&'static str, String)> {
    let mut shared = component.connection().await.unwrap();
    let mut raw = <MultiplexedConnection as Acquire>::acquire(component, "f")
        .await
        .unwrap();
    let mut manager = <ConnectionManager as Acquire>::acquire(component, "f")
        .await
        .unwrap();
    let mut dedicated = <Connection as AcquireDedicated>::acquire(component, "f")
        .await
        .unwrap();
    let mut found = vec![
        ("Connection", user_of(&mut shared).await),
        ("MultiplexedConnection", user_of(&mut raw).await),
        ("ConnectionManager", user_of(&mut manager).await),
        ("dedicated Connection", user_of(&mut *dedicated).await),
    ];
    let mut pooled = component.blocking_connection().unwrap();
    let mut raw = <redis::Connection as AcquireBlocking>::acquire(component, "f").unwrap();
    let mut dedicated =
        <blocking::Connection as AcquireDedicatedBlocking>::acquire(component, "f").unwrap();
    found.extend([
        ("blocking Connection", user_of_blocking(&mut pooled)),
        ("redis::Connection", user_of_blocking(&mut raw)),
        (
            "dedicated blocking Connection",
            user_of_blocking(&mut dedicated),
        ),
    ]);
    found
}

#[tokio::test]
async fn r8_a_user_without_a_password_is_not_somebody_else() {
    let world = World::start();
    let server = server_with_reader();
    let logs = always_fresh("logs");
    let port = server.port();
    for config in [
        format!(r#"{{"host":"127.0.0.1","port":{port},"username":"reader"}}"#),
        format!(r#"{{"host":"127.0.0.1","port":{port},"username":"reader","password":null}}"#),
        format!(r#"{{"host":"127.0.0.1","port":{port},"username":"reader","password":""}}"#),
        format!(r#"{{"url":"redis://reader@127.0.0.1:{port}"}}"#),
        format!(r#"{{"url":"redis://reader:@127.0.0.1:{port}"}}"#),
    ] {
        world.set(logs, &config);
        world
            .settings()
            .scope(async {
                for (kind, user) in users(logs).await {
                    assert_eq!(user, "reader", "{kind} of {config}");
                }
                let mut subscriber = <PubSub as Acquire>::acquire(logs, "f").await.unwrap();
                subscriber.subscribe("news").await.unwrap();
                let listed = server.command(&["CLIENT", "LIST", "TYPE", "PUBSUB"]);
                let listed: String = redis::from_redis_value(listed).unwrap();
                assert!(listed.contains(" user=reader "), "{config}: {listed}");
            })
            .await;
    }
}

#[tokio::test]
async fn r8_without_a_user_nobody_logs_in() {
    let server = server_with_reader();
    let logs = always_fresh("logs");
    for login in ["", ":@", "@"] {
        let url = format!("redis://{login}127.0.0.1:{}", server.port());
        Settings::fixed([("logs", url)])
            .scope(async {
                for (kind, user) in users(logs).await {
                    assert_eq!(user, "default", "{kind}");
                }
            })
            .await;
    }
    assert_eq!(server.command_calls("auth"), 0);
}

/// A user without a password reads the config server as that user, with pushes and without.
#[tokio::test]
async fn r8_the_config_server_sees_the_user_of_its_url() {
    let config = server_with_reader();
    let data = Server::start();
    let logs = always_fresh("logs");
    config.command(&["SET", logs.key(), &data.config()]);
    for login in ["reader", "reader:"] {
        for push in [true, false] {
            let url = format!("redis://{login}@127.0.0.1:{}", config.port());
            Settings::new(url)
                .push(push)
                .scope(async {
                    get_config(logs).await.unwrap();
                    let listed = config.command(&["CLIENT", "LIST"]);
                    let listed: String = redis::from_redis_value(listed).unwrap();
                    assert!(
                        listed.contains(" user=reader "),
                        "{login}, {push}: {listed}"
                    );
                })
                .await;
        }
    }
}

#[tokio::test]
async fn r8_a_user_without_a_password_is_written_and_read_again() {
    let world = World::start();
    let server = server_with_reader();
    let logs = always_fresh("logs");
    let config = ComponentConfig::new("127.0.0.1")
        .port(server.port())
        .username("reader");
    world
        .settings()
        .scope(async {
            set_config(logs, &config).await.unwrap();
            assert_eq!(get_config(logs).await.unwrap(), config);
            let mut connection = logs.connection().await.unwrap();
            assert_eq!(user_of(&mut connection).await, "reader");
        })
        .await;
}
