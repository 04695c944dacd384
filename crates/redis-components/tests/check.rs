//! Trying a config without a component.
#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "common/mod.rs"]
mod common;

use redis::{AsyncConnectionConfig, ProtocolVersion};
use redis_components::{ComponentConfig, ErrorKind, ServerRole, Settings, check, open_connection};
use redis_components_testing::{Cluster, Sentinels, Server};

use crate::common::until;

fn config(server: &Server) -> ComponentConfig {
    ComponentConfig::from_json(&server.config()).unwrap()
}

async fn kind(config: &ComponentConfig) -> ErrorKind {
    check(config, &Settings::default())
        .await
        .unwrap_err()
        .kind()
}

#[tokio::test]
async fn r3_a_server_is_tried_as_before_a_config_comes_into_force() {
    let primary = Server::start();
    let port = primary.port().to_string();
    let replica = Server::start_with(&["--replicaof", "127.0.0.1", &port]);
    let settings = Settings::default();
    let checked = check(&config(&primary), &settings).await.unwrap();
    assert_eq!(checked.role, ServerRole::Primary);
    assert_eq!(checked.address, format!("127.0.0.1:{port}"));
    let checked = check(&config(&replica), &settings).await.unwrap();
    assert_eq!(checked.role, ServerRole::Replica);
}

#[tokio::test]
async fn a_role_that_may_not_be_asked_for_is_unknown() {
    let server = Server::start();
    server.command(&["ACL", "SETUSER", "reader", "on", "nopass", "~*", "+get"]);
    let config = config(&server).username("reader");
    let checked = check(&config, &Settings::default()).await.unwrap();
    assert_eq!(checked.role, ServerRole::Unknown);
}

#[tokio::test]
async fn r10_a_config_that_cannot_be_used_is_refused_with_the_reason() {
    let server = Server::start_with(&["--requirepass", "s3cret"]);
    assert_eq!(kind(&config(&server)).await, ErrorKind::ServerRefused);
    assert_eq!(
        kind(&config(&server).password("no")).await,
        ErrorKind::ServerRefused
    );
    assert_eq!(
        kind(&ComponentConfig::disabled()).await,
        ErrorKind::Disabled
    );
    let right = config(&server).password("s3cret");
    check(&right, &Settings::default()).await.unwrap();
    server.stop();
    assert_eq!(kind(&right).await, ErrorKind::ServerUnreachable);
}

#[tokio::test]
async fn r13_a_config_of_one_server_that_names_another_kind_is_found_out() {
    let sentinels = Sentinels::start();
    let sentinel = sentinels.sentinel(0).port();
    let config = format!(r#"{{"host":"127.0.0.1","port":{sentinel}}}"#);
    let config = ComponentConfig::from_json(&config).unwrap();
    let error = check(&config, &Settings::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerRefused);
    assert!(error.to_string().contains("it is a sentinel"), "{error}");

    let cluster = Cluster::start(1, 0);
    let server = cluster.node(0);
    for (config, is_node) in [(cluster.config(), false), (server.config(), true)] {
        let config = ComponentConfig::from_json(&config).unwrap();
        let checked = check(&config, &Settings::default()).await.unwrap();
        assert_eq!(checked.is_cluster_node, is_node);
    }
}

#[tokio::test]
async fn a_connection_for_a_tool_stays_where_it_is() {
    let server = Server::start();
    let settings = Settings::default();
    let plain = AsyncConnectionConfig::new();
    let config = config(&server);
    let opened = open_connection(&config, &settings, ProtocolVersion::RESP3, plain);
    let mut connection = opened.await.unwrap();
    let () = redis::cmd("SELECT")
        .arg(1)
        .query_async(&mut connection)
        .await
        .unwrap();
    let () = redis::cmd("SET")
        .arg("k")
        .arg("v")
        .query_async(&mut connection)
        .await
        .unwrap();
    drop(connection);
    server.command(&["SELECT", "1"]);
    let value: String = redis::from_redis_value(server.command(&["GET", "k"])).unwrap();
    assert_eq!(value, "v");
}

#[tokio::test]
async fn a_cluster_that_is_down_says_so() {
    let cluster = Cluster::start(3, 0);
    let mut config: serde_json::Value = serde_json::from_str(&cluster.config()).unwrap();
    config["require_full_coverage"] = serde_json::Value::from(false);
    let config = ComponentConfig::from_json(&config.to_string()).unwrap();
    let settings = Settings::default();
    let is_down = async || check(&config, &settings).await.unwrap().is_cluster_down;
    assert!(!is_down().await);
    for number in 0..3 {
        cluster.node(number).command(&["CLUSTER", "DELSLOTS", "42"]);
    }
    until("it is down", is_down).await;
}
