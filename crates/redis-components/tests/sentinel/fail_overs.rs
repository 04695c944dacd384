//! What calls see of a fail-over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use redis::Value;
use redis_components::{Component, Scope, Settings};
use redis_components_testing::{Sentinels, Server};
use tokio::task::JoinHandle;

use crate::common::{HOUR, SOON, count, declare, patient, until, until_blocking};
use crate::set_up::{
    careful, counter, first_switch, has_moved, in_force, is_on_the_primary, server_in_force,
    watchful,
};

/// How late a call may move after the first event: what a round takes that nobody asked for, and
/// what a busy machine adds.
const SOON_AFTER: Duration = Duration::from_millis(1000 + 2500);

/// One call under load.
struct Call {
    ended: Instant,
    /// The generation of its client, or why it failed.
    outcome: Result<u64, String>,
}

/// Tasks that increment a counter until they are told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Vec<Call>>>,
}

impl Load {
    fn start(component: &'static Component, tasks: usize) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let scope = Scope::current().unwrap();
        let tasks = (0..tasks).map(|_| {
            let stop = Arc::clone(&stop);
            tokio::spawn(scope.clone().run(async move {
                let mut calls = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let outcome = increment(component).await;
                    let failed = outcome.is_err();
                    let ended = Instant::now();
                    calls.push(Call { ended, outcome });
                    let pause = if failed { 5 } else { 1 };
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                calls
            }))
        });
        let tasks = tasks.collect();
        Self { stop, tasks }
    }

    async fn stop(self) -> Vec<Call> {
        self.stop.store(true, Ordering::Relaxed);
        let mut calls = Vec::new();
        for task in self.tasks {
            calls.extend(task.await.unwrap());
        }
        calls
    }
}

async fn increment(component: &Component) -> Result<u64, String> {
    let mut connection = component.connection().await.map_err(|e| e.to_string())?;
    let command = redis::cmd("INCR").arg("counter").to_owned();
    let answer: Result<u64, _> = command.query_async(&mut connection).await;
    answer.map_err(|e| e.to_string())?;
    Ok(connection.generation())
}

/// Waits until the component uses another primary.
async fn moves(generation: u64) {
    until("the component follows", async || in_force().1 >= generation).await;
}

