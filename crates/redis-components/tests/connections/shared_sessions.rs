//! R9: nobody can change what others share.

use crate::common::{World, always_fresh, declare, name_of};
use redis::{RedisError, Value};
use redis_components::__private::{Acquire, AcquireDedicated};
use redis_components::{Connection, Error, ErrorKind};

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
    let logs = declare("logs", std::time::Duration::from_secs(1));
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
