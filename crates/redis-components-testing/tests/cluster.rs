//! What tests may rely on when they start a cluster.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::time::{Duration, Instant};

use redis::Value;
use redis_components_testing::{Cluster, Tls};

/// Ten times what it takes.
const READY_WITHIN: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(500);

/// Returns the error code of a node's answer.
fn refusal(cluster: &Cluster, node: usize, command: &[&str]) -> Option<String> {
    let answer = cluster.node(node).try_command(command);
    answer.unwrap_err().code().map(str::to_owned)
}

fn bulk(text: &str) -> Value {
    Value::BulkString(text.into())
}

#[test]
fn a_cluster_of_one_node_serves_every_slot() {
    let cluster = Cluster::start(1, 0);
    for key in ["foo", "bar", "{user}1"] {
        assert_eq!(cluster.primary_of(key), 0);
        cluster.node(0).command(&["SET", key, "value"]);
    }
    assert_eq!(cluster.slot_of("foo"), 12182);
    let config = format!(r#"{{"cluster":["127.0.0.1:{}"]}}"#, cluster.node(0).port());
    assert_eq!(cluster.config(), config);
}

#[test]
fn slots_are_spread_over_primaries_and_copied_to_replicas() {
    let begin = Instant::now();
    let cluster = Cluster::start(3, 1);
    let ready = begin.elapsed();
    println!("3 + 3 ready after {ready:?}");
    assert!(ready < READY_WITHIN, "{ready:?}");
    let served = [0, 5460, 5461, 10921, 10922, 16383].map(|slot| cluster.primary_of_slot(slot));
    assert_eq!(served, [0, 0, 1, 1, 2, 2]);
    let replicas = [0, 1, 2].map(|primary| cluster.replicas_of(primary));
    assert_eq!(replicas, [[3], [4], [5]]);
    let primary = cluster.primary_of("key");
    cluster.node(primary).command(&["SET", "key", "value"]);
    cluster.node(primary).command(&["WAIT", "1", "10000"]);
    for node in [(primary + 1) % 3, primary + 3] {
        let code = refusal(&cluster, node, &["GET", "key"]);
        assert_eq!(code.as_deref(), Some("MOVED"), "node {node}");
    }
    cluster.flush();
    assert_eq!(cluster.node(primary).command(&["GET", "key"]), Value::Nil);
}

#[test]
fn a_graceful_failover_loses_nothing() {
    let cluster = Cluster::start(1, 1);
    cluster.node(0).command(&["SET", "key", "value"]);
    assert_eq!(cluster.failover(0), 1);
    assert_eq!(cluster.primary_of("key"), 1);
    assert_eq!(cluster.node(1).command(&["GET", "key"]), bulk("value"));
    assert_eq!(cluster.replicas_of(1), [0]);
}

#[test]
fn a_shard_fails_over_again_and_again() {
    let cluster = Cluster::start(3, 1);
    for (primary, replica) in [(0, 3), (3, 0), (0, 3), (3, 0)] {
        assert_eq!(cluster.failover(primary), replica);
    }
}

#[test]
fn a_replica_takes_over_from_a_killed_and_from_a_frozen_primary() {
    let cluster = Cluster::builder(3, 1)
        .node_timeout(SHORT)
        .require_full_coverage(false)
        .start();
    cluster.node(0).stop();
    assert_eq!(cluster.primary_of_slot(0), 3);
    cluster.node(0).restart();
    cluster.wait_until_ready();
    assert_eq!(cluster.replicas_of(3), [0]);

    cluster.node(1).freeze();
    assert_eq!(cluster.primary_of_slot(6000), 4);
    cluster.node(1).thaw();
    cluster.wait_until_ready();
    assert_eq!(cluster.primary_of_slot(6000), 4);
}

#[test]
fn without_full_coverage_a_killed_primary_costs_its_own_slots_only() {
    let cluster = Cluster::builder(3, 0)
        .node_timeout(SHORT)
        .require_full_coverage(false)
        .start();
    let lost = cluster.primary_of("key");
    let mut keys = (0..).map(|number: u32| number.to_string());
    let kept = keys.find(|key| cluster.primary_of(key) != lost).unwrap();
    let other = cluster.primary_of(&kept);
    cluster.node(lost).stop();
    cluster.wait_until_ready();
    // The others go on, and name the node that does not answer.
    let code = refusal(&cluster, other, &["GET", "key"]);
    assert_eq!(code.as_deref(), Some("MOVED"));
    let set = cluster.node(other).command(&["SET", &kept, "value"]);
    assert_eq!(set, Value::Okay);
}

#[test]
fn with_full_coverage_a_killed_primary_costs_all_slots() {
    let cluster = Cluster::builder(3, 0).node_timeout(SHORT).start();
    cluster.node(2).stop();
    cluster.wait_until_down();
    let mut keys = (0..).map(|number: u32| number.to_string());
    let key = keys.find(|key| cluster.slot_of(key) <= 5460).unwrap();
    let code = refusal(&cluster, 0, &["GET", &key]);
    assert_eq!(code.as_deref(), Some("CLUSTERDOWN"));
    cluster.node(2).restart();
    assert_eq!(cluster.primary_of(&key), 0);
}

#[test]
fn a_slot_can_be_moved_step_by_step() {
    let cluster = Cluster::builder(2, 0).password("s3cret").start();
    let from = cluster.primary_of("{k}");
    let to = 1 - from;
    let slot = cluster.slot_of("{k}");
    cluster
        .node(from)
        .command(&["MSET", "{k}1", "a", "{k}2", "b", "{k}3", "c"]);
    let migration = cluster.begin_migration(slot, to);
    migration.move_key("{k}1");
    let codes = [
        refusal(&cluster, from, &["GET", "{k}1"]),
        refusal(&cluster, from, &["MGET", "{k}1", "{k}2"]),
        refusal(&cluster, to, &["GET", "{k}1"]),
    ];
    let codes = codes.each_ref().map(Option::as_deref);
    assert_eq!(codes, [Some("ASK"), Some("TRYAGAIN"), Some("MOVED")]);
    assert_eq!(cluster.node(from).command(&["GET", "{k}2"]), bulk("b"));
    assert_eq!(migration.move_keys(), 2);
    migration.finish();
    cluster.wait_until_ready();
    assert_eq!(cluster.primary_of_slot(slot), to);
    assert_eq!(cluster.node(to).command(&["GET", "{k}3"]), bulk("c"));
}

#[test]
fn nodes_come_and_go() {
    let cluster = Cluster::start(2, 0);
    let primary = cluster.add_primary();
    let replica = cluster.add_replica(primary);
    assert_eq!((primary, replica), (2, 3));
    cluster.migrate(0, primary);
    assert_eq!(cluster.primary_of_slot(0), primary);
    assert_eq!(cluster.replicas_of(primary), [replica]);
    cluster.migrate(0, 0);
    cluster.forget(replica);
    cluster.forget(primary);
    cluster.wait_until_ready();
    let known: String =
        redis::from_redis_value(cluster.node(0).command(&["CLUSTER", "NODES"])).unwrap();
    assert_eq!(known.lines().count(), 2);
}

#[test]
fn the_nodes_speak_tls_and_name_each_other() {
    let tls = Tls::new();
    let cluster = Cluster::builder(2, 1)
        .tls(&tls)
        .require_client_certificates()
        .hostname("localhost")
        .start();
    let other = 1 - cluster.primary_of("key");
    let error = cluster.node(other).try_command(&["GET", "key"]);
    let expected = format!("localhost:{}", cluster.node(1 - other).port());
    let error = error.unwrap_err().to_string();
    assert!(error.contains(&expected), "{error}");
    assert!(cluster.config().contains(r#""ssl":true"#));
    // Keys travel encrypted too.
    cluster.node(1 - other).command(&["SET", "key", "value"]);
    cluster.migrate(cluster.slot_of("key"), other);
    assert_eq!(cluster.node(other).command(&["GET", "key"]), bulk("value"));
}
