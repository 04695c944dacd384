//! A server that is killed, or hangs up.

use std::time::Instant;

use redis::{RedisError, RedisResult};
use redis_components::{Component, ErrorKind, Scope};

use crate::common::clients::kill_clients;
use crate::common::impostors::Impatient;
use crate::common::in_flight::{hold, hold_blocking, waiting};
use crate::common::moves::{LATE, Notice};
use crate::common::traffic::{Call, Caller, STEADY, Traffic, figure};
use crate::common::{
    HOUR, SOON, World, count, counter, declare, name_of, name_of_blocking, until, until_blocking,
    whereabouts, whereabouts_blocking,
};
use crate::{BACK, FAST, is_on};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_killed_server_fails_calls_in_flight_at_once() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let task = tokio::spawn(Scope::wrap(held_call(logs, Caller::Task)));
            let scope = Scope::current().unwrap();
            let thread = tokio::task::spawn_blocking(move || {
                scope.run_blocking(|| pollster::block_on(held_call(logs, Caller::Thread)))
            });
            until("both are in flight", async || waiting(&world.a) == 2).await;
            let killed = Instant::now();
            world.a.stop();
            let errors = [task.await.unwrap(), thread.await.unwrap()];
            let took = killed.elapsed();
            assert!(took <= LATE, "{took:?}");
            figure("killed server: calls in flight ended after", [took]);
            for error in errors {
                assert!(error.unwrap_err().is_connection_dropped());
            }
        })
        .await;
}

/// A call that is in flight for as long as its server lives.
async fn held_call(component: &Component, caller: Caller) -> RedisResult<u64> {
    match caller {
        Caller::Task => {
            let mut connection = component.connection().await.map_err(RedisError::from)?;
            hold(&mut connection).await
        }
        Caller::Thread => {
            let mut connection = component.blocking_connection().map_err(RedisError::from)?;
            hold_blocking(&mut connection)
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_killed_server_fails_calls_fast_and_is_back_when_it_is() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let traffic = Traffic::start(logs, STEADY);
            traffic.goes_on(500).await;
            let killed = Instant::now();
            world.a.stop();
            traffic.goes_on(2_000).await;
            let restarted = Instant::now();
            world.a.restart();
            world.a.command(&["SET", "name", "a"]);
            until("the server is back", async || is_on("a", logs).await).await;
            let back = restarted.elapsed();
            assert!(back <= BACK, "{back:?}");
            figure("killed server: back after", [back]);

            let calls = traffic.stop().await;
            let mut failed: Vec<_> = calls
                .iter()
                .filter(|call| call.begun > killed && call.outcome.is_err())
                .map(Call::took)
                .collect();
            failed.sort_unstable();
            let p99 = failed[failed.len() * 99 / 100];
            assert!(p99 <= FAST, "{p99:?}");
            figure("killed server: failed calls took", failed);
        })
        .await;
}

#[tokio::test]
async fn r10_a_killed_server_that_is_known_to_be_is_a_typed_error_until_it_is_back() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.a.stop();
            until("the connection is known to be dead", async || {
                logs.connection().await.is_err()
            })
            .await;
            let begun = Instant::now();
            for _ in 0..1000 {
                let error = logs.connection().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ServerUnreachable);
                assert_eq!(error.component(), Some("logs"));
            }
            assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());

            world.a.restart();
            until("the server is back", async || {
                logs.connection().await.is_ok()
            })
            .await;
            count(logs).await.unwrap();
            assert_eq!(counter(&world.a), 1);
        })
        .await;
}

#[test]
fn r10_a_blocking_call_recovers_from_a_restart_too() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
        world.a.stop();
        let mut connection = logs.blocking_connection().unwrap();
        assert!(name_of_blocking(&mut connection).is_err());
        drop(connection);
        let error = logs.blocking_connection().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ServerUnreachable);

        world.a.restart();
        world.a.command(&["SET", "name", "a"]);
        until_blocking("the server is back", || logs.blocking_connection().is_ok());
        assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
    });
}

#[tokio::test]
async fn r10_a_broken_connection_makes_the_component_look_where_it_is() {
    let world = World::start();
    // An hour: it is the broken connection that makes it look.
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.move_to(logs, &world.b);
            world.a.stop();
            until("the move is seen", async || {
                let Ok(mut connection) = logs.connection().await else {
                    return false;
                };
                name_of(&mut connection).await.is_ok_and(|name| name == "b")
            })
            .await;
        })
        .await;
}

/// It is younger than what counts against its server, but it has served.
#[tokio::test]
async fn r10_a_young_connection_that_is_lost_once_fails_no_later_call() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let kept = logs.connection().await.unwrap();
            kill_clients(&world.a);
            until("the loss is seen", async || !kept.is_current()).await;
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
        })
        .await;
}

/// A client can be made, but not kept: that must be no reason to make one for every call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_server_that_hangs_up_after_the_probe_fails_calls_fast_and_is_not_stormed() {
    let world = World::start();
    let (impatient, port) = Impatient::start();
    let logs = declare("logs", Notice::Push.wait());
    world.set(logs, &format!(r#"{{"host":"127.0.0.1","port":{port}}}"#));
    world
        .settings()
        .scope(async {
            let begun = Instant::now();
            let traffic = Traffic::start(logs, STEADY);
            traffic.goes_on(5_000).await;
            let took = begun.elapsed();
            // Tasks and threads: of each five while the pauses grow, then one in a quarter of a
            // second.
            let connects = impatient.accepted();
            println!("figure: server that hangs up: {connects} connects in {took:?}");
            assert!(connects <= 2 * (10 + 10 * (took.as_secs() + 1)));
            impatient.mend();
            let mended = Instant::now();
            until("it is used again", async || {
                logs.connection().await.is_ok() && logs.blocking_connection().is_ok()
            })
            .await;
            assert!(mended.elapsed() <= BACK, "{:?}", mended.elapsed());
            let calls = traffic.stop().await;
            let mut took: Vec<_> = calls.iter().map(Call::took).collect();
            took.sort_unstable();
            let p99 = took[took.len() * 99 / 100];
            assert!(p99 <= FAST, "{p99:?}");
            figure("server that hangs up: calls took", took);
        })
        .await;
}
