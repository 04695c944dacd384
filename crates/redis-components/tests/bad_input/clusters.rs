//! Clusters that are none, or not whole.

use redis_components::{ErrorKind, status};
use redis_components_testing::{Cluster, Sentinels, Server};
use serde_json::json;

use crate::common::{World, always_fresh, with};
use crate::refused::is_refused;

fn place(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port())
}

#[tokio::test]
async fn r13_seeds_that_are_no_cluster_say_what_to_write() {
    let server = Server::start();
    let place = place(&server);
    let config = json!({ "cluster": [place] }).to_string();
    let says = [&*place, "it is no node of a cluster; write it as `host`"];
    is_refused(&config, ErrorKind::ServerRefused, &says).await;
}

#[tokio::test]
async fn r13_a_seed_that_is_a_sentinel_is_told_from_a_node_of_a_cluster() {
    let sentinels = Sentinels::builder().replicas(0).sentinels(1, 1).start();
    let place = place(sentinels.sentinel(0));
    let config = json!({ "cluster": [place] }).to_string();
    let says = [&*place, "it is a sentinel, and no node of a cluster"];
    is_refused(&config, ErrorKind::ServerRefused, &says).await;
}

#[tokio::test]
async fn r5_a_server_that_is_one_node_of_a_cluster_says_what_to_write() {
    let cluster = Cluster::start(3, 3);
    let replica = cluster.replicas_of(0)[0];
    for number in [0, 1, 2, replica] {
        let node = cluster.node(number);
        let says = [
            &*place(&node),
            "it is a node of a cluster, and has the keys of some slots only; write it in `cluster`",
        ];
        is_refused(&node.config(), ErrorKind::ServerRefused, &says).await;
    }
}

#[tokio::test]
async fn r13_a_node_that_has_all_slots_of_its_cluster_is_a_server() {
    let cluster = Cluster::start(1, 0);
    let node = cluster.node(0);
    node.command(&["SET", "whereabouts", "node"]);
    let world = World::start();
    let logs = always_fresh("logs");
    world.set(logs, &node.config());
    let works = async {
        let name: String = redis::cmd("GET")
            .arg("whereabouts")
            .query_async(&mut logs.connection().await.unwrap())
            .await
            .unwrap();
        assert_eq!(name, "node");
        let status = status().components.remove(0);
        assert_eq!((status.problem, status.warning), (None, None));
    };
    world.settings().scope(works).await;
}

#[tokio::test]
async fn r13_a_cluster_with_slots_that_nobody_owns_is_not_used() {
    let cluster = Cluster::builder(1, 0).require_full_coverage(false).start();
    let node = cluster.node(0);
    node.command(&["CLUSTER", "DELSLOTSRANGE", "0", "99"]);
    let says = [
        &*place(&node),
        "only 16284 of its 16384 hash slots have an owner",
        "`require_full_coverage`",
    ];
    is_refused(&cluster.config(), ErrorKind::ServerRefused, &says).await;
    node.command(&["CLUSTER", "DELSLOTSRANGE", "100", "16383"]);
    let says = [&*place(&node), "it knows no node that owns a slot"];
    is_refused(&cluster.config(), ErrorKind::ServerRefused, &says).await;
}

#[tokio::test]
async fn r13_configs_of_clusters_that_mean_nothing_are_refused() {
    let cluster = Cluster::start(1, 0);
    let node = place(&cluster.node(0));
    for (fields, says) in [
        (json!({"db": 2}), ["`db` is not 0", "leave it out"]),
        (
            json!({"cluster": []}),
            ["`cluster` is empty", "name at least one server"],
        ),
        (
            json!({"cluster": [format!("rediss://{node}")]}),
            ["server 1 of `cluster` holds a url", "\"ssl\": true"],
        ),
        (
            json!({"host": "127.0.0.1"}),
            ["`cluster` and `host` are both given", "keep one of them"],
        ),
    ] {
        let config = with(&cluster.config(), &fields);
        is_refused(&config, ErrorKind::ConfigInvalid, &says).await;
    }
}
