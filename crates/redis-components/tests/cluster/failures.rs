//! A node that is down or silent costs its slots only.

use std::time::{Duration, Instant};

use redis::RedisResult;
use redis_components::{Error, ErrorKind, Settings};
use redis_components_testing::Cluster;

use crate::common::moves::LATE;
use crate::common::{HOUR, declare, until};
use crate::setup::{Place, Way, cmd, counter, key_on};

const RESPONSE: Duration = Duration::from_secs(1);

fn settings(place: &Place) -> Settings {
    Settings::new(place.config.url())
        .response_timeout(RESPONSE)
        .connect_timeout(RESPONSE)
}

/// Later it costs its slots only.
#[tokio::test]
async fn r10_a_primary_that_is_down_at_the_start_is_named_with_what_to_do() {
    let cluster = Cluster::builder(3, 0).require_full_coverage(false).start();
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config_with_seeds(&[1]));
    let incr = cmd(&format!("INCR {}", key_on(&cluster, 1, "k")));
    cluster.node(0).stop();
    settings(&place)
        .scope(async {
            let lost = format!("127.0.0.1:{}", cluster.node(0).port());
            let error = Way::Task.send::<i64>(data, &incr).await.unwrap_err();
            let error = error.to_string();
            for part in [
                &lost,
                r#"unless the config says `"require_full_coverage": false`"#,
            ] {
                assert!(error.contains(part), "{error}");
            }
            let seed = cluster.node(1).port();
            let some =
                format!(r#"{{"cluster":["127.0.0.1:{seed}"],"require_full_coverage":false}}"#);
            place.set(data, &some);
            until("the others are used", async || {
                Way::Task.send::<i64>(data, &incr).await.is_ok()
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn r10_a_primary_that_is_killed_costs_its_slots_only() {
    let cluster = Cluster::builder(3, 0).require_full_coverage(false).start();
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    let keys: Vec<String> = (0..3).map(|node| key_on(&cluster, node, "k")).collect();
    settings(&place)
        .scope(async {
            for way in Way::BOTH {
                for key in &keys {
                    way.send::<i64>(data, &cmd(&format!("INCR {key}")))
                        .await
                        .unwrap();
                }
            }
            cluster.node(0).stop();
            for way in Way::BOTH {
                for round in 0..50 {
                    for key in &keys[1..] {
                        let answer: RedisResult<i64> =
                            way.send(data, &cmd(&format!("INCR {key}"))).await;
                        answer.unwrap_or_else(|error| panic!("{way:?} {round}: {error}"));
                    }
                    let begun = Instant::now();
                    let lost: RedisResult<i64> =
                        way.send(data, &cmd(&format!("INCR {}", keys[0]))).await;
                    lost.unwrap_err();
                    assert!(
                        begun.elapsed() < RESPONSE + LATE,
                        "{way:?}: {:?}",
                        begun.elapsed()
                    );
                }
            }
            let status = redis_components::status();
            let lost = format!("127.0.0.1:{}", cluster.node(0).port());
            let problem = status.components[0].problem.clone().unwrap();
            assert!(problem.contains(&lost), "{problem}");
            let nodes = &status.components[0].current.as_ref().unwrap().nodes;
            assert_eq!((nodes.len(), nodes.contains(&lost)), (3, true), "{nodes:?}");
            cluster.node(0).restart();
            for way in Way::BOTH {
                until("the node is used again", async || {
                    way.send::<i64>(data, &cmd(&format!("INCR {}", keys[0])))
                        .await
                        .is_ok()
                })
                .await;
            }
        })
        .await;
}

/// An error of the runtime says that its call was not sent, so that the caller may send it again.
#[tokio::test]
async fn r4_a_pipeline_that_cannot_reach_one_of_its_nodes_is_not_sent() {
    let cluster = Cluster::builder(3, 0).require_full_coverage(false).start();
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    let keys: Vec<String> = (0..3).map(|node| key_on(&cluster, node, "k")).collect();
    let mut pipeline = redis::pipe();
    for key in &keys {
        pipeline.add_command(cmd(&format!("INCR {key}")));
    }
    settings(&place)
        .scope(async {
            for way in Way::ALL {
                way.send_all::<Vec<i64>>(data, &pipeline).await.unwrap();
            }
            // The first that is asked, and the last.
            for down in [0, 2] {
                cluster.node(down).stop();
                for way in Way::ALL {
                    let lost = cmd(&format!("INCR {}", keys[down]));
                    until("the runtime knows that the node is down", async || {
                        let answer: RedisResult<i64> = way.send(data, &lost).await;
                        answer.is_err_and(|error| Error::of(&error).is_some())
                    })
                    .await;
                    let others = || {
                        let others = (0..3).filter(|node| *node != down);
                        let counts = others.map(|node| counter(&cluster, &keys[node]));
                        counts.collect::<Vec<_>>()
                    };
                    let before = others();
                    let answer: RedisResult<Vec<i64>> = way.send_all(data, &pipeline).await;
                    let error = answer.unwrap_err();
                    let ours = Error::of(&error).unwrap_or_else(|| panic!("{way:?}: {error}"));
                    assert_eq!(
                        ours.kind(),
                        ErrorKind::ServerUnreachable,
                        "{way:?}: {error}"
                    );
                    assert_eq!(others(), before, "{way:?}: {error}");
                }
                cluster.node(down).restart();
                cluster.wait_until_ready();
            }
        })
        .await;
}

#[tokio::test]
async fn r10_a_primary_that_is_frozen_does_not_slow_down_the_others() {
    let cluster = Cluster::builder(3, 0).require_full_coverage(false).start();
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    let keys: Vec<String> = (0..3).map(|node| key_on(&cluster, node, "k")).collect();
    settings(&place)
        .scope(async {
            for way in Way::BOTH {
                for key in &keys {
                    way.send::<i64>(data, &cmd(&format!("INCR {key}")))
                        .await
                        .unwrap();
                }
                cluster.node(0).freeze();
                let frozen = async {
                    for _ in 0..6 {
                        let begun = Instant::now();
                        let silent: RedisResult<i64> =
                            way.send(data, &cmd(&format!("INCR {}", keys[0]))).await;
                        silent.unwrap_err();
                        assert!(
                            begun.elapsed() < 2 * RESPONSE + LATE,
                            "{way:?}: {:?}",
                            begun.elapsed()
                        );
                    }
                };
                let others = async {
                    let mut slowest = Duration::ZERO;
                    for _ in 0..300 {
                        for key in &keys[1..] {
                            let begun = Instant::now();
                            way.send::<i64>(data, &cmd(&format!("INCR {key}")))
                                .await
                                .unwrap();
                            slowest = slowest.max(begun.elapsed());
                        }
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    slowest
                };
                let ((), slowest) = tokio::join!(frozen, others);
                println!("{way:?}: slowest call to the others {slowest:?}");
                assert!(slowest < RESPONSE / 2, "{way:?}: {slowest:?}");
                cluster.node(0).thaw();
                until("the node is used again", async || {
                    way.send::<i64>(data, &cmd(&format!("INCR {}", keys[0])))
                        .await
                        .is_ok()
                })
                .await;
            }
        })
        .await;
}

#[tokio::test]
async fn r10_a_replica_takes_over_and_is_found() {
    let cluster = Cluster::builder(3, 3)
        .node_timeout(Duration::from_millis(500))
        .require_full_coverage(false)
        .start();
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    let key = key_on(&cluster, 0, "k");
    settings(&place)
        .scope(async {
            for way in Way::BOTH {
                way.send::<i64>(data, &cmd(&format!("INCR {key}")))
                    .await
                    .unwrap();
            }
            cluster.node(0).stop();
            for way in Way::BOTH {
                until("the replica is used", async || {
                    way.send::<i64>(data, &cmd(&format!("INCR {key}")))
                        .await
                        .is_ok()
                })
                .await;
            }
        })
        .await;
}

#[tokio::test]
async fn r5_a_cluster_that_cannot_be_used_is_not_moved_to() {
    let cluster = Cluster::builder(3, 0).require_full_coverage(false).start();
    let place = Place::start();
    let data = declare("data", HOUR);
    let server = redis_components_testing::Server::start();
    let key = key_on(&cluster, 1, "k");
    place.set(data, &server.config());
    settings(&place)
        .scope(async {
            for way in Way::BOTH {
                way.send::<i64>(data, &cmd("INCR counter")).await.unwrap();
            }
            let problem = || redis_components::status().components[0].problem.clone();
            cluster.node(2).stop();
            for (config, reason) in [
                // One of its primaries is down.
                (cluster.config_with_seeds(&[0]), "cannot be used"),
                // It is no cluster.
                (
                    format!(r#"{{"cluster":["127.0.0.1:{}"]}}"#, place.config.port()),
                    "write it as `host`",
                ),
            ] {
                place.set(data, &config);
                until("the reason is known", async || {
                    for way in Way::BOTH {
                        way.send::<i64>(data, &cmd("INCR counter")).await.unwrap();
                    }
                    problem().is_some_and(|problem| problem.contains(reason))
                })
                .await;
            }
            // A cluster that may be incomplete is used without that primary.
            let mut partial: serde_json::Value =
                serde_json::from_str(&cluster.config_with_seeds(&[0])).unwrap();
            partial["require_full_coverage"] = false.into();
            place.set(data, &partial.to_string());
            for way in Way::BOTH {
                until("the component has moved", async || {
                    let before = counter(&cluster, &key);
                    let incr = cmd(&format!("INCR {key}"));
                    way.send::<i64>(data, &incr).await.is_ok() && counter(&cluster, &key) > before
                })
                .await;
            }
            // The one that is down is not hidden.
            let lost = format!("127.0.0.1:{}", cluster.node(2).port());
            until("the node that is down is told", async || {
                let sent: RedisResult<i64> =
                    Way::Task.send(data, &cmd(&format!("INCR {key}"))).await;
                sent.unwrap();
                problem().is_some_and(|problem| problem.contains(&lost))
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn r10_when_all_connections_are_cut_a_call_fails_once_at_most() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    let keys: Vec<String> = (0..3).map(|node| key_on(&cluster, node, "k")).collect();
    settings(&place)
        .scope(async {
            for way in Way::BOTH {
                for key in &keys {
                    way.send::<i64>(data, &cmd(&format!("INCR {key}")))
                        .await
                        .unwrap();
                }
                // Connections that end young are counted against their server.
                tokio::time::sleep(Duration::from_millis(1100)).await;
                for node in cluster.nodes() {
                    node.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
                }
                for key in &keys {
                    let incr = cmd(&format!("INCR {key}"));
                    if way.send::<i64>(data, &incr).await.is_err() {
                        let again = way.send::<i64>(data, &incr).await;
                        again.unwrap_or_else(|error| panic!("{way:?}: {error}"));
                    }
                }
            }
        })
        .await;
}
