//! Blocking connections: bounded in number, exclusive, and as clean as the first one for everybody.

use std::sync::Barrier;
use std::thread;

use redis::{Commands, RedisResult};
use redis_components::{ErrorKind, Scope};
use tokio::runtime::Runtime;

use crate::common::clients::{client_list, clients};
use crate::common::{World, always_fresh, config_with, until_blocking, whereabouts_blocking};

#[test]
fn r9_a_transaction_has_the_connection_for_itself() {
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
fn r4_a_command_that_is_refused_inside_a_transaction_aborts_it() {
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
fn r9_what_a_call_leaves_behind_is_not_found_by_the_next() {
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
fn r6_a_thread_is_given_the_connection_that_it_used_last() {
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

        for (command, count) in [("strlen", 0), ("exists", 1), ("llen", 1)] {
            let found = clients(&world.a, &format!(" cmd={command} "));
            assert_eq!(found, count, "{command} in {:?}", client_list(&world.a));
        }
    });
}

#[test]
fn r9_a_connection_that_was_closed_is_not_current() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let runtime = Runtime::new().unwrap();
        let shared = runtime.block_on(Scope::wrap(logs.connection())).unwrap();
        let mut kept = logs.blocking_connection().unwrap();
        assert!(shared.is_current() && kept.is_current());
        world.a.stop();
        assert!(kept.get::<_, Option<String>>("name").is_err());
        until_blocking("the shared connection ends", || !shared.is_current());
        assert!(!kept.is_current());
        assert_eq!(kept.generation(), shared.generation());
    });
}

#[test]
fn r10_a_blocking_pool_is_bounded_and_says_so() {
    let world = World::start();
    let logs = always_fresh("logs");
    // A call waits for a place as long as connecting may take.
    let fields = r#""max_connections":2,"socket_connect_timeout":1"#;
    world.set(logs, &config_with(world.a.port(), fields));
    world.settings().scope_blocking(|| {
        let held = [
            logs.blocking_connection().unwrap(),
            logs.blocking_connection().unwrap(),
        ];
        let error = logs.blocking_connection().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PoolExhausted);
        assert!(error.to_string().contains("max_connections"), "{error}");
        drop(held);
        for _ in 0..10 {
            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
        }
        assert_eq!(world.a.connected_clients(), 2);
    });
}
