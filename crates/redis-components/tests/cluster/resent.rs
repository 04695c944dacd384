//! The metric of commands that are sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use redis::{Pipeline, RedisResult, Value};
use redis_components_testing::Cluster;

use crate::common::{HOUR, declare};
use crate::setup::{Place, Way, cmd, key_on};

/// Counts commands that are sent again.
#[derive(Default)]
struct Resent(Arc<AtomicU64>);

impl Resent {
    fn take(&self) -> u64 {
        self.0.swap(0, Ordering::SeqCst)
    }
}

impl Recorder for Resent {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() == "redis_components_resent_commands_total" {
            Counter::from_arc(Arc::clone(&self.0))
        } else {
            Counter::noop()
        }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Returns a pipeline and a transaction that increment a key.
fn pipelines(key: &str) -> [Pipeline; 2] {
    let mut pipeline = redis::pipe();
    pipeline.cmd("INCR").arg(key);
    let mut transaction = pipeline.clone();
    transaction.atomic();
    [pipeline, transaction]
}

#[tokio::test]
async fn r13_only_what_was_refused_counts_as_sent_again() {
    let resent = Resent::default();
    // Tasks of this runtime run on this thread.
    let _recording = metrics::set_default_local_recorder(&resent);
    let cluster = Cluster::builder(2, 0).require_full_coverage(false).start();
    let nobodys = key_on(&cluster, 0, "nobodys");
    let slot = cluster.slot_of(&nobodys).to_string();
    for node in cluster.nodes() {
        node.command(&["CLUSTER", "DELSLOTS", &slot]);
    }
    let place = Place::start();
    let data = declare("data", HOUR);
    let mut config: serde_json::Value = serde_json::from_str(&cluster.config()).unwrap();
    config["require_full_coverage"] = false.into();
    place.set(data, &config.to_string());
    let way = Way::Task;
    place
        .settings()
        .response_timeout(Duration::from_millis(500))
        .scope(async {
            let single: RedisResult<i64> = way.send(data, &cmd(&format!("INCR {nobodys}"))).await;
            assert_eq!(single.unwrap_err().code(), Some("CLUSTERDOWN"));
            for pipeline in pipelines(&nobodys) {
                let sent: RedisResult<Vec<Value>> = way.send_all(data, &pipeline).await;
                assert!(sent.unwrap_err().to_string().contains("served"));
            }
            assert_eq!(resent.take(), 0);

            let key = key_on(&cluster, 0, "k");
            way.send::<i64>(data, &cmd(&format!("INCR {key}")))
                .await
                .unwrap();
            for (pipeline, to) in pipelines(&key).iter().zip([1, 0]) {
                cluster.migrate(cluster.slot_of(&key), to);
                way.send_all::<(i64,)>(data, pipeline).await.unwrap();
                assert_eq!(resent.take(), 1, "{to}");
            }
        })
        .await;
}
