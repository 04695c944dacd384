//! R12: an end in good order.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::time::Duration;

use common::{
    HOUR, SOON, World, always_fresh, declare, name_of, patient, until, until_blocking, whereabouts,
    whereabouts_blocking,
};
use redis_components::{ErrorKind, Scope, Settings, blocking, shutdown};
use tokio::runtime::Builder;

#[tokio::test]
async fn r12_shutting_down_waits_for_calls_and_leaves_nothing_behind() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut kept = logs.connection().await.unwrap();
            whereabouts_blocking(logs).unwrap();
            assert_eq!(shutdown(Duration::from_millis(20)).await.unwrap(), 1);
            let errors = [
                logs.connection().await.unwrap_err(),
                logs.blocking_connection().unwrap_err(),
                always_fresh("other").connection().await.unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::ShutDown);
            }
            // A call in flight goes on.
            assert_eq!(name_of(&mut kept).await.unwrap(), "a");
            drop(kept);
            assert_eq!(shutdown(SOON).await.unwrap(), 0);
            assert_eq!(blocking::shutdown(Duration::ZERO).unwrap(), 0);
            until("all is closed", async || {
                world.a.connected_clients() == 0 && world.config.connected_clients() == 0
            })
            .await;
        })
        .await;
}

#[test]
fn r12_shutting_down_closes_the_connections_of_runtimes_that_are_not_run() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    for settings in [
        world.settings(),
        patient(Settings::fixed([("logs", world.a.url())])),
    ] {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        settings.scope_blocking(|| {
            let scope = Scope::current().unwrap();
            let name = runtime.block_on(scope.run(whereabouts(logs))).unwrap();
            assert_eq!(name, "a");
            assert_eq!(world.a.connected_clients(), 1);
            assert_eq!(blocking::shutdown(SOON).unwrap(), 0);
            until_blocking("a is empty", || world.a.connected_clients() == 0);
        });
        drop(runtime);
    }
}
