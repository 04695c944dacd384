//! One SET moves a component between a single server and a cluster, under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use redis::{RedisResult, Value};
use redis_components::Scope;
use redis_components_testing::{Cluster, Server};

use crate::common::{HOUR, declare, until};
use crate::setup::{Place, Way, cmd, counter, key_on};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_component_moves_to_a_cluster_and_back_and_no_call_fails() {
    let cluster = Cluster::start(3, 0);
    let server = Server::start();
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &server.config());
    place
        .settings()
        .scope(async {
            let stop = Arc::new(AtomicBool::new(false));
            let done: Arc<AtomicU64> = Arc::default();
            let tasks: Vec<_> = Way::BOTH
                .into_iter()
                .cycle()
                .take(6)
                .map(|way| {
                    let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
                    tokio::spawn(Scope::wrap(async move {
                        while !stop.load(Ordering::Relaxed) {
                            let sent = way.send::<i64>(data, &cmd("INCR counter")).await;
                            sent.unwrap_or_else(|error| panic!("{way:?}: {error}"));
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                    }))
                })
                .collect();
            let on_server = || crate::common::counter(&server);
            let on_cluster = || counter(&cluster, "counter");
            for _ in 0..3 {
                let before = on_server();
                until("calls are on the server", async || {
                    on_server() > before + 50
                })
                .await;
                place.set(data, &cluster.config());
                let before = on_cluster();
                until("calls are on the cluster", async || {
                    on_cluster() > before + 50
                })
                .await;
                until("the server is left", async || {
                    let before = on_server();
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    on_server() == before
                })
                .await;
                place.set(data, &server.config());
            }
            stop.store(true, Ordering::Relaxed);
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(on_server() + on_cluster(), done.load(Ordering::Relaxed));
        })
        .await;
}

/// A cluster is fenced one primary after the other when its data has been copied.
#[tokio::test]
async fn r4_a_command_of_which_a_part_was_executed_does_not_follow_its_component() {
    let cluster = Cluster::start(3, 0);
    let server = Server::start();
    let place = Place::start();
    let data = declare("data", HOUR);
    let keys = [0, 1].map(|node| key_on(&cluster, node, "k"));
    let fenced = cluster.node(1);
    let del = cmd(&format!("DEL {} {}", keys[0], keys[1]));
    let mut pipeline = redis::pipe();
    pipeline.add_command(del.clone());
    place
        .settings()
        .scope(async {
            for (way, in_pipeline) in Way::BOTH
                .into_iter()
                .flat_map(|way| [(way, false), (way, true)])
            {
                let what = format!("{way:?}, in a pipeline: {in_pipeline}");
                fenced.command(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
                place.set(data, &cluster.config());
                until("the component is on the cluster", async || {
                    let begins = cmd(&format!("SET {} 1", keys[0]));
                    way.send::<()>(data, &begins).await.unwrap();
                    counter(&cluster, &keys[0]) == 1
                })
                .await;
                // Others have written both there meanwhile.
                for key in &keys {
                    server.command(&["SET", key, "1"]);
                }
                fenced.command(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
                let calling = async {
                    let deleted: RedisResult<Value> = if in_pipeline {
                        way.send_all(data, &pipeline).await
                    } else {
                        way.send(data, &del).await
                    };
                    deleted.unwrap_err()
                };
                let moving = async {
                    until("the first is deleted", async || {
                        counter(&cluster, &keys[0]) == 0
                    })
                    .await;
                    place.set(data, &server.config());
                    until("the component has moved", async || {
                        Way::Task
                            .send::<i64>(data, &cmd("INCR counter"))
                            .await
                            .unwrap();
                        crate::common::counter(&server) > 0
                    })
                    .await;
                    server.command(&["DEL", "counter"]);
                };
                let (error, ()) = tokio::join!(calling, moving);
                assert!(error.to_string().contains("NOREPLICAS"), "{what}: {error}");
                for key in &keys {
                    let left = server.command(&["EXISTS", key]);
                    assert_eq!(left, Value::Int(1), "{what}: {key}: {error}");
                }
            }
        })
        .await;
}
