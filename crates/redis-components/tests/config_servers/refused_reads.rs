//! Servers of a list that answer and let no config be read.

use std::time::{Duration, Instant};

use redis_components::{ConfigSource, ErrorKind, status};
use redis_components_testing::{Cluster, Sentinels, Server};

use crate::common::{HOUR, SOON, arrives, declare, patient, until, whereabouts};
use crate::{Data, address, list, set, used};

const WAIT: Duration = Duration::from_millis(100);

const SENTINEL: &str =
    "it is a sentinel, and no server of data; name it in `sentinels` with `service_name`";

const OF_CLUSTER: &str = "it is a node of a cluster, and has the configs of some components only; name a server that \
                          is in no cluster, or sentinels that know one";

/// Takes the right to read configs from the user of this process.
fn forbid_reads(server: &Server) {
    server.command(&["ACL", "SETUSER", "default", "-getrange"]);
}

fn allow_reads(server: &Server) {
    server.command(&["ACL", "SETUSER", "default", "+getrange"]);
}

#[tokio::test]
async fn r13_a_config_server_that_lets_no_config_be_read_is_passed_over() {
    let (data, good, forbidden) = (Data::start(), Server::start(), Server::start());
    let (sentinels, cluster) = (Sentinels::start(), Cluster::start(3, 0));
    forbid_reads(&forbidden);
    set(&forbidden, &data.b);
    set(&good, &data.a);
    let logs = declare("logs", HOUR);
    let nodes = [0, 1, 2].map(|number| cluster.node(number));
    // Whether it has that of this component, says nothing of the next.
    let owner = &nodes[cluster.primary_of(logs.key())];
    owner.command(&["SET", logs.key(), &data.b.config()]);
    for (first, reason) in [
        (&forbidden, "NOPERM: the user lacks a permission"),
        (sentinels.sentinel(0), SENTINEL),
        (&nodes[0], OF_CLUSTER),
        (&nodes[1], OF_CLUSTER),
        (&nodes[2], OF_CLUSTER),
    ] {
        patient(list(&[first, &good]))
            .scope(async {
                assert_eq!(whereabouts(logs).await.unwrap(), "a", "{reason}");
                assert_eq!(used(), address(&good));
                let warning = status().components[0].warning.clone().unwrap();
                let begins = format!("{}: it", address(first));
                assert!(warning.contains(&begins), "{warning}");
                assert!(warning.contains(reason), "{warning}");
                set(&good, &data.b);
                arrives(logs, "b").await;
                set(&good, &data.a);
            })
            .await;
    }
}

#[tokio::test]
async fn r5_a_config_server_alone_of_another_kind_says_what_to_do() {
    let (data, sentinels, cluster) = (Data::start(), Sentinels::start(), Cluster::start(3, 0));
    let logs = declare("logs", WAIT);
    let nodes = [0, 1, 2].map(|number| cluster.node(number));
    // That it has the config of this component, says nothing of the next.
    let owner = &nodes[cluster.primary_of(logs.key())];
    owner.command(&["SET", logs.key(), &data.a.config()]);
    for (server, reason) in [
        (sentinels.sentinel(0), SENTINEL),
        (&nodes[0], OF_CLUSTER),
        (&nodes[1], OF_CLUSTER),
        (&nodes[2], OF_CLUSTER),
    ] {
        patient(list(&[server]))
            .scope(async {
                let error = whereabouts(logs).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConfigServerRefused, "{error}");
                assert!(error.to_string().contains(reason), "{error}");
                let problem = status().components[0].problem.clone().unwrap();
                assert!(problem.contains(reason), "{problem}");
            })
            .await;
    }
}

#[tokio::test]
async fn r13_a_cluster_of_one_node_has_all_configs() {
    let (data, other, cluster) = (Data::start(), Server::start(), Cluster::start(1, 0));
    let node = cluster.node(0);
    set(&node, &data.a);
    set(&other, &data.b);
    let logs = declare("logs", HOUR);
    patient(list(&[&node, &other]))
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(used(), address(&node));
            assert_eq!(status().components[0].warning, None);
        })
        .await;
}

#[tokio::test]
async fn r2_a_config_server_that_restarts_is_found_behind_one_that_lets_no_config_be_read() {
    let (data, servers) = (Data::start(), [Server::start(), Server::start()]);
    let logs = declare("logs", WAIT);
    set(&servers[0], &data.a);
    forbid_reads(&servers[0]);
    set(&servers[1], &data.a);
    list(&[&servers[0], &servers[1]])
        .connect_timeout(SOON)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            servers[1].stop();
            until("it is lost", async || {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                status().components[0].problem.is_some()
            })
            .await;
            servers[1].restart();
            set(&servers[1], &data.b);
            arrives(logs, "b").await;
            assert_eq!(used(), address(&servers[1]));
            // Pushes come from there.
            set(&servers[1], &data.a);
            arrives(logs, "a").await;
        })
        .await;
}

