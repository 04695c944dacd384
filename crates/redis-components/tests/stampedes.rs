//! R6 and R7: what many callers and many writes cost the servers.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use common::{HOUR, World, arrives, declare, patient, whereabouts, whereabouts_blocking};
use redis_components::{Scope, get_config};
use redis_components_testing::Proxy;
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_64_tasks_at_a_component_that_has_moved_make_one_read_and_one_connection() {
    const REPETITIONS: u64 = 1_000;
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .reread_interval(HOUR)
        .scope(async {
            whereabouts(logs).await.unwrap();
            for (server, name) in [(&world.b, "b"), (&world.a, "a")]
                .into_iter()
                .cycle()
                .take(REPETITIONS as usize)
            {
                world.move_to(logs, server);
                let callers: Vec<_> = (0..64)
                    .map(|_| {
                        tokio::spawn(Scope::wrap(async move {
                            while whereabouts(logs).await.unwrap() != name {}
                        }))
                    })
                    .collect();
                for caller in callers {
                    caller.await.unwrap();
                }
            }
            let reads = world.reads();
            let most = 1 + REPETITIONS + world.reads_again(1);
            assert!((1 + REPETITIONS..=most).contains(&reads), "{reads}");
            assert_eq!(
                world.a.connections_received() + world.b.connections_received(),
                1 + REPETITIONS
            );
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_64_tasks_at_a_cold_component_make_two_reads_and_one_connection() {
    const REPETITIONS: u64 = 100;
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    for _ in 0..REPETITIONS {
        world
            .settings()
            .scope(async {
                let callers: Vec<_> = (0..64)
                    .map(|_| tokio::spawn(Scope::wrap(whereabouts(logs))))
                    .collect();
                for caller in callers {
                    assert_eq!(caller.await.unwrap().unwrap(), "a");
                }
            })
            .await;
    }
    // One that is in flight, one for those who came after it was sent, and one of the control key.
    let most = 3 * REPETITIONS + world.reads_again(REPETITIONS);
    assert!(world.reads() <= most, "{}", world.reads());
    assert_eq!(world.a.connections_received(), REPETITIONS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_a_config_is_not_read_again_while_its_server_is_slow() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    let proxy = Proxy::to(&world.a);
    world.set(logs, &proxy.config());
    proxy.hold();
    patient(world.settings())
        .scope(async {
            let call = || tokio::spawn(Scope::wrap(whereabouts(logs)));
            let mut callers = vec![call()];
            while proxy.accepted() == 0 {
                sleep(Duration::from_millis(1)).await;
            }
            let reads = world.reads();
            for _ in 0..3 {
                // For longer than it is believed that there is no config.
                sleep(Duration::from_millis(150)).await;
                callers.push(call());
            }
            while world.a.connected_clients() == 0 {
                sleep(Duration::from_millis(1)).await;
            }
            proxy.pass();
            for caller in callers {
                assert_eq!(caller.await.unwrap().unwrap(), "a");
            }
            let most = reads + world.reads_again(1);
            assert!(world.reads() <= most, "{} of {most}", world.reads());
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_64_tasks_that_poll_make_one_read_for_each_wait() {
    const WAIT: Duration = Duration::from_millis(200);
    /// A proof ends so much before `WAIT` is over, because the clock that it is taken by goes in
    /// steps.
    const STEPS: Duration = Duration::from_millis(20);
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let begun = Instant::now();
    let call_for_a_while = move || async move {
        while begun.elapsed() < 15 * WAIT {
            whereabouts(logs).await.unwrap();
        }
    };
    world
        .settings()
        .push(false)
        .scope(async {
            let callers: Vec<_> = (0..64)
                .map(|_| tokio::spawn(Scope::wrap(call_for_a_while())))
                .collect();
            for caller in callers {
                caller.await.unwrap();
            }
        })
        .await;
    let most = begun.elapsed().as_millis() / (WAIT - STEPS).as_millis() + 2;
    let reads = world.reads();
    assert!(
        u128::from(reads) <= most,
        "{reads} reads where {most} will do"
    );
}

#[test]
fn r6_16_threads_at_a_cold_component_open_one_pool() {
    const THREADS: usize = 16;
    const REPETITIONS: u64 = 20;
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    for _ in 0..REPETITIONS {
        world.settings().scope_blocking(|| {
            let scope = Scope::current().unwrap();
            let start = Arc::new(Barrier::new(THREADS));
            thread::scope(|threads| {
                for _ in 0..THREADS {
                    let (scope, start) = (scope.clone(), Arc::clone(&start));
                    threads.spawn(move || {
                        scope.run_blocking(|| {
                            start.wait();
                            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
                        });
                    });
                }
            });
        });
    }
    let most = 3 * REPETITIONS + world.reads_again(REPETITIONS);
    assert!(world.reads() <= most, "{}", world.reads());
    // One connection for each that call at the same time, and no more.
    let received = world.a.connections_received();
    assert!(received <= THREADS as u64 * REPETITIONS, "{received}");
}

#[tokio::test]
async fn r7_3000_writes_that_change_nothing_replace_nothing() {
    const WRITES: u64 = 1_000;
    let world = World::start();
    let logs = declare("logs", HOUR);
    let port = world.a.port();
    world.move_to(logs, &world.a);
    world
        .settings()
        .reread_interval(HOUR)
        .scope(async {
            let connection = logs.connection().await.unwrap();
            for _ in 0..WRITES {
                world.move_to(logs, &world.a);
                world.config.command(&["PEXPIRE", logs.key(), "3600000"]);
                world.set(logs, &format!(r#"{{"port":{port},"host":"127.0.0.1"}}"#));
            }
            // The last of them has been seen when this has.
            get_config(logs).await.unwrap();
            assert!(connection.is_current());
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(world.a.connections_received(), 1);
            // The first, and that of `get_config`, besides those that were caused by a push.
            let most = 3 * WRITES + 2 + world.reads_again(1);
            assert!(world.reads() <= most, "{}", world.reads());

            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
        })
        .await;
}
