//! What an operator says to the whole fleet, in the control key.

use std::time::Duration;

use redis_components::receipts::ReceiptState;
use redis_components::{ComponentConfig, Policy, get_config};
use redis_components_testing::Server;
use serde_json::{Value, json};

use crate::board::{digest, keys, receipts, said, says, settings};
use crate::common::{World, arrives, declare, until, whereabouts, with};
use crate::log::{lines, listen};

const WAIT: Duration = Duration::from_millis(20);

fn tell(world: &World, control: &Value) {
    let text = control.to_string();
    world.config.command(&["SET", "config:redis:@fleet", &text]);
}

fn parsed(config: &str) -> Value {
    serde_json::from_str(config).unwrap()
}

#[tokio::test]
async fn r14_with_a_salt_the_rotation_of_a_password_is_seen() {
    let world = World::start();
    let guarded = Server::start_with(&["--requirepass", "one"]);
    guarded.command(&["SET", "name", "guarded"]);
    guarded.command(&["ACL", "SETUSER", "default", ">two"]);
    let logs = declare("logs", WAIT);
    let [one, two] = ["one", "two"].map(|word| with(&guarded.config(), &json!({"password": word})));
    world.set(logs, &one);
    let app = "salted";
    settings(&world, app)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "guarded");
            let applies = async |config: &str, salt: &str| {
                let digest = digest(config, salt);
                says(&world.config, app, logs, ReceiptState::Ok, |said| {
                    said.applied() == Some(&*digest) && said.seen() == Some(&*digest)
                })
                .await
            };
            applies(&one, "").await;
            tell(&world, &json!({"salt": "pepper"}));
            applies(&one, "pepper").await;
            assert_ne!(digest(&one, "pepper"), digest(&two, "pepper"));
            world.set(logs, &two);
            let said = applies(&two, "pepper").await;
            assert_eq!(said.generation(), 2);
            tell(&world, &json!({}));
            applies(&two, "").await;
        })
        .await;
}

#[tokio::test]
async fn r14_the_fleet_is_told_how_often_to_write() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "timed";
    settings(&world, app)
        .scope(async {
            whereabouts(logs).await.unwrap();
            says(&world.config, app, logs, ReceiptState::Ok, |_| true).await;
            tell(&world, &json!({"receipts": {"every": 1, "ttl": 3}}));
            until("the process says so", async || {
                let receipt = receipts(&world.config, app).pop().unwrap();
                (receipt.process().every(), receipt.process().ttl()) == (1, 3)
            })
            .await;
            let key = keys(&world.config).pop().unwrap();
            let renewals = world.config.command_calls("expire");
            until("it is renewed", async || {
                let ttl = world.config.command(&["TTL", &key]);
                let ttl: i64 = redis::from_redis_value(ttl).unwrap();
                assert!((0..=3).contains(&ttl), "{ttl}");
                world.config.command_calls("expire") >= renewals + 5
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn r14_a_canary_runs_its_config_until_its_entry_is_gone() {
    let world = World::start();
    let (logs, stats) = (declare("logs", WAIT), declare("stats", WAIT));
    world.move_to(logs, &world.a);
    world.move_to(stats, &world.a);
    let canary = |percent: u8, config: &str| {
        let entry = json!({"config": parsed(config), "percent": percent, "salt": "1"});
        json!({"canary": {"logs": entry}})
    };
    tell(&world, &canary(100, &world.b.config()));
    let app = "canary";
    let [config, a, b] =
        [&world.config, &world.a, &world.b].map(|server| server.port()..=server.port());
    let policy = Policy::new()
        .allow_ports(config)
        .allow_ports(a)
        .allow_ports(b);
    settings(&world, app)
        .policy(policy)
        .scope(async {
            // No call runs with the other config first.
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            // What is read is what stands there.
            let own = ComponentConfig::from_json(&world.a.config()).unwrap();
            assert_eq!(get_config(logs).await.unwrap(), own);
            assert_eq!(whereabouts(stats).await.unwrap(), "a");
            let second = digest(&world.b.config(), "");
            says(&world.config, app, logs, ReceiptState::Ok, |said| {
                said.applied() == Some(&*second)
            })
            .await;
            tell(&world, &canary(0, &world.b.config()));
            arrives(logs, "a").await;
            tell(&world, &canary(100, &world.b.config()));
            arrives(logs, "b").await;

            // The policy holds for it too.
            let forbidden = Server::start();
            tell(&world, &canary(100, &forbidden.config()));
            until("it is refused", async || {
                assert_eq!(whereabouts(logs).await.unwrap(), "b");
                said(&world.config, app, "logs").unwrap().kind() == Some("forbidden_by_policy")
            })
            .await;
            // What is switched off stays so.
            world.set(logs, r#"{"disabled":true}"#);
            until("it is switched off", async || {
                whereabouts(logs).await.is_err()
            })
            .await;
            world.move_to(logs, &world.a);
            world.config.command(&["DEL", "config:redis:@fleet"]);
            until("it is back", async || {
                whereabouts(logs).await.is_ok_and(|name| name == "a")
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn r14_a_process_that_polls_is_told_too() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "told";
    settings(&world, app)
        .push(false)
        .reread_interval(Duration::from_millis(100))
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            tell(
                &world,
                &json!({"canary": {"logs": {"config": parsed(&world.b.config()), "percent": 100}}}),
            );
            arrives(logs, "b").await;
            // Nobody calls it now.
            tell(&world, &json!({"salt": "s"}));
            until("the digest is salted", async || {
                let said = said(&world.config, app, "logs");
                said.is_some_and(|said| said.seen() == Some(&*digest(&world.a.config(), "s")))
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn r14_what_is_not_understood_is_told_once_and_the_rest_holds() {
    listen();
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "garbled";
    settings(&world, app)
        .scope(async {
            whereabouts(logs).await.unwrap();
            says(&world.config, app, logs, ReceiptState::Ok, |_| true).await;
            let server = format!("127.0.0.1:{}", world.config.port());
            let told = || lines(&["control key is not understood", &server]);
            let garbled = json!({
                "salt": "s",
                "receipts": {"every": "often"},
                "canary": {"logs": {"config": {"hots": "cretZ"}, "percent": 100}},
            });
            for _ in 0..3 {
                tell(&world, &garbled);
            }
            let salted = digest(&world.a.config(), "s");
            says(&world.config, app, logs, ReceiptState::Ok, |said| {
                said.applied() == Some(&*salted)
            })
            .await;
            until("it is told", async || !told().is_empty()).await;
            tell(&world, &garbled);
            // What is no JSON at all leaves everything as it is.
            world
                .config
                .command(&["SET", "config:redis:@fleet", "garbage"]);
            until("it is told", async || told().len() > 1).await;
            let told = told();
            assert_eq!(told.len(), 2, "{told:?}");
            assert!(told[0].contains("receipts") && told[0].contains("canary.logs"));
            assert!(!told.concat().contains("cretZ"), "{told:?}");
            assert_eq!(
                said(&world.config, app, "logs").unwrap().applied(),
                Some(&*salted)
            );
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
        })
        .await;
}
