//! What blocking calls alone can get wrong in a cluster: they ask several nodes from one thread.

use std::time::{Duration, Instant};

use redis::{ConnectionLike, RedisResult, Value};
use redis_components::{Component, Error, ErrorKind};
use redis_components_testing::{Cluster, Server};

use crate::common::clients::blocked;
use crate::common::{declare, until};
use crate::setup::{Place, Way, cmd, dedicated_blocking, key_on, on_thread};

#[tokio::test]
async fn r13_a_transaction_that_is_written_as_a_pipeline_returns_all_replies() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", Duration::from_secs(1));
    place.set(data, &cluster.config());
    let settings = place.settings();
    settings
        .scope(async {
            for (number, way) in Way::ALL.into_iter().enumerate() {
                let key = key_on(&cluster, number % 3, &format!("{way:?}"));
                let mut written = redis::pipe();
                for line in [
                    "MULTI",
                    &format!("INCR {key}"),
                    &format!("INCR {key}"),
                    "EXEC",
                ] {
                    written.add_command(cmd(line));
                }
                let replies: RedisResult<(String, String, String, (i64, i64))> =
                    way.send_all(data, &written).await;
                let (ok, first, second, results) = replies.unwrap();
                let told = [ok, first, second];
                assert_eq!(told, ["OK", "QUEUED", "QUEUED"], "{way:?}");
                assert_eq!(results, (1, 2), "{way:?}");
            }
        })
        .await;
}

#[tokio::test]
async fn r10_a_blocking_pipeline_waits_for_all_nodes_at_once() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", Duration::from_secs(1));
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            let mut pops = redis::pipe();
            for node in 0..3 {
                let queue = key_on(&cluster, node, "queue");
                pops.cmd("BLPOP").arg(queue).arg(1);
            }
            for way in [Way::Thread, Way::DedicatedThread] {
                let begun = Instant::now();
                let popped: Vec<Value> = way.send_all(data, &pops).await.unwrap();
                assert_eq!(popped, [Value::Nil, Value::Nil, Value::Nil], "{way:?}");
                let took = begun.elapsed();
                assert!(took < Duration::from_millis(2500), "{way:?}: {took:?}");
            }
        })
        .await;
}

/// Moves a component while a call waits on the second node, which then ends.
async fn ends_when_it_moves<T: std::fmt::Debug>(
    place: &Place,
    data: &Component,
    cluster: &Cluster,
    other: &Server,
    popping: impl Future<Output = RedisResult<T>>,
) {
    let moving = async {
        let server = cluster.node(1);
        until("it waits", async || blocked(&server) == 1).await;
        place.set(data, &other.config());
        until("it ends", async || blocked(&server) == 0).await;
    };
    let (popped, ()) = tokio::join!(popping, moving);
    let error = popped.unwrap_err();
    let ours = Error::of(&error).unwrap_or_else(|| panic!("{error}"));
    assert_eq!(ours.kind(), ErrorKind::ComponentMoved, "{error}");
}

#[tokio::test]
async fn r4_blocking_commands_that_wait_in_a_cluster_end_at_the_drain_deadline() {
    let cluster = Cluster::start(3, 0);
    let other = Server::start();
    let place = Place::start();
    let data = declare("data", Duration::from_secs(1));
    place.set(data, &cluster.config());
    let settings = place.settings().drain_deadline(Duration::from_millis(300));
    settings
        .scope(async {
            let queue = key_on(&cluster, 1, "queue");
            let begins = key_on(&cluster, 2, "begun");
            let mut pipeline = redis::pipe();
            pipeline.cmd("INCR").arg(&begins);
            pipeline.cmd("BLPOP").arg(&queue).arg(0);
            let popping = on_thread(move || -> RedisResult<(i64, Option<(String, String)>)> {
                pipeline.query(&mut dedicated_blocking(data)?)
            });
            ends_when_it_moves(&place, data, &cluster, &other, popping).await;
            // What was executed is not executed elsewhere.
            assert_eq!(other.command(&["GET", &begins]), Value::Nil);

            // The bytes of one command.
            place.set(data, &cluster.config());
            until("it is back", async || {
                let incr = cmd(&format!("INCR {begins}"));
                Way::Thread.send::<i64>(data, &incr).await.unwrap();
                other.command(&["DEL", &begins]) == Value::Int(0)
            })
            .await;
            let packed = cmd(&format!("BLPOP {queue} 0")).get_packed_command();
            let popping = on_thread(move || dedicated_blocking(data)?.req_packed_command(&packed));
            ends_when_it_moves(&place, data, &cluster, &other, popping).await;
        })
        .await;
}

/// Connections have a timeout of their own.
#[tokio::test]
async fn r10_a_pipeline_whose_connections_are_slow_to_open_is_sent() {
    let response = Duration::from_millis(500);
    let cluster = Cluster::start(2, 0);
    let place = Place::start();
    let data = declare("data", Duration::from_secs(1));
    place.set(data, &cluster.config());
    let settings = place.settings().response_timeout(response);
    settings
        .scope(async {
            let keys = [0, 1].map(|node| key_on(&cluster, node, "k"));
            let mut pipeline = redis::pipe();
            for key in &keys {
                pipeline.cmd("INCR").arg(key);
            }
            let way = Way::DedicatedThread;
            way.send_all::<(i64, i64)>(data, &pipeline).await.unwrap();
            let slow = cluster.node(1);
            slow.freeze();
            let begun = Instant::now();
            let thawing = async {
                tokio::time::sleep(2 * response).await;
                slow.thaw();
            };
            let sending = way.send_all::<(i64, i64)>(data, &pipeline);
            let (counted, ()) = tokio::join!(sending, thawing);
            assert!(begun.elapsed() > response);
            assert_eq!(counted.unwrap(), (2, 2));
        })
        .await;
}
