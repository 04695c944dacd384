//! Commands of all kinds find their nodes.

use redis::{RedisResult, Value, pipe};
use redis_components::{Error, ErrorKind};
use redis_components_testing::Cluster;

use crate::common::{HOUR, declare};
use crate::setup::{Place, Way, cmd, key_on};

#[tokio::test]
async fn r13_commands_of_all_kinds_find_their_nodes() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config_with_seeds(&[1]));
    let keys: Vec<String> = (0..3).map(|node| key_on(&cluster, node, "k")).collect();
    place
        .settings()
        .scope(async {
            for way in Way::ALL {
                cluster.flush();
                for (number, key) in keys.iter().enumerate() {
                    let set: RedisResult<String> =
                        way.send(data, &cmd(&format!("SET {key} {number}"))).await;
                    assert_eq!(set.unwrap(), "OK", "{way:?}");
                    assert_eq!(
                        cluster.node(number).command(&["GET", key]),
                        Value::BulkString(number.to_string().into())
                    );
                }
                let [a, b, c] = [&keys[0], &keys[1], &keys[2]];
                let size: i64 = way.send(data, &cmd("DBSIZE")).await.unwrap();
                assert_eq!(size, 3);
                let all: Vec<Option<i64>> = way
                    .send(data, &cmd(&format!("MGET {c} none {a} {b}")))
                    .await
                    .unwrap();
                assert_eq!(all, [Some(2), None, Some(0), Some(1)]);
                let mut names: Vec<String> = way.send(data, &cmd("KEYS k*")).await.unwrap();
                names.sort();
                let mut expected = keys.clone();
                expected.sort();
                assert_eq!(names, expected);
                let known: i64 = way
                    .send(data, &cmd(&format!("EXISTS {a} {b} none")))
                    .await
                    .unwrap();
                assert_eq!(known, 2);
                let script: i64 = way
                    .send(
                        data,
                        redis::cmd("EVAL")
                            .arg("return redis.call('INCR', KEYS[1])")
                            .arg(1)
                            .arg(b),
                    )
                    .await
                    .unwrap();
                assert_eq!(script, 2);
                let removed: i64 = way
                    .send(data, &cmd(&format!("DEL {a} {b} {c}")))
                    .await
                    .unwrap();
                assert_eq!(removed, 3);
                let pong: String = way.send(data, &cmd("PING")).await.unwrap();
                assert_eq!(pong, "PONG");
                let flushed: String = way.send(data, &cmd("FLUSHALL")).await.unwrap();
                assert_eq!(flushed, "OK");
            }
        })
        .await;
}

#[tokio::test]
async fn r13_pipelines_cross_slots_and_transactions_do_not() {
    let cluster = Cluster::start(3, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    let keys: Vec<String> = (0..3).map(|node| key_on(&cluster, node, "k")).collect();
    place
        .settings()
        .scope(async {
            for way in Way::ALL {
                cluster.flush();
                let mut pipeline = pipe();
                for key in keys.iter().cycle().take(30) {
                    pipeline.cmd("INCR").arg(key);
                }
                pipeline.cmd("MGET").arg(&keys).cmd("DBSIZE");
                let replies: Vec<Value> = way.send_all(data, &pipeline).await.unwrap();
                assert_eq!(replies.len(), 32);
                for (number, reply) in replies.iter().take(30).enumerate() {
                    let expected = i64::try_from(number / 3 + 1).unwrap();
                    assert_eq!(*reply, Value::Int(expected), "{way:?} {number}");
                }
                let values: Vec<i64> = redis::from_redis_value(replies[30].clone()).unwrap();
                assert_eq!(values, [10, 10, 10]);
                assert_eq!(replies[31], Value::Int(3));

                let mut transaction = pipe();
                transaction
                    .atomic()
                    .cmd("INCR")
                    .arg("{t}a")
                    .cmd("INCR")
                    .arg("{t}b")
                    .cmd("GET")
                    .arg("{t}a");
                let replies: (i64, i64, i64) = way.send_all(data, &transaction).await.unwrap();
                assert_eq!(replies, (1, 1, 1), "{way:?}");

                let mut across = pipe();
                across
                    .atomic()
                    .cmd("INCR")
                    .arg(&keys[0])
                    .cmd("INCR")
                    .arg(&keys[1]);
                let refused: RedisResult<Value> = way.send_all(data, &across).await;
                assert_eq!(refused.unwrap_err().code(), Some("CROSSSLOT"), "{way:?}");
                let values: Vec<i64> = way.send(data, redis::cmd("MGET").arg(&keys)).await.unwrap();
                assert_eq!(values, [10, 10, 10], "{way:?}");
            }
        })
        .await;
}

#[tokio::test]
async fn r13_what_needs_one_server_says_what_to_do() {
    let cluster = Cluster::start(1, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            for way in Way::ALL {
                for line in ["SCAN 0", "INFO", "CONFIG GET port", "UNKNOWN"] {
                    let refused: RedisResult<Value> = way.send(data, &cmd(line)).await;
                    let error = refused.unwrap_err();
                    let ours = Error::of(&error).unwrap_or_else(|| panic!("{line}: {error}"));
                    assert_eq!(ours.kind(), ErrorKind::NeedsSingleServer, "{way:?} {line}");
                    assert_eq!(ours.component(), Some("data"));
                }
            }
        })
        .await;
}

#[tokio::test]
async fn r13_redis_rs_types_for_one_server_are_refused() {
    use redis_components::__private::{Acquire, AcquireBlocking, AcquireDedicated};
    let cluster = Cluster::start(1, 0);
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            let kinds = [
                <redis::aio::MultiplexedConnection as Acquire>::acquire(data, "f")
                    .await
                    .err()
                    .unwrap(),
                <redis::aio::ConnectionManager as Acquire>::acquire(data, "f")
                    .await
                    .err()
                    .unwrap(),
                <redis::aio::MultiplexedConnection as AcquireDedicated>::acquire(data, "f")
                    .await
                    .err()
                    .unwrap(),
                crate::setup::on_thread(|| {
                    <redis::Connection as AcquireBlocking>::acquire(data, "f")
                        .err()
                        .unwrap()
                })
                .await,
            ];
            for error in kinds {
                assert_eq!(error.kind(), ErrorKind::NeedsSingleServer, "{error}");
                assert!(
                    error.to_string().contains("redis_components::Connection"),
                    "{error}"
                );
            }
        })
        .await;
}
