//! What a child makes for itself.

use std::thread;
use std::time::{Duration, Instant};

use redis::{Commands, RedisResult};
use redis_components::__private::{AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::{ComponentConfig, Connection, ErrorKind, blocking, shutdown, status};
use tokio::runtime::Runtime;

use crate::calls::{Parent, all_settings, echo, echo_async, logs, text};
use crate::child::{Child, alone, in_child};
use crate::common::{SOON, World, declare, name_of, name_of_blocking};

#[test]
fn r12_a_child_that_calls_at_once_gets_its_own_answers_and_so_does_its_parent() {
    let _alone = alone();
    let world = World::start();
    for (how, settings) in all_settings(&world, logs()) {
        let logs = logs();
        settings.scope_blocking(|| {
            echo(logs, "before", 10).unwrap();
            let parent = Parent::start(logs);
            let begun = Instant::now();
            let children = [(); 3].map(|()| Child::fork(|| echo(logs, "child", 500)));
            let runtimes = [(); 2].map(|()| {
                Child::fork(|| {
                    let runtime = Runtime::new().unwrap();
                    runtime.block_on(echo_async(logs, "child", 500))
                })
            });
            for child in children.into_iter().chain(runtimes) {
                assert_eq!(child.join(), "500 right", "{how}");
            }
            println!(
                "figure: fork, {how}: five children, 2,500 calls in {:?}",
                begun.elapsed()
            );
            parent.end();
        });
    }
}

#[test]
fn r12_a_child_that_calls_when_its_parents_proof_is_old_gets_its_own_answers() {
    let _alone = alone();
    let world = World::start();
    for (how, settings) in all_settings(&world, logs()) {
        let logs = logs();
        settings.scope_blocking(|| {
            echo(logs, "before", 10).unwrap();
            let parent = Parent::start(logs);
            let blocking = Child::fork(|| {
                thread::sleep(Duration::from_secs(2));
                echo(logs, "child", 100)
            });
            let asynchronous = Child::fork(|| {
                thread::sleep(Duration::from_secs(2));
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                runtime.unwrap().block_on(echo_async(logs, "child", 100))
            });
            for child in [blocking, asynchronous] {
                assert_eq!(child.join(), "100 right", "{how}");
            }
            parent.end();
        });
    }
}

#[test]
fn r12_a_child_follows_its_component_and_its_grandchild_too() {
    let _alone = alone();
    let world = World::start();
    let logs = declare("logs", Duration::from_millis(100));
    world.move_to(logs, &world.a);
    let (to_a, to_b) = [&world.a, &world.b]
        .map(|server| ComponentConfig::new("127.0.0.1").port(server.port()))
        .into();
    world.settings().scope_blocking(|| {
        let name = || {
            let mut connection = logs.blocking_connection().map_err(text)?;
            name_of_blocking(&mut connection).map_err(text)
        };
        assert_eq!(name().unwrap(), "a");
        let report = in_child(|| {
            let first = name()?;
            blocking::set_config(logs, &to_b).map_err(text)?;
            let second = name()?;
            let read = blocking::get_config(logs).map_err(text)?;
            let is_read = read == to_b;
            let grandchild = in_child(|| {
                let first = name()?;
                blocking::set_config(logs, &to_a).map_err(text)?;
                Ok(format!("{first}{}", name()?))
            });
            let begun = Instant::now();
            while name()? != "a" && begun.elapsed() < SOON {}
            Ok(format!(
                "{first}{second} {is_read} {grandchild} {}",
                name()?
            ))
        });
        assert_eq!(report, "ab true ba a");
        let begun = Instant::now();
        while name().unwrap() != "a" {
            assert!(begun.elapsed() < SOON);
        }
    });
}

#[test]
fn r12_status_and_shutdown_of_a_child_are_its_own() {
    let _alone = alone();
    let world = World::start();
    let logs = logs();
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        echo(logs, "before", 10).unwrap();
        let parent = Parent::start(logs);
        let report = in_child(|| {
            let before = status().components.len();
            echo(logs, "child", 10)?;
            let used = status().components.len();
            let left = blocking::shutdown(Duration::from_secs(1)).map_err(text)?;
            let error = logs.blocking_connection().map(drop).unwrap_err();
            Ok(format!("{before} {used} {left} {:?}", error.kind()))
        });
        assert_eq!(report, "0 1 0 ShutDown");
        let report = in_child(|| {
            let left = blocking::shutdown(Duration::from_secs(1)).map_err(text)?;
            let runtime = Runtime::new().unwrap();
            let again = runtime.block_on(shutdown(Duration::from_secs(1)));
            Ok(format!("{left} {}", again.map_err(text)?))
        });
        assert_eq!(report, "0 0");
        parent.end();
        // And the other way round: what has been shut down is not what a child inherits.
        assert_eq!(blocking::shutdown(Duration::from_secs(1)).unwrap(), 0);
        assert_eq!(in_child(|| echo(logs, "child", 10)), "10 right");
        let error = logs.blocking_connection().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ShutDown);
    });
}

#[test]
fn r12_dedicated_connections_of_a_child_are_its_own() {
    let _alone = alone();
    let world = World::start();
    for (how, settings) in all_settings(&world, logs()) {
        let logs = logs();
        settings.scope_blocking(|| {
            let mut dedicated =
                <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "f").unwrap();
            let report = in_child(|| {
                let runtime = Runtime::new().unwrap();
                let mut own =
                    <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "f")
                        .map_err(text)?;
                let blocking: String = own.get("name").map_err(text)?;
                let name: RedisResult<String> = runtime.block_on(async {
                    let own = <Connection as AcquireDedicated>::acquire(logs, "f").await;
                    name_of(&mut *own.unwrap()).await
                });
                Ok(format!("{blocking}{}", name.map_err(text)?))
            });
            assert_eq!(report, "aa", "{how}");
            let name: String = dedicated.get("name").unwrap();
            assert_eq!(name, "a");
        });
    }
}

/// Workers that were forked one after the other must not come back to a lost server at the same moments.
#[test]
fn r6_children_do_not_share_what_is_random() {
    let _alone = alone();
    let world = World::start();
    let logs = logs();
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        fastrand::seed(7);
        echo(logs, "before", 1).unwrap();
        let drawn = [(); 2].map(|()| {
            in_child(|| {
                echo(logs, "child", 1)?;
                Ok(fastrand::u64(..).to_string())
            })
        });
        assert_ne!(drawn[0], drawn[1]);
    });
}
