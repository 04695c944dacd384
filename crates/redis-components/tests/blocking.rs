//! Blocking connections: bounded as a whole, exclusive, and as clean as the first one for everybody.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use common::traffic::figure;
use common::{SOON, World, always_fresh, whereabouts_blocking};
use redis::{Commands, RedisResult};
use redis_components::{Scope, Settings};

#[test]
fn a_transaction_has_the_connection_for_itself() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let mut connection = logs.blocking_connection().unwrap();
        let (sum,): (u64,) = redis::transaction(&mut connection, &["sum"], |connection, pipe| {
            let sum: u64 = connection.get::<_, Option<u64>>("sum")?.unwrap_or(0);
            pipe.incr("sum", sum + 2).query(connection)
        })
        .unwrap();
        assert_eq!(sum, 2);
        drop(connection);
        whereabouts_blocking(logs).unwrap();
        assert_eq!(
            world.a.connections_received(),
            1,
            "a clean connection is used again"
        );

        // Another's write in between: the transaction is made again.
        let mut attempts = 0;
        let mut connection = logs.blocking_connection().unwrap();
        let (sum,): (u64,) = redis::transaction(&mut connection, &["sum"], |connection, pipe| {
            attempts += 1;
            if attempts == 1 {
                world.a.command(&["SET", "sum", "40"]);
            }
            pipe.incr("sum", 2).query(connection)
        })
        .unwrap();
        assert_eq!((sum, attempts), (42, 2));
    });
}

#[test]
fn a_command_that_is_refused_inside_a_transaction_aborts_it() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let mut connection = logs.blocking_connection().unwrap();
        let result: RedisResult<()> = redis::pipe()
            .atomic()
            .cmd("SET")
            .arg("a")
            .arg(1)
            .cmd("NOSUCH")
            .arg("a")
            .query(&mut connection);
        let error = result.unwrap_err();
        assert_eq!(error.code(), Some("EXECABORT"), "{error}");
        assert!(error.to_string().contains("NOSUCH"), "{error}");
        assert_eq!(connection.get::<_, Option<u64>>("a").unwrap(), None);
    });
}

#[test]
fn what_a_call_leaves_behind_is_not_found_by_the_next() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        for left in [
            &["SELECT", "1"][..],
            &["WATCH", "x"],
            &["MULTI"],
            &["CLIENT", "REPLY", "ON"],
        ] {
            let mut connection = logs.blocking_connection().unwrap();
            let mut command = redis::Cmd::new();
            for word in left {
                command.arg(*word);
            }
            command.exec(&mut connection).unwrap();
            drop(connection);
            // It would not be "a" in database 1, nor while commands are queued.
            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
        }
        assert_eq!(world.a.connections_received(), 5);
    });
}

#[test]
fn a_thread_is_given_the_connection_that_it_used_last() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        // What a connection was used for last, the server tells of each.
        let use_for = |command: &str| {
            let mut connection = logs.blocking_connection().unwrap();
            let asked = redis::cmd(command).arg("a").exec(&mut connection);
            asked.unwrap();
            connection
        };
        let mine = use_for("STRLEN");
        let scope = Scope::current().unwrap();
        let both_are_taken = Barrier::new(2);
        let mine_is_back = Barrier::new(2);
        thread::scope(|threads| {
            threads.spawn(|| {
                let theirs = scope.run_blocking(|| use_for("EXISTS"));
                both_are_taken.wait();
                mine_is_back.wait();
                drop(theirs);
            });
            both_are_taken.wait();
            drop(mine);
            mine_is_back.wait();
        });
        drop(use_for("LLEN"));

        let connections: String =
            redis::from_redis_value(world.a.command(&["CLIENT", "LIST"])).unwrap();
        for (command, count) in [("strlen", 0), ("exists", 1), ("llen", 1)] {
            let found = connections.matches(&format!(" cmd={command} ")).count();
            assert_eq!(found, count, "{command} in {connections}");
        }
    });
}

#[test]
fn r10_a_server_that_answers_byte_by_byte_holds_a_call_for_no_longer_than_the_response_timeout() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(b"+PONG\r\n");
                let _ = stream.read(&mut [0; 1024]);
                while stream.write_all(b"+").is_ok() {
                    thread::sleep(Duration::from_millis(10));
                }
            });
        }
    });
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
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(b"+PONG\r\n");
                // So much that each write makes progress, and so little that all of them take a minute and more.
                while stream.read(&mut [0; 64 * 1024]).is_ok_and(|read| read > 0) {
                    thread::sleep(Duration::from_millis(100));
                }
            });
        }
    });
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
