//! A server that is killed, or hangs up.

use std::time::Instant;

use redis::{RedisError, RedisResult};
use redis_components::{Component, Scope};

use crate::common::impostors::Impatient;
use crate::common::moves::{LATE, Notice};
use crate::common::traffic::{Call, Caller, STEADY, Traffic, figure};
use crate::common::{World, declare, until};
use crate::{BACK, FAST, is_on};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_killed_server_fails_calls_in_flight_at_once() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    let config = format!(
        r#"{{"host":"127.0.0.1","port":{},"socket_timeout":60}}"#,
        world.a.port()
    );
    world.set(logs, &config);
    world
        .settings()
        .scope(async {
            let task = tokio::spawn(Scope::wrap(wait_for_ever(logs, Caller::Task)));
            let scope = Scope::current().unwrap();
            let thread = tokio::task::spawn_blocking(move || {
                scope.run_blocking(|| pollster::block_on(wait_for_ever(logs, Caller::Thread)))
            });
            until("both are in flight", async || {
                let clients = world.a.command(&["CLIENT", "LIST"]);
                let clients: String = redis::from_redis_value(clients).unwrap();
                clients.matches("cmd=blpop").count() == 2
            })
            .await;
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
            // Tasks and threads: of each five while the pauses grow, then one in a quarter of a second.
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

/// A call that is in flight for as long as its server lives.
async fn wait_for_ever(component: &Component, caller: Caller) -> RedisResult<String> {
    let command = redis::cmd("BLPOP").arg("nothing").arg(0).to_owned();
    match caller {
        Caller::Task => {
            let mut connection = component.connection().await.map_err(RedisError::from)?;
            command.query_async(&mut connection).await
        }
        Caller::Thread => {
            let mut connection = component.blocking_connection().map_err(RedisError::from)?;
            command.query(&mut connection)
        }
    }
}
