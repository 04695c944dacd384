//! Clones of a connection that a call has for itself.

use redis::{AsyncCommands, RedisResult, pipe};
use redis_components::__private::AcquireDedicated;
use redis_components::{Connection, Error, ErrorKind, Scope};
use redis_components_testing::Cluster;

use crate::common::clients::blocked;
use crate::common::{HOUR, declare, until};
use crate::setup::{Place, cmd, key_on};

#[tokio::test]
async fn r9_a_clone_of_a_dedicated_connection_has_its_session_on_every_node() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            let mut own = <Connection as AcquireDedicated>::acquire(data, "f")
                .await
                .unwrap();
            // The first was made before any connection was open, and opens them.
            let mut clone = Connection::clone(&own);
            for node in 0..3 {
                let key = key_on(&cluster, node, "k");
                let watch = cmd(&format!("WATCH {key}"));
                watch.exec_async(&mut clone).await.unwrap();
                drop(clone);
                cluster.node(node).command(&["SET", &key, "7"]);
                let mut transaction = pipe();
                transaction.atomic().cmd("INCR").arg(&key);
                let done: Option<(i64,)> = transaction.query_async(&mut *own).await.unwrap();
                assert_eq!(done, None, "the key was watched by the clone");
                clone = Connection::clone(&own);
            }
            let (here, elsewhere) = (key_on(&cluster, 0, "k"), key_on(&cluster, 1, "k"));
            let watch = cmd(&format!("WATCH {here}"));
            watch.exec_async(&mut *own).await.unwrap();
            cmd("MULTI").exec_async(&mut *own).await.unwrap();
            let queued: String = cmd(&format!("INCR {here}"))
                .query_async(&mut clone)
                .await
                .unwrap();
            assert_eq!(queued, "QUEUED");
            let refused: RedisResult<i64> = cmd(&format!("INCR {elsewhere}"))
                .query_async(&mut clone)
                .await;
            assert_eq!(refused.unwrap_err().code(), Some("CROSSSLOT"));
            let done: (i64,) = cmd("EXEC").query_async(&mut clone).await.unwrap();
            assert_eq!(done.0, 8);
        })
        .await;
}

#[tokio::test]
async fn r10_a_clone_ends_with_the_connections_of_its_call() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            let own = <Connection as AcquireDedicated>::acquire(data, "f")
                .await
                .unwrap();
            let mut clone = Connection::clone(&own);
            let queue = key_on(&cluster, 2, "queue");
            let waits = tokio::spawn(Scope::wrap(async move {
                let popped: RedisResult<(String, String)> = clone.blpop(&queue, 0.0).await;
                (popped, clone)
            }));
            let server = cluster.node(2);
            until("the clone waits", async || blocked(&server) == 1).await;
            drop(own);
            let (popped, mut clone) = waits.await.unwrap();
            popped.unwrap_err();
            until("nothing waits", async || blocked(&server) == 0).await;
            // It opens nothing that nobody would close.
            let error = clone.get::<_, Option<String>>("k").await.unwrap_err();
            let ours = Error::of(&error).unwrap_or_else(|| panic!("{error}"));
            assert_eq!(ours.kind(), ErrorKind::ConnectionClosed, "{error}");
        })
        .await;
}

#[tokio::test]
async fn r10_a_wait_that_is_given_up_leaves_the_waits_of_clones_at_other_nodes() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            let mut own = <Connection as AcquireDedicated>::acquire(data, "f")
                .await
                .unwrap();
            let mut clone = Connection::clone(&own);
            let queues = [0, 2].map(|node| key_on(&cluster, node, "queue"));
            let queue = queues[1].clone();
            let waits = tokio::spawn(Scope::wrap(async move {
                clone.blpop::<_, (String, String)>(&queue, 0.0).await
            }));
            let (there, here) = (cluster.node(2), cluster.node(0));
            until("the clone waits", async || blocked(&there) == 1).await;
            {
                let given_up = own.blpop::<_, (String, String)>(&queues[0], 0.0);
                let waits_too = until("it waits too", async || blocked(&here) == 1);
                tokio::select! {
                    _ = given_up => unreachable!("nothing is pushed"),
                    () = waits_too => {}
                }
            }
            until("it was given up", async || blocked(&here) == 0).await;
            assert_eq!(own.get(&queues[0]).await, Ok(None::<String>));
            there.command(&["RPUSH", &queues[1], "element"]);
            assert_eq!(waits.await.unwrap().unwrap().1, "element");
        })
        .await;
}
