//! A server that has become a replica, if its refusal is inside of another error or nobody sees it.

use std::thread;

use redis::RedisResult;
use redis::aio::{ConnectionLike, ConnectionManager, MultiplexedConnection};
use redis_components::__private::Acquire;
use redis_components::{Component, Connection};

use crate::common::{HOUR, World, declare, until, until_blocking, whereabouts};

/// Makes `a` a replica of `b` and says that the component is on `b`, which nobody has asked.
fn demote_a(world: &World, component: &Component) {
    let port = world.b.port().to_string();
    world.a.command(&["REPLICAOF", "127.0.0.1", &port]);
    world.move_to(component, &world.b);
}

fn transaction() -> redis::Pipeline {
    let mut pipe = redis::pipe();
    pipe.atomic().set("written", 1).ignore();
    pipe
}

async fn writes_arrive(write: impl AsyncFn(&'static Component) -> RedisResult<()>) {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .push(false)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            write(logs).await.unwrap();
            demote_a(&world, logs);
            until("writes arrive", async || write(logs).await.is_ok()).await;
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
        })
        .await;
}

async fn set(connection: &mut impl ConnectionLike) -> RedisResult<()> {
    let mut command = redis::cmd("SET");
    command.arg("written").arg(1).exec_async(connection).await
}

#[tokio::test]
async fn r10_a_transaction_that_a_read_only_server_refuses_makes_the_component_look() {
    writes_arrive(async |logs| {
        let mut connection: Connection = logs.connection().await?;
        transaction().exec_async(&mut connection).await
    })
    .await;
}

#[test]
fn r10_a_blocking_transaction_that_a_read_only_server_refuses_makes_the_component_look() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world.settings().push(false).scope_blocking(|| {
        let write = || -> RedisResult<()> {
            let mut connection = logs.blocking_connection()?;
            transaction().exec(&mut connection)
        };
        write().unwrap();
        demote_a(&world, logs);
        until_blocking("writes arrive", || write().is_ok());
    });
}

#[tokio::test]
async fn r10_a_read_only_server_is_found_out_by_functions_that_take_multiplexed_connections() {
    writes_arrive(async |logs| {
        let mut raw = <MultiplexedConnection as Acquire>::acquire(logs, "write").await?;
        set(&mut raw).await
    })
    .await;
}

/// A server that runs a script does not say what it is.
#[tokio::test]
async fn r10_a_read_only_server_is_found_out_although_it_was_busy_when_it_was_asked_first() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.a.command(&["CONFIG", "SET", "lua-time-limit", "10"]);
    world.move_to(logs, &world.a);
    world
        .settings()
        .push(false)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let mut connection = world.a.connection();
            let script = thread::spawn(move || {
                let mut script = redis::cmd("EVAL");
                script.arg("while true do end").arg(0).exec(&mut connection)
            });
            until("it is busy", async || {
                let answer = world.a.try_command(&["PING"]);
                answer.is_err_and(|error| error.code() == Some("BUSY"))
            })
            .await;
            let raw = async || <ConnectionManager as Acquire>::acquire(logs, "write").await;
            raw().await.unwrap_err();
            world.a.command(&["SCRIPT", "KILL"]);
            assert!(script.join().unwrap().is_err());
            let write = async || set(&mut raw().await?).await;
            write().await.unwrap();
            demote_a(&world, logs);
            until("writes arrive", async || write().await.is_ok()).await;
        })
        .await;
}

#[tokio::test]
async fn r10_a_read_only_server_is_found_out_by_functions_that_take_managers() {
    writes_arrive(async |logs| {
        let mut raw = <ConnectionManager as Acquire>::acquire(logs, "write").await?;
        set(&mut raw).await
    })
    .await;
}
