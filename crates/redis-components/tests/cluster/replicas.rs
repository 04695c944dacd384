//! Reads go to replicas, if the config says so.

use std::time::{Duration, Instant};

use redis::RedisResult;
use redis_components_testing::{Cluster, Server};

use crate::common::{HOUR, SOON, counter, declare, until};
use crate::setup::{Place, Way, cmd};

#[tokio::test]
async fn r13_reads_go_to_a_replica_if_the_config_says_so() {
    let cluster = Cluster::start(1, 1);
    let place = Place::start();
    let data = declare("data", HOUR);
    let mut config: serde_json::Value = serde_json::from_str(&cluster.config()).unwrap();
    config["read_from"] = "replica".into();
    place.set(data, &config.to_string());
    let reads = |node: usize| cluster.node(node).command_calls("get");
    place
        .settings()
        .scope(async {
            for way in Way::BOTH {
                way.send::<String>(data, &cmd("SET k v")).await.unwrap();
                cluster.node(0).command(&["WAIT", "1", "10000"]);
                // Nodes name a replica once it has copied something.
                until("the replica is known", async || {
                    way.send::<String>(data, &cmd("GET k")).await.unwrap();
                    reads(1) > 0
                })
                .await;
                let (primary, replica) = (reads(0), reads(1));
                for _ in 0..10 {
                    let value: String = way.send(data, &cmd("GET k")).await.unwrap();
                    assert_eq!(value, "v", "{way:?}");
                }
                assert_eq!((reads(0), reads(1)), (primary, replica + 10), "{way:?}");
            }
            // Without the replica, the primary answers.
            cluster.node(1).stop();
            for way in Way::BOTH {
                let mut failed = 0;
                for _ in 0..20 {
                    let value: RedisResult<String> = way.send(data, &cmd("GET k")).await;
                    failed += u32::from(value.is_err());
                }
                // What was in flight is not sent again.
                assert!(failed <= 1, "{way:?}: {failed}");
            }
            let problem = redis_components::status().components[0].problem.clone();
            assert!(problem.is_some_and(|problem| problem.contains("replica")));
        })
        .await;
}

#[tokio::test]
async fn r4_a_read_from_a_replica_is_cut_at_the_drain_deadline() {
    let cluster = Cluster::start(1, 1);
    let server = Server::start();
    let place = Place::start();
    let data = declare("data", HOUR);
    let mut config: serde_json::Value = serde_json::from_str(&cluster.config()).unwrap();
    config["read_from"] = "replica".into();
    place.set(data, &config.to_string());
    let settings = place.settings();
    settings
        .drain_deadline(Duration::from_millis(100))
        .cut_at_drain_deadline(true)
        .scope(async {
            let mut connection = data.connection().await.unwrap();
            let get = cmd("GET k");
            // Nodes name a replica once it has copied something.
            cmd("SET k v").exec_async(&mut connection).await.unwrap();
            cluster.node(0).command(&["WAIT", "1", "10000"]);
            until("reads go to the replica", async || {
                let read: RedisResult<Option<String>> = get.query_async(&mut connection).await;
                read.unwrap();
                cluster.node(1).command_calls("get") > 0
            })
            .await;
            cluster.node(1).freeze();
            let begun = Instant::now();
            let reading = async {
                let read: RedisResult<Option<String>> = get.query_async(&mut connection).await;
                (read, begun.elapsed())
            };
            let moving = async {
                place.set(data, &server.config());
                until("the component has moved", async || {
                    let incr = cmd("INCR counter");
                    Way::Task.send::<i64>(data, &incr).await.unwrap();
                    counter(&server) > 0
                })
                .await;
            };
            let ((read, took), ()) = tokio::join!(reading, moving);
            assert!(read.is_err() && took < SOON / 2, "{took:?}: {read:?}");
            cluster.node(1).thaw();
        })
        .await;
}
