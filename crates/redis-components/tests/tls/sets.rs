//! TLS to the nodes of a cluster, and to servers and sentinels.

use redis::cmd;
use redis_components::{Component, ErrorKind, Settings, status};
use redis_components_testing::{Cluster, Flaw, Sentinels, Server, Tls};
use serde_json::{Value, json};

use crate::common::traffic::{Load, Traffic, failures};
use crate::common::{HOUR, count, declare, patient, until, with};

const LOAD: Load = Load {
    tasks: 8,
    threads: 4,
    pause: std::time::Duration::ZERO,
};

fn settings(config_server: &Server) -> Settings {
    patient(Settings::new(config_server.url()))
}

fn set(config_server: &Server, component: &Component, config: &str) {
    config_server.command(&["SET", component.key(), config]);
}

fn counted(cluster: &Cluster) -> u64 {
    let node = cluster.node(cluster.primary_of("counter"));
    redis::from_redis_value(node.command(&["GET", "counter"])).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_cluster_over_tls_is_followed_while_a_slot_moves_and_a_replica_takes_over() {
    let (config, tls) = (Server::start(), Tls::new());
    let cluster = Cluster::builder(3, 3).tls(&tls).start();
    let logs = declare("logs", HOUR);
    set(&config, logs, &cluster.config());
    for key in ["name", "counter"] {
        cluster
            .node(cluster.primary_of(key))
            .command(&["SET", key, "0"]);
    }
    settings(&config)
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
async fn r11_nodes_that_cannot_be_verified_are_not_used() {
    let (config, tls) = (Server::start(), Tls::for_names(&["redis.test"]));
    let cluster = Cluster::builder(3, 0).tls(&tls).start();
    let plain = Cluster::builder(3, 0).start();
    let stranger = Tls::new();
    let of_cluster: Value = serde_json::from_str(&cluster.config()).unwrap();
    let right = with(&cluster.config(), &json!({"ssl_server_name": "redis.test"}));
    let ca = json!({"ssl_ca_certs": stranger.ca(), "ssl_ca_data": null});
    let mut without = of_cluster.clone();
    without["ssl"] = json!(false);
    let tls_of_plain = json!({"ssl": true, "ssl_ca_certs": tls.ca()});
    for (name, wrong, reason) in [
        ("another name", cluster.config(), "name"),
        ("another authority", with(&right, &ca), "signed"),
        ("plain text", without.to_string(), "TLS"),
        (
            "TLS to plain nodes",
            with(&plain.config(), &tls_of_plain),
            "TLS",
        ),
    ] {
        let logs = declare("logs", HOUR);
        set(&config, logs, &wrong);
        // A plain server waits for more than a TLS client says.
        let settings = Settings::new(config.url());
        settings
            .scope(async {
                let error = logs.connection().await.unwrap_err();
                let text = error.to_string();
                assert!(text.contains(reason), "{name}: {text}");
                assert!(
                    matches!(
                        error.kind(),
                        ErrorKind::ServerRefused | ErrorKind::ServerUnreachable
                    ),
                    "{name}: {error:?}"
                );
                // What is mended works.
                set(&config, logs, &right);
                until("the right config is followed", async || {
                    count(logs).await.is_ok()
                })
                .await;
            })
            .await;
    }
}

#[tokio::test]
async fn r13_nodes_that_ask_for_a_certificate_get_it() {
    let (config, tls) = (Server::start(), Tls::new());
    let cluster = Cluster::builder(3, 0)
        .tls(&tls)
        .require_client_certificates()
        .start();
    let logs = declare("logs", HOUR);
    set(&config, logs, &cluster.config());
    settings(&config)
        .scope(async {
            for number in 0..32 {
                let mut connection = logs.connection().await.unwrap();
                let key = format!("key{number}");
                let () = cmd("SET")
                    .arg(&key)
                    .arg(1)
                    .query_async(&mut connection)
                    .await
                    .unwrap();
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_sentinels_and_servers_over_tls_are_followed_when_they_fail_over() {
    let (config, tls) = (Server::start(), Tls::new());
    let sentinels = Sentinels::builder().tls(&tls).start();
    let logs = declare("logs", HOUR);
    set(&config, logs, &sentinels.config());
    settings(&config)
        .scope(async {
            assert!(count(logs).await.is_ok());
            let generation = || {
                let status = status();
                status.components[0].current.as_ref().unwrap().generation
            };
            let before = generation();
            let new = tokio::task::block_in_place(|| sentinels.failover());
            until("the new primary is in force", async || {
                generation() > before
            })
            .await;
            let count_there = sentinels.server(new).command_calls("incr");
            assert!(count(logs).await.is_ok());
            assert_eq!(sentinels.server(new).command_calls("incr"), count_there + 1);
        })
        .await;
}

#[tokio::test]
async fn r11_a_server_behind_sentinels_that_cannot_be_verified_is_not_used() {
    let (config, tls) = (Server::start(), Tls::new());
    let sentinels = Sentinels::builder().replicas(0).sentinels(1, 1).tls(&tls);
    let sentinels = sentinels.start();
    let logs = declare("logs", HOUR);
    let right = sentinels.config();
    let expired = tls.flawed(Flaw::Expired);
    set(&config, logs, &right);
    sentinels.server(0).rotate(&expired);
    settings(&config)
        .scope(async {
            let error = logs.connection().await.unwrap_err();
            assert!(error.to_string().contains("expired"), "{error}");
            sentinels.server(0).rotate(tls.server());
            until("the server is used", async || count(logs).await.is_ok()).await;
        })
        .await;
}
