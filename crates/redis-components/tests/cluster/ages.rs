//! The connections to all nodes have a maximum age.

use std::collections::BTreeSet;
use std::time::Duration;

use redis_components_testing::Cluster;

use crate::common::clients::{client_id, client_list};
use crate::common::{HOUR, declare, until};
use crate::setup::{Place, Way, cmd, key_on};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_the_connections_to_a_cluster_are_replaced_and_no_call_fails() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    let keys: Vec<String> = (0..3).map(|node| key_on(&cluster, node, "k")).collect();
    // The nodes' links to each other last.
    let ids = |node: usize| -> BTreeSet<String> {
        let list = client_list(&cluster.node(node));
        let ours = list.iter().filter(|line| line.contains("cmd=incr"));
        ours.map(|line| client_id(line).to_owned()).collect()
    };
    place
        .settings()
        .max_connection_age(Duration::from_secs(1))
        .scope(async {
            let mut calls = 0_i64;
            let mut call = async || {
                calls += 1;
                for way in Way::BOTH {
                    for key in &keys {
                        let count: i64 =
                            way.send(data, &cmd(&format!("INCR {key}"))).await.unwrap();
                        assert!(count >= calls, "{way:?}");
                    }
                }
            };
            call().await;
            let old: Vec<_> = (0..3).map(ids).collect();
            assert!(old.iter().all(|ids| ids.len() == 2), "{old:?}");
            until("all connections are replaced", async || {
                call().await;
                (0..3).all(|node| ids(node).is_disjoint(&old[node]))
            })
            .await;
        })
        .await;
}
