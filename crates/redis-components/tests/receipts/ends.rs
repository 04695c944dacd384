//! How a receipt ends.

use std::time::{Duration, Instant};

use redis_components::receipts::ReceiptState;
use redis_components::shutdown;

use crate::board::{keys, members, says, settings};
use crate::common::{SOON, World, declare, until, whereabouts, whereabouts_blocking};

const WAIT: Duration = Duration::from_millis(20);

#[tokio::test]
async fn r14_shutdown_removes_the_receipt_before_it_returns() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "ends";
    settings(&world, app)
        .scope(async {
            whereabouts(logs).await.unwrap();
            says(&world.config, app, logs, ReceiptState::Ok, |_| true).await;
            assert_eq!(members(&world.config).len(), 1);
            shutdown(SOON).await.unwrap();
            assert_eq!(members(&world.config), [""; 0]);
            assert_eq!(keys(&world.config), [""; 0]);
        })
        .await;
}

#[test]
fn r14_shutdown_removes_the_receipt_for_blocking_callers_too() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    settings(&world, "ends-blocking").scope_blocking(|| {
        whereabouts_blocking(logs).unwrap();
        crate::common::until_blocking("it is written", || !keys(&world.config).is_empty());
        redis_components::blocking::shutdown(SOON).unwrap();
        assert_eq!(members(&world.config), [""; 0]);
        assert_eq!(keys(&world.config), [""; 0]);
    });
}

#[tokio::test]
async fn r14_the_end_of_a_scope_removes_its_receipt_too() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "scope";
    settings(&world, app)
        .scope(async {
            whereabouts(logs).await.unwrap();
            says(&world.config, app, logs, ReceiptState::Ok, |_| true).await;
        })
        .await;
    until("it is gone", async || keys(&world.config).is_empty()).await;
    assert_eq!(members(&world.config), [""; 0]);
}

#[tokio::test]
async fn r10_a_frozen_config_server_holds_no_shutdown_up() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "frozen";
    settings(&world, app)
        .scope(async {
            whereabouts(logs).await.unwrap();
            says(&world.config, app, logs, ReceiptState::Ok, |_| true).await;
            world.config.freeze();
            let begun = Instant::now();
            shutdown(SOON).await.unwrap();
            let took = begun.elapsed();
            world.config.thaw();
            assert!(took < Duration::from_secs(10), "{took:?}");
        })
        .await;
}

#[tokio::test]
async fn r14_two_runtimes_share_a_receipt_and_two_settings_do_not() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "two";
    settings(&world, app)
        .scope(async {
            whereabouts(logs).await.unwrap();
            let scope = redis_components::Scope::current().unwrap();
            let other = std::thread::spawn(move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(scope.run(async { whereabouts(logs).await.unwrap() }))
            });
            assert_eq!(other.join().unwrap(), "a");
            says(&world.config, app, logs, ReceiptState::Ok, |_| true).await;
            assert_eq!(keys(&world.config).len(), 1);
            settings(&world, app)
                .scope(async {
                    whereabouts(logs).await.unwrap();
                    until("both report", async || keys(&world.config).len() == 2).await;
                    shutdown(SOON).await.unwrap();
                })
                .await;
            assert_eq!(keys(&world.config).len(), 1);
            assert_eq!(members(&world.config).len(), 1);
        })
        .await;
}
