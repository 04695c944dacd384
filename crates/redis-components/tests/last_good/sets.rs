//! Configs in the file that name sentinels or a cluster: where their servers are is asked now.

use redis_components::Component;
use redis_components_testing::{Cluster, Sentinels};

use crate::common::{count, declare, until};
use crate::{HOUR, Scene, is_from_file};

/// Lets a first process save a config.
async fn saved(config: &str) -> (Scene, &'static Component) {
    let scene = Scene::start();
    let logs = declare("logs", HOUR);
    scene.world.set(logs, config);
    let first = async {
        count(logs).await.unwrap();
        scene.is_saved(config).await;
    };
    scene.settings().scope(first).await;
    scene.cut_off();
    (scene, logs)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_process_that_starts_on_the_file_finds_the_primary_that_sentinels_name_now() {
    let sentinels = Sentinels::start();
    let (scene, logs) = saved(&sentinels.config()).await;
    let new = tokio::task::block_in_place(|| sentinels.failover());
    let starts = async {
        let before = sentinels.server(new).command_calls("incr");
        until("the new primary is used", async || {
            count(logs).await.is_ok()
        })
        .await;
        assert!(is_from_file());
        assert!(sentinels.server(new).command_calls("incr") > before);
    };
    scene.settings().scope(starts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_process_that_starts_on_the_file_finds_the_nodes_of_a_cluster_as_they_are_now() {
    let cluster = Cluster::start(3, 0);
    let (scene, logs) = saved(&cluster.config()).await;
    let slot = cluster.slot_of("counter");
    let to = (cluster.primary_of_slot(slot) + 1) % 3;
    tokio::task::block_in_place(|| cluster.migrate(slot, to));
    let starts = async {
        assert_eq!(count(logs).await.unwrap(), 2);
        assert!(is_from_file());
        assert!(cluster.node(to).command_calls("incr") > 0);
    };
    scene.settings().scope(starts).await;
}
