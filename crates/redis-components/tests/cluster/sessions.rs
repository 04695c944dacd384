//! Pipelines of a call that has a session on a node, or begins one.

use redis::{Pipeline, RedisError, RedisResult};
use redis_components::blocking::Connection;
use redis_components::{Component, Error};
use redis_components_testing::Cluster;

use crate::common::{HOUR, declare};
use crate::setup::{Place, Way, cmd, dedicated, dedicated_blocking, key_on, on_thread};

const THREADS: [Way; 2] = [Way::Thread, Way::DedicatedThread];

fn connect(way: Way, component: &'static Component) -> Result<Connection, Error> {
    match way {
        Way::DedicatedThread => dedicated_blocking(component),
        _ => component.blocking_connection(),
    }
}

fn pipeline(lines: &[&str]) -> Pipeline {
    let mut pipeline = redis::pipe();
    for line in lines {
        pipeline.add_command(cmd(line));
    }
    pipeline
}

/// Returns a key whose slot has moved from the first node since the component used it.
async fn moved_key(cluster: &Cluster, data: &'static Component, way: Way) -> String {
    let key = key_on(cluster, 0, &format!("{way:?}"));
    let incr = cmd(&format!("INCR {key}"));
    assert_eq!(way.send::<i64>(data, &incr).await.unwrap(), 1);
    cluster.migrate(cluster.slot_of(&key), 1);
    key
}

fn is_moved(error: &RedisError) -> bool {
    error.to_string().to_lowercase().contains("moved")
}

#[tokio::test]
async fn r13_a_pipeline_in_a_session_learns_where_its_slot_has_moved() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            let way = Way::DedicatedTask;
            let key = moved_key(&cluster, data, way).await;
            let both = pipeline(&[&format!("WATCH {key}"), &format!("GET {key}")]);
            let told: RedisResult<((), i64)> = way.send_all(data, &both).await;
            if let Err(error) = told {
                assert!(is_moved(&error), "{error}");
            }
            let read: RedisResult<((), i64)> = way.send_all(data, &both).await;
            assert_eq!(read.unwrap().1, 1);

            // In a session that an earlier command has begun.
            let key = key_on(&cluster, 2, "k");
            let mut dedicated = dedicated(data).await.unwrap();
            let watch = cmd(&format!("WATCH {key}"));
            watch.exec_async(&mut *dedicated).await.unwrap();
            cluster.migrate(cluster.slot_of(&key), 1);
            let mut transaction = pipeline(&[&format!("INCR {key}")]);
            transaction.atomic();
            // The session is left behind on the node that it began on.
            transaction.exec_async(&mut *dedicated).await.unwrap_err();
            let read: RedisResult<((), Option<i64>)> = way
                .send_all(
                    data,
                    &pipeline(&[&format!("WATCH {key}"), &format!("GET {key}")]),
                )
                .await;
            assert_eq!(read.unwrap().1, None);
        })
        .await;
}

#[tokio::test]
async fn r13_a_pipeline_whose_watch_was_refused_begins_its_session_at_the_new_node() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            for way in THREADS {
                let key = moved_key(&cluster, data, way).await;
                let (read, done) = on_thread(move || {
                    let mut connection = connect(way, data)?;
                    let both = pipeline(&[&format!("WATCH {key}"), &format!("GET {key}")]);
                    let ((), read): ((), i64) = both.query(&mut connection)?;
                    let mut transaction = pipeline(&[&format!("INCR {key}")]);
                    transaction.atomic();
                    let done: Option<(i64,)> = transaction.query(&mut connection)?;
                    RedisResult::Ok((read, done))
                })
                .await
                .unwrap_or_else(|error| panic!("{way:?}: {error}"));
                assert_eq!((read, done), (1, Some((2,))), "{way:?}");
            }
        })
        .await;
}

