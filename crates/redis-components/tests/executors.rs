//! R12: any tokio runtime, several of them, or none.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::thread;

use common::{HOUR, SOON, World, always_fresh, declare, until, whereabouts, whereabouts_blocking};
use redis_components::{ErrorKind, Scope, Settings};
use tokio::runtime::{Builder, Runtime};

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn r12_runtimes_one_after_the_other() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let scope = Scope::current().unwrap();
        for make in [current_thread, multi_thread, current_thread, current_thread] {
            let runtime = make();
            let found = runtime.block_on(scope.clone().run(whereabouts(logs)));
            assert_eq!(found.unwrap(), "a");
        }
        assert_eq!(world.a.connections_received(), 4);
    });
    current_thread().block_on(until("their sockets are closed", async || {
        world.a.connected_clients() == 0
    }));
}

#[test]
fn r12_runtimes_side_by_side() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let scope = Scope::current().unwrap();
        let (one, two) = (current_thread(), multi_thread());
        let on = |runtime: &Runtime| {
            runtime
                .block_on(scope.clone().run(whereabouts(logs)))
                .unwrap()
        };
        for (server, name) in [(&world.a, "a"), (&world.b, "b")].repeat(10) {
            world.move_to(logs, server);
            assert_eq!(on(&one), name);
            assert_eq!(on(&two), name);
            assert_eq!(whereabouts_blocking(logs).unwrap(), name);
        }
        // The move by one runtime retires the other's client too, though it is idle.
        world.move_to(logs, &world.a);
        assert_eq!(on(&two), "a");
        two.block_on(until("b is empty", async || {
            world.b.connected_clients() == 0
        }));
    });
}

#[test]
fn r12_a_runtime_that_ends_in_mid_call_takes_nothing_with_it() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let scope = Scope::current().unwrap();
        for _ in 0..20 {
            let doomed = multi_thread();
            for _ in 0..8 {
                doomed.spawn(
                    scope
                        .clone()
                        .run(async move { while whereabouts(logs).await.is_ok() {} }),
                );
            }
            let found = doomed.block_on(scope.clone().run(whereabouts(logs)));
            assert_eq!(found.unwrap(), "a");
            doomed.shutdown_background();
            let other = current_thread();
            assert_eq!(
                other
                    .block_on(scope.clone().run(whereabouts(logs)))
                    .unwrap(),
                "a"
            );
        }
    });
}

#[test]
fn r12_outside_a_runtime_there_is_a_typed_error() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let error = pollster::block_on(logs.connection()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoRuntime);
        assert_eq!(error.component(), Some("logs"));
    });
}

#[test]
fn r12_a_runtime_without_drivers_is_named_as_the_cause() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let scope = Scope::current().unwrap();
        let bare = Builder::new_current_thread().build().unwrap();
        let error = bare.block_on(scope.run(logs.connection())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoRuntime);
        assert!(error.to_string().contains("enable_all()"), "{error}");
    });
}

#[tokio::test]
async fn r12_blocking_calls_work_inside_asynchronous_code() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
            let scope = Scope::current().unwrap();
            let found =
                tokio::task::spawn_blocking(|| scope.run_blocking(|| whereabouts_blocking(logs)));
            assert_eq!(found.await.unwrap().unwrap(), "a");
        })
        .await;
}

#[test]
fn r12_a_call_on_a_runtime_that_was_shut_down_is_an_error() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    let settings = Settings::fixed([("logs", world.a.url())]);
    settings.scope_blocking(|| {
        let scope = Scope::current().unwrap();
        let runtime = multi_thread();
        let handle = runtime.handle().clone();
        let found = handle.block_on(scope.clone().run(whereabouts(logs)));
        assert_eq!(found.unwrap(), "a");
        runtime.shutdown_timeout(SOON);
        let (sender, receiver) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let found = handle.block_on(scope.run(logs.connection()));
            sender.send(found.map(drop))
        });
        // Where it does not end, that is a loop without a way out.
        let found = receiver.recv_timeout(SOON).expect("the call ends");
        assert_eq!(found.unwrap_err().kind(), ErrorKind::NoRuntime);
    });
}

#[test]
fn r12_a_runtime_without_drivers_disturbs_no_other() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let scope = Scope::current().unwrap();
        let bare = Builder::new_current_thread().build().unwrap();
        let other = current_thread();
        for _ in 0..20 {
            let failed = bare.block_on(scope.clone().run(logs.connection()));
            assert_eq!(failed.unwrap_err().kind(), ErrorKind::NoRuntime);
            let found = other.block_on(scope.clone().run(whereabouts(logs)));
            assert_eq!(found.unwrap(), "a");
            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
        }
    });
}
