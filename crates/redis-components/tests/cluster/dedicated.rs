//! Connections of a call's own, and subscribers, in a cluster.

use futures_util::StreamExt;
use redis::aio::PubSub;
use redis::{AsyncCommands, Commands, RedisResult, pipe};
use redis_components::__private::{Acquire, AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::{Connection, ErrorKind, Scope, Subscriber, SubscriberEvent, blocking};
use redis_components_testing::{Cluster, Server};

use crate::common::clients::blocked;
use crate::common::{HOUR, declare, until};
use crate::setup::{Place, Way, cmd, dedicated, dedicated_blocking, key_on, on_thread};

#[tokio::test]
async fn r13_a_dedicated_call_waits_on_the_node_of_its_key() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            for node in 0..3 {
                let queue = key_on(&cluster, node, "queue");
                let (waiting, pushing) = (queue.clone(), queue.clone());
                let mut dedicated = <Connection as AcquireDedicated>::acquire(data, "pop")
                    .await
                    .unwrap();
                let pop = async { dedicated.blpop::<_, (String, String)>(&waiting, 0.0).await };
                let push = async {
                    let server = cluster.node(node);
                    until("the call waits", async || blocked(&server) == 1).await;
                    let mut other = data.connection().await.unwrap();
                    other.rpush::<_, _, i64>(&pushing, "element").await.unwrap();
                };
                let (popped, ()) = tokio::join!(pop, push);
                assert_eq!(popped.unwrap().1, "element");

                let taken = queue.clone();
                let popped = on_thread(move || {
                    let mut other = data.blocking_connection().unwrap();
                    other.rpush::<_, _, i64>(&taken, "element").unwrap();
                    let mut dedicated =
                        <blocking::Connection as AcquireDedicatedBlocking>::acquire(data, "pop")
                            .unwrap();
                    dedicated.blpop::<_, (String, String)>(&taken, 5.0)
                })
                .await;
                assert_eq!(popped.unwrap().1, "element");
            }
        })
        .await;
}

#[tokio::test]
async fn r4_a_pop_that_a_fail_over_has_ended_goes_on_at_the_new_primary() {
    let cluster = Cluster::start(3, 1);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    let queue = key_on(&cluster, 0, "queue");
    place
        .settings()
        .scope(async {
            let (of_task, of_thread) = (queue.clone(), queue.clone());
            let task = tokio::spawn(Scope::wrap(async move {
                let mut dedicated = dedicated(data).await?;
                let popped: RedisResult<(String, u64)> = dedicated.blpop(&of_task, 60.0).await;
                popped
            }));
            let scope = Scope::current().unwrap();
            let thread = tokio::task::spawn_blocking(move || {
                scope.run_blocking(|| {
                    let mut dedicated = dedicated_blocking(data)?;
                    let popped: RedisResult<(String, u64)> = dedicated.blpop(&of_thread, 60.0);
                    popped
                })
            });
            until("both wait", async || blocked(&cluster.node(0)) == 2).await;
            cluster.failover(0);
            let primary = cluster.node(cluster.primary_of(&queue));
            assert_ne!(primary.port(), cluster.node(0).port());
            until("both wait at the new primary", async || {
                blocked(&primary) == 2
            })
            .await;
            primary.command(&["RPUSH", &queue, "1", "2"]);
            let mut popped = [
                task.await.unwrap().unwrap().1,
                thread.await.unwrap().unwrap().1,
            ];
            popped.sort_unstable();
            assert_eq!(popped, [1, 2]);
        })
        .await;
}