#[tokio::test]
async fn r13_a_pipeline_of_threads_joins_the_transaction_that_is_open() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            let elsewhere = key_on(&cluster, 1, "k");
            for way in THREADS {
                let key = key_on(&cluster, 0, &format!("{way:?}"));
                let elsewhere = elsewhere.clone();
                on_thread(move || {
                    let mut connection = connect(way, data)?;
                    let incr = format!("INCR {key}");
                    cmd(&format!("WATCH {key}")).exec(&mut connection)?;
                    cmd("MULTI").exec(&mut connection)?;
                    let queued: [String; 2] = pipeline(&[&incr, &incr]).query(&mut connection)?;
                    assert_eq!(queued, ["QUEUED", "QUEUED"], "{way:?}");
                    let refused = pipeline(&[&format!("INCR {elsewhere}"), &incr])
                        .exec(&mut connection)
                        .unwrap_err();
                    assert_eq!(refused.code(), Some("CROSSSLOT"), "{way:?}: {refused}");
                    let done: (i64, i64) = cmd("EXEC").query(&mut connection)?;
                    assert_eq!(done, (1, 2), "{way:?}");

                    // A pipeline may begin a transaction, and another end it.
                    pipeline(&["MULTI", &incr]).exec(&mut connection)?;
                    let done: (String, (i64, i64)) =
                        pipeline(&[&incr, "EXEC"]).query(&mut connection)?;
                    assert_eq!(done.1, (3, 4), "{way:?}");
                    let other: i64 = cmd(&format!("EXISTS {elsewhere}")).query(&mut connection)?;
                    assert_eq!(other, 0, "{way:?}");
                    RedisResult::Ok(())
                })
                .await
                .unwrap_or_else(|error| panic!("{way:?}: {error}"));
            }
        })
        .await;
}

#[tokio::test]
async fn r13_a_pipeline_with_watched_keys_is_not_split_over_nodes() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            let elsewhere = key_on(&cluster, 1, "k");
            for way in THREADS {
                let here = key_on(&cluster, 0, &format!("{way:?}"));
                let (watch, get) = (format!("WATCH {here}"), format!("GET {here}"));
                let set = format!("SET {elsewhere} 1");
                let watched = here.clone();
                let elsewhere_of_thread = elsewhere.clone();
                on_thread(move || {
                    let mut connection = connect(way, data)?;
                    // A pipeline that begins a session, and one in a session.
                    for lines in [&[&watch[..], &get, &set][..], &[&watch], &[&get, &set]] {
                        let sent = pipeline(lines).exec(&mut connection);
                        if lines.len() == 1 {
                            sent?;
                            continue;
                        }
                        let refused = sent.unwrap_err();
                        assert_eq!(refused.code(), Some("CROSSSLOT"), "{way:?}: {refused}");
                    }
                    // What is of the session's node goes there, and the session goes on.
                    let incr = format!("INCR {watched}");
                    let read: [Option<i64>; 2] = pipeline(&[&get, &get]).query(&mut connection)?;
                    assert_eq!(read, [None, None], "{way:?}");
                    let written = pipeline(&["MULTI", &incr, "EXEC"]);
                    let done: (String, String, (i64,)) = written.query(&mut connection)?;
                    assert_eq!(done.2.0, 1, "{way:?}");
                    // Without a session it is for all nodes again.
                    pipeline(&[&get, &set]).exec(&mut connection)?;
                    cmd(&format!("DEL {elsewhere_of_thread}")).exec(&mut connection)
                })
                .await
                .unwrap_or_else(|error| panic!("{way:?}: {error}"));
            }
        })
        .await;
}

#[tokio::test]
async fn r13_a_task_whose_watch_was_refused_begins_its_session_at_the_new_node() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            let mut dedicated = dedicated(data).await.unwrap();
            let key = moved_key(&cluster, data, Way::DedicatedTask).await;
            let both = pipeline(&[&format!("WATCH {key}"), &format!("GET {key}")]);
            let ((), read): ((), i64) = both.query_async(&mut *dedicated).await.unwrap();
            let mut transaction = pipeline(&[&format!("INCR {key}")]);
            transaction.atomic();
            let done: Option<(i64,)> = transaction.query_async(&mut *dedicated).await.unwrap();
            assert_eq!((read, done), (1, Some((2,))));
        })
        .await;
}
