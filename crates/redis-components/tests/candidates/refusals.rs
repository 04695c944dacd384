//! What is refused goes to the candidate, and nothing else does.

use std::time::Instant;

use redis::RedisResult;
use redis_components::{Connection, Scope};
use redis_components_testing::Server;
use serde_json::json;

use crate::common::{HOUR, SOON, declare, until};
use crate::pair::{Pair, is_in_force, is_ready};

#[tokio::test]
async fn r15_a_handle_goes_on_at_the_candidate_in_the_middle_of_a_function() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.settings()
        .scope(async {
            let mut connection = logs.connection().await.unwrap();
            let mut incr = redis::cmd("INCR");
            incr.arg("n");
            let count: u64 = incr.query_async(&mut connection).await.unwrap();
            assert_eq!(count, 1);
            pair.offer(logs, 1, "m1");
            is_ready("m1").await;
            pair.fail_over_from(0).await;
            let count: u64 = incr.query_async(&mut connection).await.unwrap();
            assert_eq!((count, connection.generation()), (2, 2));
            pair.set(logs, 1);
            let count: u64 = incr.query_async(&mut connection).await.unwrap();
            assert_eq!(count, 3);
            // And back, with the same handle.
            pair.is_in_step(1).await;
            is_in_force(logs, 2).await;
            pair.offer(logs, 0, "m2");
            is_ready("m2").await;
            pair.fail_over_from(1).await;
            let count: u64 = incr.query_async(&mut connection).await.unwrap();
            assert_eq!((count, connection.generation()), (4, 3));
        })
        .await;
}

#[tokio::test]
async fn r15_a_handle_follows_a_move_that_is_over() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.settings()
        .scope(async {
            let mut connection = logs.connection().await.unwrap();
            let mut incr = redis::cmd("INCR");
            incr.arg("n");
            let _: u64 = incr.query_async(&mut connection).await.unwrap();
            pair.offer(logs, 1, "m1");
            is_ready("m1").await;
            pair.fail_over_from(0).await;
            pair.set(logs, 1);
            is_in_force(logs, 2).await;
            pair.control(&serde_json::json!({}));
            until("the candidate is gone", async || {
                crate::pair::candidate().is_none()
            })
            .await;
            let count: u64 = incr.query_async(&mut connection).await.unwrap();
            assert_eq!(count, 2);
        })
        .await;
}

#[tokio::test]
async fn r15_a_pipeline_goes_to_the_candidate_if_nothing_of_it_had_an_effect() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.settings()
        .scope(async {
            let mut connection = logs.connection().await.unwrap();
            pair.offer(logs, 1, "m1");
            let _: () = redis::cmd("SET")
                .arg("n")
                .arg(1)
                .query_async(&mut connection)
                .await
                .unwrap();
            is_ready("m1").await;
            pair.fail_over_from(0).await;
            for is_atomic in [false, true] {
                let mut pipeline = redis::pipe();
                if is_atomic {
                    pipeline.atomic();
                }
                pipeline.cmd("INCR").arg("n").cmd("GET").arg("n");
                let mut fresh = logs.connection().await.unwrap();
                let counts: RedisResult<(u64, u64)> = pipeline.query_async(&mut fresh).await;
                let (count, read) = counts.unwrap();
                assert_eq!(count, read, "{is_atomic}");
                let scope = Scope::current().unwrap();
                let blocking = tokio::task::spawn_blocking(move || {
                    scope.run_blocking(|| {
                        let mut connection = logs.blocking_connection().unwrap();
                        pipeline.query::<(u64, u64)>(&mut connection)
                    })
                });
                let (count, read) = blocking.await.unwrap().unwrap();
                assert_eq!(count, read, "{is_atomic}, blocking");
            }
        })
        .await;
}

#[tokio::test]
async fn r15_without_a_candidate_a_refusal_is_told() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.settings()
        .scope(async {
            let mut connection = logs.connection().await.unwrap();
            pair.fail_over_from(0).await;
            let refused: RedisResult<u64> = redis::cmd("INCR")
                .arg("n")
                .query_async(&mut connection)
                .await;
            assert_eq!(refused.unwrap_err().code(), Some("READONLY"));
        })
        .await;
}

