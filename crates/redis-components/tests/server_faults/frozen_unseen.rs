//! A server that does not answer, if answers are few or nobody sees them: it is asked whether it is
//! there.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use redis::aio::{ConnectionLike, ConnectionManager, MultiplexedConnection};
use redis_components::__private::{Acquire, AcquireBlocking};
use redis_components::Component;

use crate::common::in_flight::{hold, release};
use crate::common::traffic::figure;
use crate::common::{
    HOUR, World, config_with, declare, name_of, until, until_blocking, whereabouts,
};

#[tokio::test]
async fn r10_a_server_that_does_not_answer_is_asked_whether_it_is_there_and_left() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.set(
        logs,
        &config_with(world.a.port(), r#""socket_timeout":0.05"#),
    );
    world
        .default_settings()
        .push(false)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.a.freeze();
            world.move_to(logs, &world.b);
            until("the component has left", async || {
                let Ok(mut connection) = logs.connection().await else {
                    return false;
                };
                name_of(&mut connection).await.is_ok_and(|name| name == "b")
            })
            .await;
            world.a.thaw();
        })
        .await;
}

#[tokio::test]
async fn r10_a_frozen_server_is_found_out_by_calls_that_are_given_up() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .default_settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let kept = logs.connection().await.unwrap();
            world.a.freeze();
            // Each has less patience than the response timeout.
            let patience = Duration::from_millis(20);
            until("the client is given up", async || {
                let _ = tokio::time::timeout(patience, whereabouts_or_error(logs)).await;
                !kept.is_current()
            })
            .await;
            world.a.thaw();
        })
        .await;
}

async fn whereabouts_or_error(component: &Component) -> Option<String> {
    let mut connection = component.connection().await.ok()?;
    name_of(&mut connection).await.ok()
}

#[tokio::test]
async fn r10_calls_that_time_out_on_a_server_that_is_there_replace_nothing() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.set(logs, &config_with(world.a.port(), r#""socket_timeout":2"#));
    world
        .settings()
        .scope(async {
            let connection = logs.connection().await.unwrap();
            let pings = world.a.command_calls("ping");
            // Three in a row: then the server is asked whether it is there.
            let calls = (0..3).map(|_| {
                let mut connection = connection.clone();
                async move { hold(&mut connection).await }
            });
            for answer in join_all(calls).await {
                assert!(answer.unwrap_err().is_timeout());
            }
            // The question stands behind them.
            until("the server is asked", async || {
                release(&world.a);
                world.a.command_calls("ping") > pings
            })
            .await;
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert!(connection.is_current());
            assert_eq!(world.a.connections_received(), 1);
        })
        .await;
}

/// A component on server a that is not told where it moves.
fn untold(world: &World) -> &'static Component {
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    logs
}

/// What its functions are answered, or that they are not, is not seen by the component.
#[tokio::test]
async fn r10_a_frozen_server_is_found_out_by_functions_that_take_raw_connections() {
    async fn name_by<C: Acquire + ConnectionLike>(component: &'static Component) -> Option<String> {
        let mut raw = <C as Acquire>::acquire(component, "read").await.ok()?;
        name_of(&mut raw).await.ok()
    }
    async fn leaves<C: Acquire + ConnectionLike>() {
        let world = World::start();
        let logs = untold(&world);
        world
            .default_settings()
            .push(false)
            .scope(async {
                assert_eq!(name_by::<C>(logs).await.as_deref(), Some("a"));
                world.a.freeze();
                world.move_to(logs, &world.b);
                let begun = Instant::now();
                until("the component has left", async || {
                    name_by::<C>(logs).await.as_deref() == Some("b")
                })
                .await;
                figure(
                    "frozen server, raw connections: left after",
                    [begun.elapsed()],
                );
                world.a.thaw();
            })
            .await;
    }
    tokio::join!(
        leaves::<MultiplexedConnection>(),
        leaves::<ConnectionManager>()
    );
}

#[test]
fn r10_a_frozen_server_is_found_out_by_functions_that_take_raw_blocking_connections() {
    let world = World::start();
    let logs = untold(&world);
    world.default_settings().push(false).scope_blocking(|| {
        let name = || -> Option<String> {
            let mut raw = <redis::Connection as AcquireBlocking>::acquire(logs, "read").ok()?;
            redis::cmd("GET").arg("name").query(&mut raw).ok()
        };
        assert_eq!(name().as_deref(), Some("a"));
        world.a.freeze();
        world.move_to(logs, &world.b);
        until_blocking("the component has left", || name().as_deref() == Some("b"));
        world.a.thaw();
    });
}
