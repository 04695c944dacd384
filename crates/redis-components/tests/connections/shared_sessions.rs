//! R9: nobody can change what others share.

use std::time::Duration;

use crate::common::{World, always_fresh, declare, name_of, name_of_blocking};
use redis::{ConnectionLike, RedisError, Value};
use redis_components::__private::{Acquire, AcquireBlocking, AcquireDedicated};
use redis_components::{Connection, Error, ErrorKind, blocking};

fn words(line: &str) -> redis::Cmd {
    let mut command = redis::Cmd::new();
    for word in line.split(' ') {
        command.arg(word);
    }
    command
}

fn assert_refused(error: &RedisError, command: &str) {
    let ours = Error::of(error).unwrap_or_else(|| panic!("{command}: {error}"));
    assert_eq!(ours.kind(), ErrorKind::NeedsDedicated, "{command}");
    let text = error.to_string();
    assert!(
        text.contains(command) && text.contains("connection = \"dedicated\""),
        "{text}"
    );
}

#[tokio::test]
async fn r9_a_command_that_would_harm_others_is_refused_before_it_is_sent() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut others = logs.connection().await.unwrap();
            assert_eq!(name_of(&mut others).await.unwrap(), "a");
            for line in [
                "SELECT 3",
                "AUTH low p",
                "RESET",
                "QUIT",
                "MULTI",
                "WATCH a",
                "SUBSCRIBE a",
                "UNSUBSCRIBE a b",
                "MONITOR",
                "CLIENT REPLY OFF",
                "CLIENT TRACKING ON",
                "BLPOP q 5",
                "XREAD BLOCK 100 STREAMS s $",
            ] {
                let command = words(line);
                let mut connection = <Connection as Acquire>::acquire(logs, "work")
                    .await
                    .unwrap();
                let error = command
                    .query_async::<Value>(&mut connection)
                    .await
                    .unwrap_err();
                assert_refused(&error, line.split(' ').next().unwrap());
                assert!(error.to_string().contains("the function `work`"), "{error}");

                let mut pipeline = redis::pipe();
                pipeline
                    .add_command(redis::cmd("PING"))
                    .add_command(command);
                let error = pipeline
                    .query_async::<Value>(&mut connection)
                    .await
                    .unwrap_err();
                assert_refused(&error, line.split(' ').next().unwrap());
                assert_eq!(name_of(&mut others).await.unwrap(), "a", "after {line}");
            }
        })
        .await;
}

#[test]
fn r10_a_blocking_command_that_may_wait_too_long_is_refused_before_it_is_sent() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.a.command(&["RPUSH", "q", "kept"]);
    let settings = world.settings().response_timeout(Duration::from_secs(5));
    settings.scope_blocking(|| {
        let acquired = <blocking::Connection as AcquireBlocking>::acquire(logs, "work");
        let mut connection = acquired.unwrap();
        for line in [
            "BLPOP q 0",
            "BLPOP q 5",
            "BLMOVE q b LEFT RIGHT 60",
            "XREAD BLOCK 5000 STREAMS s $",
        ] {
            let command = words(line);
            let name = line.split(' ').next().unwrap();
            let mut pipeline = redis::pipe();
            pipeline
                .add_command(redis::cmd("PING"))
                .add_command(command.clone());
            let packed = command.get_packed_command();
            let errors = [
                command.query::<Value>(&mut connection).unwrap_err(),
                pipeline.query::<Value>(&mut connection).unwrap_err(),
                connection.req_packed_command(&packed).unwrap_err(),
            ];
            for error in errors {
                assert_refused(&error, name);
                assert!(error.to_string().contains("the function `work`"), "{error}");
            }
            assert_eq!(name_of_blocking(&mut connection).unwrap(), "a");
        }
        assert_eq!(world.a.command(&["LLEN", "q"]), Value::Int(1));
        assert_eq!(world.a.connections_received(), 1);

        // What waits for less is sent, and nothing waits in a transaction.
        let popped: Option<(String, String)> =
            words("BLPOP none 0.01").query(&mut connection).unwrap();
        assert_eq!(popped, None);
        let (popped,): (Option<(String, String)>,) = redis::pipe()
            .atomic()
            .add_command(words("BLPOP none 0"))
            .query(&mut connection)
            .unwrap();
        assert_eq!(popped, None);
    });
}

#[tokio::test]
async fn r9_what_leaves_nothing_behind_is_sent() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut connection = logs.connection().await.unwrap();
            let id: u64 = words("CLIENT ID")
                .query_async(&mut connection)
                .await
                .unwrap();
            assert!(id > 0);
            let (set, popped): (String, Option<(String, String)>) = redis::pipe()
                .atomic()
                .cmd("SET")
                .arg("a")
                .arg(1)
                .add_command(words("BLPOP none 1"))
                .query_async(&mut connection)
                .await
                .unwrap();
            assert_eq!((set.as_str(), popped), ("OK", None));
        })
        .await;
}

#[tokio::test]
async fn r9_a_dedicated_connection_takes_them_all() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut own = <Connection as AcquireDedicated>::acquire(logs, "work")
                .await
                .unwrap();
            for line in ["SELECT 3", "WATCH a", "UNWATCH", "CLIENT SETNAME x"] {
                let answer: String = words(line).query_async(&mut *own).await.unwrap();
                assert_eq!(answer, "OK", "{line}");
            }
            let popped: Option<(String, String)> = words("BLPOP none 0.01")
                .query_async(&mut *own)
                .await
                .unwrap();
            assert_eq!(popped, None);
        })
        .await;
}