#[tokio::test]
async fn r15_what_is_refused_does_not_go_to_a_candidate_with_other_data() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    let other = Server::start();
    pair.settings()
        .scope(async {
            let mut connection = logs.connection().await.unwrap();
            let mut incr = redis::cmd("INCR");
            incr.arg("n");
            let _: u64 = incr.query_async(&mut connection).await.unwrap();
            let config: serde_json::Value = serde_json::from_str(&other.config()).unwrap();
            let candidate = json!({"id": "m1", "config": config, "on": []});
            pair.control(&json!({"prepare": {"logs": candidate}}));
            is_ready("m1").await;
            pair.fail_over_from(0).await;
            let refused: RedisResult<u64> = incr.query_async(&mut connection).await;
            assert_eq!(refused.unwrap_err().code(), Some("READONLY"));
            pair.config.command(&["SET", logs.key(), &other.config()]);
            is_in_force(logs, 2).await;
            // What the function has done before is not there.
            let refused: RedisResult<u64> = incr.query_async(&mut connection).await;
            assert_eq!(refused.unwrap_err().code(), Some("READONLY"));
            let keys = other.command(&["DBSIZE"]);
            assert_eq!(redis::from_redis_value::<u64>(keys).unwrap(), 0);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_a_candidate_that_was_started_again_takes_nothing() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    let [old, new] = &pair.servers;
    let run_id = |server: &Server| {
        let info = server.command(&["INFO", "server"]);
        let info = redis::from_redis_value::<String>(info).unwrap();
        let mut lines = info.lines();
        let line = lines.find_map(|line| line.strip_prefix("run_id:"));
        line.unwrap().to_owned()
    };
    pair.settings()
        .scope(async {
            let mut connection = logs.connection().await.unwrap();
            let mut incr = redis::cmd("INCR");
            incr.arg("n");
            let config: serde_json::Value = serde_json::from_str(&new.config()).unwrap();
            let candidate = json!({"id": "m1", "config": config, "run_id": run_id(new)});
            pair.control(&json!({"prepare": {"logs": candidate}}));
            is_ready("m1").await;
            // It has forgotten that it is a replica, and all data.
            new.restart();
            old.command(&["REPLICAOF", "127.0.0.1", "1"]);
            let scope = Scope::current().unwrap();
            let blocking = incr.clone();
            let blocking = tokio::task::spawn_blocking(move || {
                scope.run_blocking(|| {
                    let mut connection = logs.blocking_connection().unwrap();
                    blocking.query::<u64>(&mut connection).unwrap()
                })
            });
            let keys = || redis::from_redis_value::<u64>(new.command(&["DBSIZE"])).unwrap();
            let watched = async {
                until("both ask which run it is", async || {
                    let clients = new.command(&["CLIENT", "LIST"]);
                    let clients: String = redis::from_redis_value(clients).unwrap();
                    let asks = |line: &&str| line.contains("cmd=info") && line.contains(":logs:");
                    clients.lines().filter(asks).count() >= 2 || keys() > 0
                })
                .await;
                let found = keys();
                old.command(&["REPLICAOF", "NO", "ONE"]);
                found
            };
            let (count, found) = tokio::join!(incr.query_async::<u64>(&mut connection), watched);
            assert_eq!(found, 0);
            let mut counts = [count.unwrap(), blocking.await.unwrap()];
            counts.sort_unstable();
            assert_eq!((counts, keys()), ([1, 2], 0));
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_a_script_goes_to_the_candidate_if_its_first_write_was_refused() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.settings()
        .scope(async {
            let script = redis::Script::new("return redis.call('INCR', KEYS[1])");
            let words = "return redis.error_reply('READONLY so says the script')";
            let speaks = redis::Script::new(&format!("redis.call('INCR', KEYS[1]) {words}"));
            let mut connection = logs.connection().await.unwrap();
            let count: u64 = script.key("n").invoke_async(&mut connection).await.unwrap();
            assert_eq!(count, 1);
            pair.offer(logs, 1, "m1");
            is_ready("m1").await;
            // What a script says proves nothing.
            let said: RedisResult<u64> = speaks.key("n").invoke_async(&mut connection).await;
            assert_eq!(said.unwrap_err().code(), Some("READONLY"));
            pair.fail_over_from(0).await;
            let count: u64 = script.key("n").invoke_async(&mut connection).await.unwrap();
            assert_eq!(count, 3);
            let scope = Scope::current().unwrap();
            let blocking = tokio::task::spawn_blocking(move || {
                scope.run_blocking(|| {
                    let mut connection = logs.blocking_connection().unwrap();
                    script.key("n").invoke::<u64>(&mut connection)
                })
            });
            assert_eq!(blocking.await.unwrap().unwrap(), 4);
        })
        .await;
}

#[tokio::test]
async fn r15_what_is_refused_waits_no_longer_for_a_candidate_that_was_withdrawn() {
    let logs = declare("logs", HOUR);
    let pair = Pair::start(logs).await;
    pair.settings()
        .scope(async {
            let connection = logs.connection().await.unwrap();
            pair.offer(logs, 1, "m1");
            is_ready("m1").await;
            // Now neither of the servers takes writes.
            let port = pair.config.port().to_string();
            pair.servers[0].command(&["REPLICAOF", "127.0.0.1", &port]);
            let mut incr = redis::cmd("INCR");
            incr.arg("n");
            let written = |mut connection: Connection| {
                let incr = incr.clone();
                async move { incr.query_async::<u64>(&mut connection).await }
            };
            let task = tokio::spawn(Scope::wrap(written(connection)));
            let scope = Scope::current().unwrap();
            let written = incr.clone();
            let thread = tokio::task::spawn_blocking(move || {
                scope
                    .run_blocking(|| written.query::<u64>(&mut logs.blocking_connection().unwrap()))
            });
            let rejected = || {
                let stats = pair.servers[0].command(&["INFO", "commandstats"]);
                let stats: String = redis::from_redis_value(stats).unwrap();
                let mut lines = stats.lines();
                let incr = lines.find(|line| line.starts_with("cmdstat_incr:"));
                let rejected = incr.and_then(|line| line.split_once("rejected_calls="));
                let number = rejected.and_then(|(_, rest)| rest.split(',').next());
                number.map_or(0, |number| number.parse().unwrap())
            };
            until("both are sent again and again", async || rejected() > 20).await;
            assert!(!task.is_finished() && !thread.is_finished());
            pair.control(&json!({}));
            let withdrawn = Instant::now();
            for refused in [task.await.unwrap(), thread.await.unwrap()] {
                assert_eq!(refused.unwrap_err().code(), Some("READONLY"));
            }
            // Before the response timeout.
            assert!(withdrawn.elapsed() < SOON / 2, "{:?}", withdrawn.elapsed());
        })
        .await;
}