#[tokio::test]
async fn r13_watched_keys_and_their_transaction_stay_on_one_connection() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    let (here, elsewhere) = (key_on(&cluster, 0, "k"), key_on(&cluster, 1, "k"));
    place
        .settings()
        .scope(async {
            let mut dedicated = <Connection as AcquireDedicated>::acquire(data, "f")
                .await
                .unwrap();
            let mut transaction = pipe();
            transaction.atomic().cmd("INCR").arg(&here);
            for changed in [false, true] {
                cmd(&format!("WATCH {here}"))
                    .exec_async(&mut *dedicated)
                    .await
                    .unwrap();
                if changed {
                    cluster.node(0).command(&["SET", &here, "7"]);
                }
                let done: Option<(i64,)> = transaction.query_async(&mut *dedicated).await.unwrap();
                assert_eq!(done.is_none(), changed);
            }
            // An open transaction takes no command for another node.
            cmd(&format!("WATCH {here}"))
                .exec_async(&mut *dedicated)
                .await
                .unwrap();
            cmd("MULTI").exec_async(&mut *dedicated).await.unwrap();
            let refused: RedisResult<i64> = cmd(&format!("INCR {elsewhere}"))
                .query_async(&mut *dedicated)
                .await;
            assert_eq!(refused.unwrap_err().code(), Some("CROSSSLOT"));
            cmd(&format!("INCR {here}"))
                .exec_async(&mut *dedicated)
                .await
                .unwrap();
            let done: (i64,) = cmd("EXEC").query_async(&mut *dedicated).await.unwrap();
            assert_eq!(done.0, 8);

            let (key, other) = (here.clone(), elsewhere.clone());
            let (first, refused, tries) = on_thread(move || {
                let mut connection = data.blocking_connection().unwrap();
                let mut tries = 0;
                let first: (i64,) =
                    redis::transaction(&mut connection, &[&key], |connection, pipe| {
                        tries += 1;
                        if tries == 1 {
                            // Somebody else changes the watched key.
                            data.blocking_connection()?.set::<_, _, ()>(&key, 1)?;
                        }
                        let _: Option<i64> = connection.get(&other)?;
                        pipe.cmd("INCR").arg(&key).query(connection)
                    })
                    .unwrap();
                cmd("EXEC").exec(&mut connection).unwrap_err();
                cmd(&format!("WATCH {key}")).exec(&mut connection).unwrap();
                cmd("MULTI").exec(&mut connection).unwrap();
                let refused = cmd(&format!("INCR {other}"))
                    .exec(&mut connection)
                    .unwrap_err();
                (first, refused, tries)
            })
            .await;
            assert_eq!((first.0, tries), (2, 2));
            assert_eq!(refused.code(), Some("CROSSSLOT"));
        })
        .await;
}

#[tokio::test]
async fn r13_a_transaction_ends_the_session_on_its_node() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    let keys = [key_on(&cluster, 0, "k"), key_on(&cluster, 1, "k")];
    place
        .settings()
        .scope(async {
            let mut dedicated = dedicated(data).await.unwrap();
            for key in keys.iter().chain(&keys) {
                let watch = cmd(&format!("WATCH {key}"));
                watch.exec_async(&mut *dedicated).await.unwrap();
                let mut transaction = pipe();
                transaction.atomic().cmd("INCR").arg(key);
                let done: Option<(i64,)> = transaction.query_async(&mut *dedicated).await.unwrap();
                assert!(done.is_some(), "{key}");
            }
            let watch = cmd(&format!("WATCH {}", keys[0]));
            watch.exec_async(&mut *dedicated).await.unwrap();
            let mut elsewhere = pipe();
            elsewhere.atomic().cmd("INCR").arg(&keys[1]);
            let refused = elsewhere.exec_async(&mut *dedicated).await.unwrap_err();
            assert_eq!(refused.code(), Some("CROSSSLOT"));
        })
        .await;
}

#[tokio::test]
async fn r13_a_subscriber_hears_what_any_node_publishes() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            let mut subscriber = <PubSub as Acquire>::acquire(data, "hear").await.unwrap();
            subscriber.subscribe("news").await.unwrap();
            let mut messages = subscriber.on_message();
            for node in 0..3 {
                cluster.node(node).command(&["PUBLISH", "news", "said"]);
                let message = tokio::time::timeout(crate::common::SOON, messages.next()).await;
                assert_eq!(message.unwrap().unwrap().get_payload_bytes(), b"said");
            }
        })
        .await;
}

#[tokio::test]
async fn r13_a_subscriber_that_follows_hears_what_any_node_publishes_and_no_sharded_channel() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            let acquired = <Subscriber as Acquire>::acquire(data, "listen").await;
            let mut subscriber = acquired.unwrap();
            let error = subscriber.ssubscribe("shard").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NeedsSingleServer);
            assert!(error.to_string().contains("use `subscribe`"), "{error}");
            subscriber.subscribe("news").await.unwrap();
            for node in 0..3 {
                cluster.node(node).command(&["PUBLISH", "news", "said"]);
                let event = tokio::time::timeout(crate::common::SOON, subscriber.next()).await;
                let message = event.unwrap().unwrap().unwrap().into_message().unwrap();
                assert_eq!(message.get_payload_bytes(), b"said");
            }
        })
        .await;
}

