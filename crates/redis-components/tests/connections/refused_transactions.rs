//! Transactions of users who lack the right to MULTI or EXEC.

use redis::{Pipeline, RedisError, RedisResult};
use redis_components::__private::{AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::Connection;
use redis_components::blocking;
use redis_components_testing::Server;
use serde_json::json;

use crate::common::{World, always_fresh};

fn counting() -> Pipeline {
    let mut pipeline = redis::pipe();
    pipeline.atomic().incr("count", 1).incr("count", 1);
    pipeline
}

/// Forbids a command to the user of the config, and returns the config.
fn forbid(server: &Server, command: &str) -> String {
    let forbidden = format!("-{command}");
    let user = ["on", ">pw", "~*", "&*", "+@all", &forbidden];
    server.command(&[&["ACL", "SETUSER", "app", "reset"], &user[..]].concat());
    let port = server.port();
    json!({"host": "127.0.0.1", "port": port, "username": "app", "password": "pw"}).to_string()
}

/// Returns how often the commands were executed.
fn counted(server: &Server) -> u64 {
    let before: Option<u64> =
        redis::from_redis_value(server.command(&["GETDEL", "count"])).unwrap();
    before.unwrap_or(0)
}

fn tells(server: &Server, error: &RedisError, command: &str) {
    assert_eq!(
        error.code(),
        Some(if command == "multi" {
            "NOPERM"
        } else {
            "EXECABORT"
        }),
        "{error}"
    );
    let text = error.to_string();
    assert!(text.contains(&format!("'{command}' command")), "{text}");
    let is_told = text.contains("executed command by command");
    assert_eq!(is_told, command == "multi", "{text}");
    let executed = counted(server);
    assert_eq!(executed, if is_told { 2 } else { 0 }, "once, or not at all");
}

#[tokio::test]
async fn r4_a_transaction_that_cannot_begin_or_end_is_an_error_that_says_what_was_executed() {
    let world = World::start();
    for command in ["multi", "exec"] {
        let logs = always_fresh(if command == "multi" { "logs" } else { "locks" });
        world.set(logs, &forbid(&world.a, command));
        world
            .settings()
            .scope(async {
                let mut shared = logs.connection().await.unwrap();
                let result: RedisResult<(u64, u64)> = counting().query_async(&mut shared).await;
                tells(&world.a, &result.unwrap_err(), command);
                let dedicated = <Connection as AcquireDedicated>::acquire(logs, "count");
                let staying = <Connection as AcquireDedicated>::acquire_staying(logs, "count");
                let (mut dedicated, mut staying) =
                    (dedicated.await.unwrap(), staying.await.unwrap());
                let mut clone = Connection::clone(&dedicated);
                for connection in [&mut *dedicated, &mut *staying, &mut clone] {
                    let result: RedisResult<(u64, u64)> = counting().query_async(connection).await;
                    tells(&world.a, &result.unwrap_err(), command);
                }
                // Nobody is left in a transaction.
                let count: u64 = redis::cmd("INCR")
                    .arg("count")
                    .query_async(&mut shared)
                    .await
                    .unwrap();
                assert_eq!(count, 1);
                counted(&world.a);
            })
            .await;
    }
}

#[test]
fn r4_a_blocking_transaction_that_cannot_begin_or_end_is_an_error_too() {
    let world = World::start();
    for command in ["multi", "exec"] {
        let logs = always_fresh(if command == "multi" { "logs" } else { "locks" });
        world.set(logs, &forbid(&world.a, command));
        world.settings().scope_blocking(|| {
            let mut pooled = logs.blocking_connection().unwrap();
            let result: RedisResult<(u64, u64)> = counting().query(&mut pooled);
            tells(&world.a, &result.unwrap_err(), command);
            let mut dedicated =
                <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "count").unwrap();
            let result: RedisResult<(u64, u64)> = counting().query(&mut dedicated);
            tells(&world.a, &result.unwrap_err(), command);
        });
    }
}
