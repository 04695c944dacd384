//! A server that answers, but slowly.

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use redis::{Commands, RedisResult};
use redis_components::Settings;

use crate::common::impostors::friendly_at_first;
use crate::common::traffic::figure;
use crate::common::{SOON, World, always_fresh, name_of};

#[test]
fn r10_a_server_that_answers_byte_by_byte_holds_a_call_for_no_longer_than_the_response_timeout() {
    let port = friendly_at_first(|mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        while stream.write_all(b"+").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    });
    let url = format!("redis://127.0.0.1:{port}");
    let logs = always_fresh("logs");
    Settings::fixed([("logs", url)]).scope_blocking(|| {
        let mut connection = logs.blocking_connection().unwrap();
        let begun = Instant::now();
        let result: RedisResult<String> = connection.get("name");
        assert!(result.unwrap_err().is_timeout());
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    });
}

#[test]
fn r10_a_server_that_takes_a_big_value_slowly_holds_a_call_for_no_longer_than_the_response_timeout()
{
    let port = friendly_at_first(|mut stream| {
        // So much that each write makes progress, and so little that all of them take a minute and
        // more.
        while stream.read(&mut [0; 64 * 1024]).is_ok_and(|read| read > 0) {
            thread::sleep(Duration::from_millis(100));
        }
    });
    let url = format!("redis://127.0.0.1:{port}");
    let logs = always_fresh("logs");
    Settings::fixed([("logs", url)]).scope_blocking(|| {
        let mut connection = logs.blocking_connection().unwrap();
        let value = vec![b'x'; 64 * 1024 * 1024];
        let begun = Instant::now();
        let result: RedisResult<()> = connection.set("name", value);
        assert!(result.unwrap_err().is_timeout());
        figure("big value, taken slowly: the call took", [begun.elapsed()]);
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    });
}

/// The replies have come in time, to a thread that did not run in time.
#[test]
fn r10_calls_of_a_runtime_that_stood_still_get_the_replies_that_came_meanwhile() {
    let world = World::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let url = format!("redis://127.0.0.1:{}", world.a.port());
    let logs = always_fresh("logs");
    let calls = Settings::fixed([("logs", url)]).scope(async {
        let mut connection = logs.connection().await.unwrap();
        assert_eq!(name_of(&mut connection).await.unwrap(), "a");
        for tasks in [10, 64] {
            // All calls are sent before the server answers.
            world.a.command(&["CLIENT", "PAUSE", "150", "ALL"]);
            let calls: Vec<_> = (0..tasks)
                .map(|_| {
                    let mut connection = connection.clone();
                    tokio::spawn(async move { name_of(&mut connection).await })
                })
                .collect();
            tokio::time::sleep(Duration::from_millis(50)).await;
            thread::sleep(Duration::from_millis(700));
            for call in calls {
                assert_eq!(call.await.unwrap().unwrap(), "a", "{tasks} tasks");
            }
        }
    });
    runtime.block_on(calls);
}