/// Such a node goes on alone, and is silent for ever.
#[tokio::test]
async fn r4_a_subscriber_leaves_a_node_that_its_cluster_has_let_go() {
    let cluster = Cluster::start(3, 1);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            let acquired = <Subscriber as Acquire>::acquire(data, "listen").await;
            let mut subscriber = acquired.unwrap();
            subscriber.subscribe("news").await.unwrap();
            let is_there = |node: &usize| {
                let count = cluster.node(*node).command(&["PUBSUB", "NUMSUB", "news"]);
                redis::from_redis_value::<(String, u64)>(count).unwrap().1 == 1
            };
            let left = (0..3).find(is_there).unwrap();
            let keys = [left, (left + 1) % 3].map(|node| (node, key_on(&cluster, node, "k")));
            for (node, key) in keys {
                cluster.failover(node);
                // It is told who owns the slot now, and reads who else is there.
                let incr = cmd(&format!("INCR {key}"));
                let count: i64 = Way::BOTH[0].send(data, &incr).await.unwrap();
                assert_eq!(count, 1);
                if node == left {
                    cluster.forget(left);
                }
            }
            let event = tokio::time::timeout(crate::common::SOON, subscriber.next()).await;
            let event = event.unwrap().unwrap().unwrap();
            let is_told = matches!(event, SubscriberEvent::Resubscribed { gap: true, .. });
            assert!(is_told, "{event:?}");
            until("it has left", async || !is_there(&left)).await;
            let other = cluster.primary_of("any");
            cluster.node(other).command(&["PUBLISH", "news", "said"]);
            let event = tokio::time::timeout(crate::common::SOON, subscriber.next()).await;
            let message = event.unwrap().unwrap().unwrap().into_message().unwrap();
            assert_eq!(message.get_payload_bytes(), b"said");
        })
        .await;
}

#[tokio::test]
async fn r4_a_call_that_waits_follows_its_component_to_a_cluster_and_back() {
    let cluster = Cluster::start(3, 0);
    let server = Server::start();
    let place = Place::start();
    let data = declare("data", HOUR);
    let queue = key_on(&cluster, 1, "queue");
    place.set(data, &server.config());
    place
        .settings()
        .scope(async {
            let node = cluster.node(1);
            for (from, to, target) in [
                (&server, cluster.config(), "cluster"),
                (&*node, server.config(), "server"),
            ] {
                let mut dedicated = <Connection as AcquireDedicated>::acquire(data, "pop")
                    .await
                    .unwrap();
                let waiting = queue.clone();
                let pop = async { dedicated.blpop::<_, (String, String)>(&waiting, 0.0).await };
                let blocking_queue = queue.clone();
                let popped_by_thread = on_thread(move || {
                    let mut dedicated =
                        <blocking::Connection as AcquireDedicatedBlocking>::acquire(data, "pop")
                            .unwrap();
                    dedicated.blpop::<_, (String, String)>(&blocking_queue, 0.0)
                });
                let acting = async {
                    until("both wait", async || blocked(from) == 2).await;
                    place.set(data, &to);
                    until("the component has moved", async || {
                        let size: i64 = cmd("DBSIZE")
                            .query_async(&mut data.connection().await.unwrap())
                            .await
                            .unwrap();
                        let generation = data.connection().await.unwrap().generation();
                        size == 0 && generation > u64::from(target == "server") + 1
                    })
                    .await;
                    let push = ["RPUSH", queue.as_str(), "one", "two"];
                    match target {
                        "cluster" => node.command(&push),
                        _ => server.command(&push),
                    };
                };
                let (popped, by_thread, ()) = tokio::join!(pop, popped_by_thread, acting);
                let mut both = [popped.unwrap().1, by_thread.unwrap().1];
                both.sort();
                assert_eq!(both, ["one", "two"], "{target}");
            }
        })
        .await;
}