fn first_of(calls: &[Call], generation: u64) -> Instant {
    let on_it = calls.iter().filter(|call| call.outcome == Ok(generation));
    on_it.map(|call| call.ended).min().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_calls_under_load_follow_a_fail_over_that_is_asked_for() {
    let config = Server::start();
    let world = careful();
    let logs = declare("logs", HOUR);
    config.command(&["SET", logs.key(), &world.config()]);
    patient(Settings::new(config.url()))
        .scope(async {
            assert_eq!(count(logs).await.unwrap(), 1);
            assert_eq!(in_force(), (world.server(0).port(), 1));
            let switched = first_switch(&world);
            let load = Load::start(logs, 64);
            until("the load goes on", async || counter(world.server(0)) > 500).await;
            // What was acknowledged before this is on all servers.
            let copied = Instant::now();
            until("all is copied", async || {
                let mark = world.server(0).try_command(&["SET", "mark", "1"]);
                mark.is_ok() && world.server(0).command(&["WAIT", "2", "1000"]) == Value::Int(2)
            })
            .await;
            world.begin_failover();
            moves(2).await;
            until("the sentinels agree", async || {
                is_on_the_primary(&world)
            })
            .await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            let calls = load.stop().await;

            let switched = switched.recv_timeout(SOON).unwrap();
            let late = first_of(&calls, 2).saturating_duration_since(switched);
            assert!(late < SOON_AFTER, "{late:?} after the first event");
            let acknowledged = 1 + calls.iter().filter(|call| call.outcome.is_ok()).count() as u64;
            let failed = calls.len() as u64 + 1 - acknowledged;
            let counted = counter(server_in_force(&world));
            println!(
                "figure: {late:?} after the first event; {acknowledged} acknowledged, {counted} counted, {failed} failed"
            );
            // The servers promise no more: the demoted primary acknowledges until its replicas leave.
            let is_kept = |call: &&Call| {
                let on_new = call.outcome.as_ref().is_ok_and(|generation| *generation > 1);
                on_new || call.outcome.is_ok() && call.ended < copied
            };
            let kept = 1 + calls.iter().filter(is_kept).count() as u64;
            assert!(counted >= kept, "{counted} of {kept}");
            // None was made twice.
            assert!(counted <= acknowledged + failed);
            // What the demoted primary refused is sent to the next, when that is known.
            let refused = |call: &&Call| {
                let error = call.outcome.as_ref().err();
                error.is_some_and(|error| error.contains("NOREPLICAS"))
            };
            assert_eq!(calls.iter().find(refused).map(|call| &call.outcome), None);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_calls_follow_when_the_primary_is_killed() {
    let config = Server::start();
    let world = watchful();
    let logs = declare("logs", HOUR);
    config.command(&["SET", logs.key(), &world.config()]);
    patient(Settings::new(config.url()))
        .scope(async {
            assert_eq!(count(logs).await.unwrap(), 1);
            let switched = first_switch(&world);
            world.server(0).stop();
            until("calls succeed again", async || count(logs).await.is_ok()).await;
            let moved = Instant::now();
            let switched = switched.recv_timeout(SOON).unwrap();
            let late = moved.saturating_duration_since(switched);
            println!("figure: killed: {late:?} after the first event");
            assert!(late < SOON_AFTER, "{late:?} after the first event");
            has_moved(&world, logs).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_primary_that_comes_back_takes_no_write() {
    let config = Server::start();
    let world = watchful();
    let logs = declare("logs", HOUR);
    config.command(&["SET", logs.key(), &world.config()]);
    patient(Settings::new(config.url()))
        .scope(async {
            let load = Load::start(logs, 16);
            moves(1).await;
            world.server(0).stop();
            moves(2).await;
            // It believes that it is the primary, and has no data.
            world.server(0).restart();
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(world.server(0).command_calls("incr"), 0);
            load.stop().await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_calls_follow_when_the_primary_freezes() {
    let config = Server::start();
    let world = watchful();
    let logs = declare("logs", HOUR);
    config.command(&["SET", logs.key(), &world.config()]);
    // A frozen server is not waited for as long as a slow one elsewhere.
    let bound = Duration::from_secs(2);
    Settings::new(config.url())
        .connect_timeout(bound)
        .response_timeout(bound)
        .scope(async {
            assert_eq!(count(logs).await.unwrap(), 1);
            world.server(0).freeze();
            has_moved(&world, logs).await;
            // It still believes that it is the primary.
            world.server(0).thaw();
            for _ in 0..100 {
                drop(count(logs).await);
                assert_ne!(in_force().0, world.server(0).port());
            }
        })
        .await;
}

#[test]
fn r4_blocking_calls_that_the_old_primary_refuses_wait_for_the_next() {
    let config = Server::start();
    let world = careful();
    let logs = declare("logs", HOUR);
    config.command(&["SET", logs.key(), &world.config()]);
    let increment = || -> Result<u64, String> {
        let mut connection = logs.blocking_connection().map_err(|e| e.to_string())?;
        let answer = redis::cmd("INCR").arg("counter").query(&mut connection);
        answer.map_err(|e| e.to_string())
    };
    patient(Settings::new(config.url())).scope_blocking(|| {
        assert_eq!(increment(), Ok(1));
        world.begin_failover();
        until_blocking("the component follows", || {
            let outcome = increment();
            let refused = outcome.as_ref().err();
            assert!(!refused.is_some_and(|error| error.contains("NOREPLICAS")));
            outcome.is_ok() && in_force().1 >= 2 && is_on_the_primary(&world)
        });
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_fixed_config_follows_a_fail_over() {
    let world = Sentinels::start();
    let logs = declare("logs", HOUR);
    patient(Settings::fixed([("logs", world.config())]))
        .scope(async {
            assert_eq!(count(logs).await.unwrap(), 1);
            world.begin_failover();
            // Nobody calls meanwhile.
            moves(2).await;
            has_moved(&world, logs).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_component_moves_from_a_server_to_sentinels_and_back_under_traffic() {
    let config = Server::start();
    let alone = Server::start();
    let world = Sentinels::start();
    let logs = declare("logs", HOUR);
    let set = |value: &str| config.command(&["SET", logs.key(), value]);
    set(&alone.config());
    patient(Settings::new(config.url()))
        .scope(async {
            count(logs).await.unwrap();
            let load = Load::start(logs, 16);
            for step in 0..6 {
                set(&if step % 2 == 0 {
                    world.config()
                } else {
                    alone.config()
                });
                moves(step + 2).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let calls = load.stop().await;
            let failures: Vec<_> = calls
                .iter()
                .filter_map(|c| c.outcome.as_ref().err())
                .collect();
            assert_eq!(failures, [""; 0]);
            let made = calls.len() as u64 + 1;
            assert_eq!(counter(&alone) + counter(world.server(0)), made);
        })
        .await;
}
