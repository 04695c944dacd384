//! How a process stands to the newest config.

use redis_components::receipts::{Mode, ReceiptState};
use redis_components::{Policy, shutdown};
use redis_components_testing::Server;
use serde_json::json;

use crate::board::{digest, receipts, said, says, settings};
use crate::common::{SOON, World, arrives, declare, until, whereabouts, with};

const WAIT: std::time::Duration = std::time::Duration::from_millis(20);

#[tokio::test]
async fn r14_a_process_says_what_it_runs_after_the_effect() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "effect";
    settings(&world, app)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let said = says(&world.config, app, logs, ReceiptState::Ok, |_| true).await;
            let first = digest(&world.a.config(), "");
            assert_eq!(
                (said.applied(), said.seen()),
                (Some(&*first), Some(&*first))
            );
            assert_eq!((said.generation(), said.old_connections()), (1, 0));
            assert_eq!(said.reason(), None);
            assert!(said.since().unwrap().elapsed().unwrap() < SOON);

            let kept = logs.connection().await.unwrap();
            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
            let second = digest(&world.b.config(), "");
            let moved = |said: &redis_components::receipts::ComponentReceipt| {
                said.applied() == Some(&*second) && said.old_connections() == 1
            };
            let said = says(&world.config, app, logs, ReceiptState::Ok, moved).await;
            assert_eq!(said.generation(), 2);
            drop(kept);
            // Nothing changes but the count.
            says(&world.config, app, logs, ReceiptState::Ok, |said| {
                said.old_connections() == 0
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn r14_the_receipt_names_the_process_and_expires() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "names";
    settings(&world, app)
        .scope(async {
            whereabouts(logs).await.unwrap();
            says(&world.config, app, logs, ReceiptState::Ok, |_| true).await;
            let receipt = receipts(&world.config, app).pop().unwrap();
            let process = receipt.process();
            assert_eq!((process.version(), process.pid()), (1, std::process::id()));
            assert_eq!((process.every(), process.ttl()), (10, 35));
            assert_eq!(process.language(), "rust");
            assert_eq!(process.runtime(), env!("CARGO_PKG_VERSION"));
            assert_eq!(process.key_prefix(), "config:redis:");
            assert_eq!(process.mode(), Mode::Push);
            assert!(process.started().unwrap().elapsed().unwrap() < SOON);
            let ttl = world.config.command(&["TTL", &process.key()]);
            let ttl: i64 = redis::from_redis_value(ttl).unwrap();
            assert!((1..=35).contains(&ttl), "{ttl}");
        })
        .await;
}

#[tokio::test]
async fn r14_what_the_policy_or_the_parser_refuses_is_refused_with_its_kind() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "refused";
    let [config, a] = [&world.config, &world.a].map(|server| server.port()..=server.port());
    settings(&world, app)
        .policy(Policy::new().allow_ports(config).allow_ports(a))
        .scope(async {
            whereabouts(logs).await.unwrap();
            let first = digest(&world.a.config(), "");
            world.move_to(logs, &world.b);
            let seen = digest(&world.b.config(), "");
            until("the move is refused", async || {
                whereabouts(logs).await.unwrap();
                said(&world.config, app, "logs")
                    .is_some_and(|said| said.state() == ReceiptState::Refused)
            })
            .await;
            let said = says(&world.config, app, logs, ReceiptState::Refused, |_| true).await;
            assert_eq!((said.applied(), said.seen()), (Some(&*first), Some(&*seen)));
            assert_eq!(said.kind(), Some("forbidden_by_policy"));

            world.set(logs, r#"{"hots":"secret"}"#);
            let said = says(&world.config, app, logs, ReceiptState::Refused, |said| {
                said.kind() == Some("config_invalid")
            })
            .await;
            assert_eq!((said.applied(), said.seen()), (Some(&*first), None));
            assert!(!said.to_string().contains("secret"), "{said}");

            world.move_to(logs, &world.a);
            says(&world.config, app, logs, ReceiptState::Ok, |_| true).await;
        })
        .await;
}

#[tokio::test]
async fn r14_a_wrong_password_and_a_silent_server_are_told_apart() {
    let world = World::start();
    let guarded = Server::start_with(&["--requirepass", "right"]);
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "apart";
    settings(&world, app)
        .scope(async {
            whereabouts(logs).await.unwrap();
            let first = digest(&world.a.config(), "");
            world.set(
                logs,
                &with(&guarded.config(), &json!({"password": "wrong"})),
            );
            let said = until_told(&world, app, logs, "server_refused").await;
            assert_eq!(said.state(), ReceiptState::Refused);
            assert_eq!(said.applied(), Some(&*first));

            let silent = Server::start();
            let config = silent.config();
            silent.stop();
            world.set(logs, &config);
            let said = until_told(&world, app, logs, "server_unreachable").await;
            assert_eq!(said.state(), ReceiptState::Unreachable);
            assert_eq!(said.applied(), Some(&*first));
            assert_eq!(said.seen(), Some(&*digest(&config, "")));

            world.set(logs, r#"{"disabled":true}"#);
            let said = says(&world.config, app, logs, ReceiptState::Disabled, |_| true).await;
            assert_eq!(said.applied(), None);
            assert_eq!(said.reason(), None);
        })
        .await;
}

/// Calls the component until its receipt has a reason of this kind.
async fn until_told(
    world: &World,
    app: &str,
    component: &redis_components::Component,
    kind: &str,
) -> redis_components::receipts::ComponentReceipt {
    let mut found = None;
    until(kind, async || {
        whereabouts(component).await.unwrap();
        found = said(&world.config, app, component.name());
        found.as_ref().is_some_and(|said| said.kind() == Some(kind))
    })
    .await;
    found.unwrap()
}

#[tokio::test]
async fn r14_only_components_in_use_are_reported_and_idle_ones_follow() {
    let world = World::start();
    let (logs, stats) = (declare("logs", WAIT), declare("stats", WAIT));
    world.move_to(logs, &world.a);
    world.move_to(stats, &world.a);
    let app = "idle";
    settings(&world, app)
        .scope(async {
            whereabouts(logs).await.unwrap();
            says(&world.config, app, logs, ReceiptState::Ok, |_| true).await;
            assert!(said(&world.config, app, "stats").is_none());
            whereabouts(stats).await.unwrap();
            says(&world.config, app, stats, ReceiptState::Ok, |_| true).await;
            // Nobody calls it from now on.
            world.move_to(logs, &world.b);
            let second = digest(&world.b.config(), "");
            says(&world.config, app, logs, ReceiptState::Ok, |said| {
                said.applied() == Some(&*second)
            })
            .await;
            assert_eq!(shutdown(SOON).await.unwrap(), 0);
        })
        .await;
}

#[tokio::test]
async fn r14_a_process_that_polls_says_so_and_is_seen_too() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "polls";
    settings(&world, app)
        .push(false)
        .scope(async {
            whereabouts(logs).await.unwrap();
            says(&world.config, app, logs, ReceiptState::Ok, |_| true).await;
            let receipt = receipts(&world.config, app).pop().unwrap();
            assert_eq!(receipt.process().mode(), Mode::Poll);
            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
            let second = digest(&world.b.config(), "");
            says(&world.config, app, logs, ReceiptState::Ok, |said| {
                said.applied() == Some(&*second)
            })
            .await;
            // The connection ends while no call comes.
            let before = receipts(&world.config, app).pop().unwrap();
            world.config.restart();
            until("it is written again", async || {
                let after = receipts(&world.config, app).pop();
                after.is_some_and(|after| after.process() == before.process())
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn r14_a_component_that_is_switched_on_is_followed_without_a_call() {
    let world = World::start();
    let (logs, late) = (declare("logs", WAIT), declare("late", WAIT));
    world.move_to(logs, &world.a);
    let app = "switched";
    settings(&world, app)
        .scope(async {
            whereabouts(logs).await.unwrap();
            whereabouts(late).await.unwrap_err();
            for disabled in [
                json!({"disabled": true}),
                json!({"disabled": true, "host": "h"}),
            ] {
                world.set(logs, &disabled.to_string());
                says(&world.config, app, logs, ReceiptState::Disabled, |_| true).await;
                world.move_to(logs, &world.b);
                let applied = digest(&world.b.config(), "");
                let follows = |said: &redis_components::receipts::ComponentReceipt| {
                    said.applied() == Some(&*applied)
                };
                says(&world.config, app, logs, ReceiptState::Ok, follows).await;
            }
            // Its first config comes after its first call.
            world.move_to(late, &world.b);
            says(&world.config, app, late, ReceiptState::Ok, |_| true).await;
            assert_eq!(whereabouts(late).await.unwrap(), "b");
        })
        .await;
}
