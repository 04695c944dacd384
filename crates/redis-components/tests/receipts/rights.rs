//! The rights that receipts need: docs/security.md has them.

use std::time::Duration;

use redis::Value;
use redis_components::receipts::ReceiptState;
use redis_components::{Settings, shutdown};
use redis_components_testing::Server;

use crate::board::{keys, members, says};
use crate::common::{SOON, World, arrives, declare, patient, until, whereabouts};
use crate::log::{lines, listen};

const PAGE: &str = include_str!("../../../../docs/security.md");
const WAIT: Duration = Duration::from_millis(20);

/// Runs the command of the page that makes this user.
fn make(server: &Server, user: &str) {
    let begins = format!("ACL SETUSER {user} ");
    let line = PAGE.lines().find(|line| line.starts_with(&begins)).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(server.command(&words), Value::Okay, "{line}");
}

fn settings_of(world: &World, user: &str) -> Settings {
    let port = world.config.port();
    let url = format!("redis://{user}:PASSWORD@127.0.0.1:{port}");
    patient(Settings::new(url)).application(user)
}

/// Returns what the server has refused.
fn refusals(server: &Server) -> usize {
    match server.command(&["ACL", "LOG"]) {
        Value::Array(entries) => entries.len(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn r14_a_reader_with_receipts_needs_the_rights_of_the_page_and_no_others() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let user = "config-reader-with-receipts";
    make(&world.config, user);
    settings_of(&world, user)
        .scope(async {
            whereabouts(logs).await.unwrap();
            says(&world.config, user, logs, ReceiptState::Ok, |_| true).await;
            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
            says(&world.config, user, logs, ReceiptState::Ok, |said| {
                said.generation() == 2
            })
            .await;
            let key = keys(&world.config).pop().unwrap();
            let mut reader = world.config.connection();
            let mut may = |words: &[&str]| {
                let mut command = redis::cmd(words[0]);
                command.arg(&words[1..]).query::<Value>(&mut reader).is_ok()
            };
            assert_eq!(refusals(&world.config), 0);
            assert!(may(&["AUTH", user, "PASSWORD"]));
            for refused in [
                &["HGETALL", &*key][..],
                &["GETRANGE", &*key, "0", "-1"],
                &["ZRANGE", "redis-components:fleet", "0", "-1"],
                &["HSET", "config:redis:logs", "a", "b"],
                &["DEL", "config:redis:logs"],
                &["EXPIRE", "config:redis:logs", "1"],
                &["SET", "config:redis:logs", "{}"],
                &["DEL", "other"],
            ] {
                assert!(!may(refused), "{refused:?}");
            }
            shutdown(SOON).await.unwrap();
            assert_eq!(members(&world.config), [""; 0]);
        })
        .await;
}

#[tokio::test]
async fn r14_a_process_without_the_rights_says_so_once_and_follows_as_ever() {
    listen();
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    make(&world.config, "config-reader");
    settings_of(&world, "config-reader")
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let server = format!("127.0.0.1:{}", world.config.port());
            let told = || lines(&["receipts are switched off", &server]).len();
            until("it is told", async || told() == 1).await;
            let refused = refusals(&world.config);
            for (server, name) in [(&world.b, "b"), (&world.a, "a")].repeat(5) {
                world.move_to(logs, server);
                arrives(logs, name).await;
            }
            assert_eq!(told(), 1);
            assert_eq!(refusals(&world.config), refused);
            assert_eq!(keys(&world.config), [""; 0]);
            shutdown(SOON).await.unwrap();
        })
        .await;
}

#[tokio::test]
async fn r14_receipts_that_are_switched_off_in_the_settings_are_not_tried() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    make(&world.config, "config-reader");
    settings_of(&world, "config-reader")
        .receipts(false)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
            shutdown(SOON).await.unwrap();
        })
        .await;
    assert_eq!(refusals(&world.config), 0);
    assert_eq!(world.config.command_calls("hset"), 0);
}
