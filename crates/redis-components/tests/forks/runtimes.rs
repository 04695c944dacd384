//! Runtimes of the parent, in a child.

use std::time::Instant;

use futures_util::StreamExt;
use redis::aio::PubSub;
use redis_components::__private::Acquire;
use redis_components::{ErrorKind, Scope, get_config};
use tokio::runtime::Runtime;

use crate::calls::{all_settings, echo, echo_async, logs, text};
use crate::child::{Child, alone, in_child};
use crate::common::{SOON, World, name_of, until};

#[test]
fn r12_a_child_in_the_runtime_of_its_parent_gets_a_typed_error_and_its_parent_goes_on() {
    let _alone = alone();
    let world = World::start();
    for (how, settings) in all_settings(&world, logs()) {
        let logs = logs();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(settings.scope(async {
            echo_async(logs, "before", 10).await.unwrap();
            let child = Child::fork(|| {
                let begun = Instant::now();
                // The thread is inside of `block_on`, so that futures are polled by hand.
                let error = pollster::block_on(logs.connection()).map(drop).unwrap_err();
                if error.kind() != ErrorKind::NoRuntime || !error.to_string().contains("forked") {
                    return Err(error.to_string());
                }
                assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
                echo(logs, "child", 10)
            });
            until("the child ends", async || {
                echo_async(logs, "parent", 10).await.unwrap();
                child.has_ended()
            })
            .await;
            assert_eq!(child.join(), "10 right", "{how}");
            assert_eq!(echo_async(logs, "parent", 10).await.unwrap(), "10 right");
            get_config(logs).await.unwrap();
        }));
    }
}

#[test]
fn r12_a_child_in_a_runtime_with_threads_of_its_parent_gets_a_typed_error() {
    let _alone = alone();
    let world = World::start();
    for (how, settings) in all_settings(&world, logs()) {
        let logs = logs();
        settings.scope_blocking(|| {
            let runtime = Runtime::new().unwrap();
            let scope = Scope::current().unwrap();
            let call = || {
                scope
                    .clone()
                    .run(async { logs.connection().await.map(drop) })
            };
            runtime.block_on(call()).unwrap();
            let report = in_child(|| {
                let begun = Instant::now();
                for _ in 0..100 {
                    let error = runtime.block_on(call()).unwrap_err();
                    if error.kind() != ErrorKind::NoRuntime {
                        return Err(error.to_string());
                    }
                }
                assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
                echo(logs, "child", 10)
            });
            assert_eq!(report, "10 right", "{how}");
            runtime.block_on(call()).unwrap();
        });
    }
}

/// As in a child that returns from `main`.
#[test]
fn r12_a_child_that_drops_everything_disturbs_its_parent_not_at_all() {
    let _alone = alone();
    let world = World::start();
    let logs = logs();
    world.move_to(logs, &world.a);
    let runtimes = [
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap(),
        Runtime::new().unwrap(),
    ];
    for runtime in runtimes {
        let (ended, received) = world.settings().scope_blocking(|| {
            let scope = Scope::current().unwrap();
            let mut kept = runtime
                .block_on(scope.clone().run(async { logs.connection().await }))
                .unwrap();
            echo(logs, "before", 10).unwrap();
            let received = world.a.connections_received();
            let mut runtime = Some(runtime);
            let child = Child::fork(|| {
                runtime
                    .take()
                    .into_iter()
                    .for_each(Runtime::shutdown_background);
                drop(scope.clone());
                Ok("done".to_owned())
            });
            assert_eq!(child.join(), "done");
            let runtime = runtime.unwrap();
            for _ in 0..100 {
                let name = runtime.block_on(name_of(&mut kept));
                assert_eq!(name.unwrap(), "a");
            }
            echo(logs, "after", 10).unwrap();
            let ended = !kept.is_current();
            (ended, world.a.connections_received() - received)
        });
        assert!(!ended);
        assert_eq!(received, 0, "nothing had to be connected anew");
    }
}

#[test]
fn r12_a_subscriber_of_the_parent_hears_on_whatever_its_child_drops() {
    let _alone = alone();
    let world = World::start();
    let logs = logs();
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let scope = Scope::current().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let subscribe = async || {
            let mut subscriber = <PubSub as Acquire>::acquire(logs, "f")
                .await
                .map_err(text)?;
            subscriber.subscribe("news").await.map_err(text)?;
            Ok::<_, String>(subscriber)
        };
        let mut heard = runtime
            .block_on(scope.run(subscribe()))
            .unwrap()
            .into_on_message();
        let mut runtime = Some(runtime);
        let child = Child::fork(|| {
            drop(runtime.take());
            let own = Runtime::new().unwrap();
            let subscriber = own.block_on(subscribe())?;
            drop(subscriber);
            Ok("done".to_owned())
        });
        assert_eq!(child.join(), "done");
        let runtime = runtime.unwrap();
        for _ in 0..10 {
            world.a.command(&["PUBLISH", "news", "hello"]);
            let message =
                runtime.block_on(async { tokio::time::timeout(SOON, heard.next()).await });
            assert_eq!(
                message.unwrap().unwrap().get_payload::<String>().unwrap(),
                "hello"
            );
        }
    });
}
