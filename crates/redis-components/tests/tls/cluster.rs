//! TLS to the nodes of a cluster.

use std::sync::Arc;
use std::time::Duration;

use redis::{AsyncCommands, Commands};
use redis_components::{Component, ErrorKind, Scope, Settings, status};
use redis_components_testing::{Cluster, Server, Tls};
use serde_json::json;

use crate::common::traffic::{Load, Traffic, failures};
use crate::common::{HOUR, always_fresh, declare, patient, with};

const LOAD: Load = Load {
    tasks: 8,
    threads: 4,
    pause: Duration::ZERO,
};

/// Enough keys that each of three nodes has some.
const KEYS: usize = 48;

fn counted(cluster: &Cluster) -> u64 {
    let node = cluster.node(cluster.primary_of("counter"));
    redis::from_redis_value(node.command(&["GET", "counter"])).unwrap()
}

/// Writes keys on all nodes with a config, with tasks and with threads.
async fn all_nodes_are_reached(cluster: &Cluster, config: &str) {
    let config_server = Server::start();
    let logs = always_fresh("logs");
    config_server.command(&["SET", logs.key(), config]);
    cluster.flush();
    let reach = async {
        for number in 0..KEYS {
            let mut connection = logs.connection().await.unwrap();
            let key = format!("task{number}");
            connection.set::<_, _, ()>(&key, number).await.unwrap();
        }
        let scope = Scope::current().unwrap();
        let on_thread = move || scope.run_blocking(|| reach_blocking(logs));
        tokio::task::spawn_blocking(on_thread).await.unwrap();
    };
    patient(Settings::new(config_server.url()))
        .scope(reach)
        .await;
    let sizes = cluster.nodes().into_iter().map(|node| size(&node));
    let sizes: Vec<usize> = sizes.collect();
    assert!(sizes.iter().all(|size| *size > 0), "{sizes:?}");
    assert_eq!(sizes.iter().sum::<usize>(), 2 * KEYS);
}

fn reach_blocking(logs: &'static Component) {
    for number in 0..KEYS {
        let mut connection = logs.blocking_connection().unwrap();
        let key = format!("thread{number}");
        connection.set::<_, _, ()>(&key, number).unwrap();
    }
}

fn size(node: &Arc<Server>) -> usize {
    redis::from_redis_value(node.command(&["DBSIZE"])).unwrap()
}

/// Returns the kind and the text of the error that a call gets with a config.
async fn refused(config: &str) -> (ErrorKind, String) {
    let config_server = Server::start();
    let logs = always_fresh("logs");
    config_server.command(&["SET", logs.key(), config]);
    let settings = patient(Settings::new(config_server.url()));
    let error = settings.scope(logs.connection()).await.unwrap_err();
    (error.kind(), error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_cluster_over_tls_is_followed_while_a_slot_moves_and_a_replica_takes_over() {
    let (config, tls) = (Server::start(), Tls::new());
    let cluster = Cluster::builder(3, 3).tls(&tls).start();
    let logs = declare("logs", HOUR);
    config.command(&["SET", logs.key(), &cluster.config()]);
    for key in ["name", "counter"] {
        cluster
            .node(cluster.primary_of(key))
            .command(&["SET", key, "0"]);
    }
    patient(Settings::new(config.url()))
        .scope(async {
            let traffic = Traffic::start(logs, LOAD);
            traffic.goes_on(200).await;
            let slot = cluster.slot_of("counter");
            let to = (cluster.primary_of_slot(slot) + 1) % 3;
            tokio::task::block_in_place(|| cluster.migrate(slot, to));
            traffic.goes_on(200).await;
            tokio::task::block_in_place(|| cluster.failover(cluster.primary_of("counter")));
            traffic.goes_on(200).await;
            let calls = traffic.stop().await;
            assert_eq!(failures(&calls), [""; 0]);
            assert_eq!(counted(&cluster), calls.len() as u64);
            let status = status();
            let current = status.components[0].current.as_ref().unwrap();
            assert!(current.tls && current.nodes.len() == 3, "{current:?}");
        })
        .await;
}

#[tokio::test]
async fn r11_a_node_may_have_the_name_that_the_cluster_announces() {
    let tls = Tls::new();
    let cluster = Cluster::builder(3, 0).tls(&tls).hostname("localhost");
    let cluster = cluster.start();
    // The first is known by its address, and the others by their host name alone.
    for node in [1, 2] {
        cluster.node(node).rotate(&tls.issue(&["localhost"]));
    }
    all_nodes_are_reached(&cluster, &cluster.config_with_seeds(&[0])).await;
}

#[tokio::test]
async fn r11_a_node_may_have_a_name_of_the_config() {
    let tls = Tls::for_names(&["localhost"]);
    let cluster = Cluster::builder(3, 0).tls(&tls).start();
    let config = cluster.config_with_seeds(&[0]);
    // The nodes announce their addresses.
    let (kind, text) = refused(&config).await;
    assert_eq!(kind, ErrorKind::ServerRefused, "{text}");
    let reason = "its certificate is not for 127.0.0.1 but for localhost";
    assert!(text.contains(reason), "{text}");
    let seed = format!("localhost:{}", cluster.node(0).port());
    all_nodes_are_reached(&cluster, &with(&config, &json!({ "cluster": [seed] }))).await;
}

#[tokio::test]
async fn r11_the_name_that_the_config_demands_is_demanded_of_all_nodes() {
    let tls = Tls::for_names(&["redis.test"]);
    let cluster = Cluster::builder(3, 0).tls(&tls).start();
    let named = json!({"ssl_server_name": "redis.test"});
    let config = with(&cluster.config_with_seeds(&[0]), &named);
    all_nodes_are_reached(&cluster, &config).await;
    // Another name does not do, not even that of the node itself.
    let node = cluster.node(2);
    node.rotate(&tls.issue(&["127.0.0.1", "localhost"]));
    let (kind, text) = refused(&config).await;
    assert_eq!(kind, ErrorKind::ServerRefused, "{text}");
    let reason = format!(
        "127.0.0.1:{}, which the cluster announces: its certificate is not for redis.test",
        node.port()
    );
    assert!(text.contains(&reason), "{text}");
}

#[tokio::test]
async fn r13_nodes_that_ask_for_a_certificate_get_it() {
    let tls = Tls::new();
    let builder = Cluster::builder(3, 0).tls(&tls);
    let cluster = builder.require_client_certificates().start();
    all_nodes_are_reached(&cluster, &cluster.config_with_seeds(&[0])).await;
}

#[tokio::test]
async fn r13_seeds_may_be_written_in_all_ways_with_tls() {
    let tls = Tls::new();
    let cluster = Cluster::builder(3, 0).tls(&tls).start();
    let port = cluster.node(0).port();
    for seeds in [
        json!({"cluster": [format!("127.0.0.1:{port}")]}),
        json!({"cluster": [["localhost", port]]}),
        json!({"startup_nodes": [{"host": "127.0.0.1", "port": port}]}),
        // The first does not answer.
        json!({"cluster": ["127.0.0.1:1", format!("127.0.0.1:{port}")]}),
    ] {
        let mut config = json!({"ssl": true, "ssl_ca_certs": tls.ca()});
        config
            .as_object_mut()
            .unwrap()
            .extend(seeds.as_object().unwrap().clone());
        all_nodes_are_reached(&cluster, &config.to_string()).await;
    }
}