#[tokio::test]
async fn r2_a_config_server_that_refuses_each_heartbeat_is_left_for_the_next() {
    let (data, servers) = (Data::start(), [Server::start(), Server::start()]);
    let logs = declare("logs", WAIT);
    set(&servers[1], &data.a);
    let primary = servers[1].port().to_string();
    servers[0].command(&["REPLICAOF", "127.0.0.1", &primary]);
    until("it has the config", async || {
        servers[0].command(&["GET", logs.key()]) != redis::Value::Nil
    })
    .await;
    patient(list(&[&servers[0], &servers[1]]))
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            until("it pushes", async || {
                status().components[0].source == ConfigSource::Push
            })
            .await;
            // It goes on answering, and each answer is an error.
            let of_nobody = ["CONFIG", "SET", "replica-serve-stale-data", "no"];
            servers[0].command(&of_nobody);
            servers[0].command(&["REPLICAOF", "127.0.0.1", "1"]);
            set(&servers[1], &data.b);
            arrives(logs, "b").await;
            assert_eq!(used(), address(&servers[1]));
        })
        .await;
}

#[tokio::test]
async fn r2_a_config_server_that_comes_to_refuse_all_reads_is_left_for_the_next() {
    let (data, servers) = (Data::start(), [Server::start(), Server::start()]);
    let logs = declare("logs", WAIT);
    for server in &servers {
        set(server, &data.a);
    }
    patient(list(&[&servers[0], &servers[1]]))
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(used(), address(&servers[0]));
            set(&servers[1], &data.b);
            forbid_reads(&servers[0]);
            // The push makes it read.
            set(&servers[0], &data.a);
            arrives(logs, "b").await;
            assert_eq!(used(), address(&servers[1]));
        })
        .await;
}

#[tokio::test]
async fn r6_config_servers_that_all_refuse_are_tried_again_with_pauses() {
    let (data, servers) = (Data::start(), [Server::start(), Server::start()]);
    let logs = declare("logs", WAIT);
    for server in &servers {
        forbid_reads(server);
    }
    set(&servers[1], &data.b);
    patient(list(&[&servers[0], &servers[1]]))
        .scope(async {
            let error = whereabouts(logs).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigServerRefused);
            let text = error.to_string();
            for server in &servers {
                let why = format!("{}: it lets no config be read: NOPERM", address(server));
                assert!(text.contains(&why), "{text}");
            }
            let connections = || servers[0].connections_received();
            let (begun, before) = (Instant::now(), connections());
            until("a while is over", async || {
                whereabouts(logs).await.unwrap_err();
                begun.elapsed() > Duration::from_secs(3)
            })
            .await;
            let (opened, seconds) = (connections() - before, begun.elapsed().as_secs() + 1);
            println!("figure: {opened} connections in {seconds} s");
            assert!(opened <= 20 * seconds, "{opened} connections");
            allow_reads(&servers[1]);
            arrives(logs, "b").await;
        })
        .await;
}

#[tokio::test]
async fn r13_a_key_that_may_not_be_read_gives_up_no_config_server_that_lets_others_be_read() {
    let (data, servers) = (Data::start(), [Server::start(), Server::start()]);
    let (logs, other) = (declare("logs", WAIT), declare("other", WAIT));
    for server in &servers {
        server.command(&["SET", other.key(), &data.a.config()]);
        server.command(&[
            "ACL",
            "SETUSER",
            "default",
            "resetkeys",
            "~config:redis:other",
        ]);
    }
    patient(list(&[&servers[0], &servers[1]]))
        .scope(async {
            assert_eq!(whereabouts(other).await.unwrap(), "a");
            for _ in 0..3 {
                let error = whereabouts(logs).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConfigServerRefused);
                assert!(
                    error
                        .to_string()
                        .contains("does not let `config:redis:logs` be read")
                );
            }
            servers[0].command(&["SET", other.key(), &data.b.config()]);
            arrives(other, "b").await;
            assert_eq!(used(), address(&servers[0]));
        })
        .await;
}

#[tokio::test]
async fn r5_a_config_server_alone_that_refuses_the_read_says_so_of_the_key() {
    let server = Server::start();
    forbid_reads(&server);
    let logs = declare("logs", HOUR);
    patient(list(&[&server]))
        .scope(async {
            let error = whereabouts(logs).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigServerRefused);
            let why = "does not let `config:redis:logs` be read: NOPERM";
            assert!(error.to_string().contains(why), "{error}");
        })
        .await;
}
