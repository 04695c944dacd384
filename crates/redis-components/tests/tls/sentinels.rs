//! TLS to sentinels, and to the servers that they name.

use std::time::Duration;

use redis_components::{Component, Scope, Settings, status};
use redis_components_testing::{Flaw, Sentinels, SentinelsBuilder, Server, Tls};
use serde_json::json;

use crate::common::traffic::{Load, Traffic};
use crate::common::{HOUR, count, declare, patient, until, with};

const LOAD: Load = Load {
    tasks: 4,
    threads: 2,
    pause: Duration::from_millis(1),
};

/// What docs/topologies.md lets the user of sentinels do.
const RIGHTS: [&str; 7] = [
    "-@all",
    "+ping",
    "+subscribe",
    "+sentinel|master",
    "+sentinel|sentinels",
    "+sentinel|replicas",
    "+sentinel|get-master-addr-by-name",
];

/// Increments a counter on a thread.
async fn count_on_thread(component: &'static Component) -> Result<u64, String> {
    let scope = Scope::current().unwrap();
    let call = move || {
        scope.run_blocking(|| {
            let connection = component.blocking_connection();
            let mut connection = connection.map_err(|error| error.to_string())?;
            let mut increment = redis::cmd("INCR");
            let counted = increment.arg("counter").query(&mut connection);
            counted.map_err(|error| error.to_string())
        })
    };
    tokio::task::spawn_blocking(call).await.unwrap()
}

/// Asserts that calls under load follow a fail-over, with a login to the servers and another to the
/// sentinels. `of_servers` and `of_sentinels` say who speaks TLS with clients.
async fn a_fail_over_is_followed(builder: SentinelsBuilder, of_servers: bool, of_sentinels: bool) {
    let rights = [&["&+switch-master"][..], &RIGHTS].concat();
    let sentinels = builder
        .require_client_certificates()
        .password("of-the-servers")
        .user("app", "of-the-app", &["~*", "&*", "+@all"])
        .sentinel_password("of-the-sentinels")
        .sentinel_user("watcher", "of-the-watcher", &rights)
        .start();
    let logins = json!({
        "username": "app",
        "password": "of-the-app",
        "sentinel_username": "watcher",
        "sentinel_password": "of-the-watcher",
    });
    let config = with(&sentinels.config(), &logins);
    let speaks = |field| config.contains(&format!("\"{field}\":true"));
    assert_eq!(
        (speaks("ssl"), speaks("sentinel_ssl")),
        (of_servers, of_sentinels)
    );
    sentinels.server(0).command(&["SET", "name", "any"]);
    let config_server = Server::start();
    let logs = declare("logs", HOUR);
    config_server.command(&["SET", logs.key(), &config]);
    patient(Settings::new(config_server.url()))
        .scope(async {
            assert!(count(logs).await.is_ok() && count_on_thread(logs).await.is_ok());
            let traffic = Traffic::start(logs, LOAD);
            traffic.goes_on(50).await;
            let new = tokio::task::block_in_place(|| sentinels.failover());
            let port = sentinels.server(new).port();
            until("the new primary is in force", async || {
                let status = status();
                let current = status.components[0].current.as_ref().unwrap();
                assert_eq!(current.tls, of_servers);
                current.port == port
            })
            .await;
            traffic.goes_on(50).await;
            traffic.stop().await;
            let before = sentinels.server(new).command_calls("incr");
            assert!(count(logs).await.is_ok() && count_on_thread(logs).await.is_ok());
            assert_eq!(sentinels.server(new).command_calls("incr"), before + 2);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_fail_over_is_followed_if_servers_and_sentinels_speak_tls() {
    let tls = Tls::new();
    a_fail_over_is_followed(Sentinels::builder().tls(&tls), true, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_fail_over_is_followed_if_servers_alone_speak_tls() {
    let tls = Tls::new();
    a_fail_over_is_followed(Sentinels::builder().tls_of_servers(&tls), true, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_fail_over_is_followed_if_sentinels_alone_speak_tls() {
    let tls = Tls::new();
    a_fail_over_is_followed(Sentinels::builder().tls_of_sentinels(&tls), false, true).await;
}

/// Sentinels give addresses, and certificates are for names.
#[tokio::test]
async fn r11_a_server_behind_sentinels_may_have_the_name_that_the_config_demands() {
    let (config_server, tls) = (Server::start(), Tls::for_names(&["redis.test"]));
    let builder = Sentinels::builder().replicas(0).sentinels(1, 1);
    let sentinels = builder.tls(&tls).start();
    let logs = declare("logs", HOUR);
    let names = json!({"ssl_server_name": "redis.test", "sentinel_ssl_server_name": "redis.test"});
    let config = with(&sentinels.config(), &names);
    config_server.command(&["SET", logs.key(), &config]);
    patient(Settings::new(config_server.url()))
        .scope(async {
            assert_eq!(count(logs).await, Ok(1));
            assert_eq!(count_on_thread(logs).await, Ok(2));
        })
        .await;
}

#[tokio::test]
async fn r11_a_server_behind_sentinels_is_used_once_its_certificate_is_renewed() {
    let (config_server, tls) = (Server::start(), Tls::new());
    let builder = Sentinels::builder().replicas(0).sentinels(1, 1);
    let sentinels = builder.tls(&tls).start();
    let logs = declare("logs", HOUR);
    config_server.command(&["SET", logs.key(), &sentinels.config()]);
    sentinels.server(0).rotate(&tls.flawed(Flaw::Expired));
    patient(Settings::new(config_server.url()))
        .scope(async {
            let error = logs.connection().await.unwrap_err();
            assert!(error.to_string().contains("expired"), "{error}");
            sentinels.server(0).rotate(tls.server());
            until("the server is used", async || count(logs).await.is_ok()).await;
        })
        .await;
}

#[tokio::test]
async fn r6_a_server_behind_sentinels_with_another_name_is_told_by_its_own() {
    let (config_server, tls) = (Server::start(), Tls::for_names(&["redis.test"]));
    let builder = Sentinels::builder().replicas(0).sentinels(1, 1);
    let sentinels = builder.tls_of_servers(&tls).start();
    let logs = declare("logs", HOUR);
    let named = format!("localhost:{}", sentinels.sentinel(0).port());
    let config = with(&sentinels.config(), &json!({ "sentinels": [named] }));
    config_server.command(&["SET", logs.key(), &config]);
    patient(Settings::new(config_server.url()))
        .scope(async {
            let error = logs.connection().await.unwrap_err().to_string();
            let reason = "its certificate is not for 127.0.0.1 but for redis.test";
            assert!(error.contains(reason), "{error}");
            // The host of a sentinel is a name of the config.
            sentinels.server(0).rotate(&tls.issue(&["localhost"]));
            until("the server is used", async || count(logs).await.is_ok()).await;
        })
        .await;
}
