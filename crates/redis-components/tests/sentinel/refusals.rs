//! Commands that a demoted primary refuses, and what is told.

use std::thread;

use redis::RedisResult;
use redis_components::{Connection, blocking};
use redis_components_testing::Server;
use tokio::runtime::Handle;

use crate::common::{HOUR, declare, until, until_blocking, whereabouts, whereabouts_blocking};
use crate::fake::Named;
use crate::log::{is_told, lines, listen};
use crate::set_up::in_force;

async fn increment(connection: &mut Connection) -> RedisResult<u64> {
    let mut command = redis::cmd("INCR");
    command.arg("kept").query_async(connection).await
}

fn increment_blocking(connection: &mut blocking::Connection) -> RedisResult<u64> {
    redis::cmd("INCR").arg("kept").query(connection)
}

/// Makes server a follow server b, and the sentinel say so.
fn fail_over(named: &Named) {
    let (a, b) = (&named.world.a, &named.world.b);
    a.command(&["REPLICAOF", "127.0.0.1", &b.port().to_string()]);
    named.name(0, b, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_later_command_of_a_kept_handle_is_sent_again_to_the_new_primary() {
    listen();
    let named = Named::by(1);
    let logs = declare("carried_on", HOUR);
    named.world.set(logs, &named.config);
    named.name(0, &named.world.a, 1);
    named
        .world
        .settings()
        .scope(async {
            let mut kept = logs.connection().await.unwrap();
            assert_eq!(increment(&mut kept).await.unwrap(), 1);
            fail_over(&named);
            until("the component follows", async || {
                whereabouts(logs).await.unwrap() == "b"
            })
            .await;
            assert_eq!(increment(&mut kept).await.unwrap(), 1, "the other server");
            assert!(kept.is_current());

            let status = redis_components::status();
            let current = status.components[0].current.as_ref().unwrap();
            let sentinels = current.sentinels.as_ref().unwrap();
            assert_eq!((&*sentinels.service, sentinels.epoch), ("main", Some(2)));
        })
        .await;
    let b = format!("server=127.0.0.1:{}", named.world.b.port());
    is_told(&["config in force", "carried_on", &b, "reason=fail-over"]).await;
    assert_eq!(lines(&["carried_on", "reason=config"]).len(), 1);
    assert_eq!(lines(&["carried_on", "WARN"]), [""; 0]);
}

#[test]
fn r4_a_later_blocking_command_is_sent_again_to_the_new_primary() {
    let named = Named::by(1);
    let logs = declare("logs", HOUR);
    named.world.set(logs, &named.config);
    named.name(0, &named.world.a, 1);
    named.world.settings().scope_blocking(|| {
        let mut kept = logs.blocking_connection().unwrap();
        assert_eq!(increment_blocking(&mut kept).unwrap(), 1);
        fail_over(&named);
        until_blocking("the component follows", || {
            whereabouts_blocking(logs).unwrap() == "b"
        });
        assert_eq!(
            increment_blocking(&mut kept).unwrap(),
            1,
            "the other server"
        );
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_later_command_is_not_sent_to_a_server_that_has_other_data() {
    let named = Named::by(1);
    let logs = declare("logs", HOUR);
    named.world.set(logs, &named.config);
    named.name(0, &named.world.a, 1);
    named
        .world
        .settings()
        .scope(async {
            let mut kept = logs.connection().await.unwrap();
            assert_eq!(increment(&mut kept).await.unwrap(), 1);
            named.world.move_to(logs, &named.world.b);
            until("the component moves", async || {
                in_force().1 == 2 || {
                    drop(whereabouts(logs).await);
                    false
                }
            })
            .await;
            named.world.a.command(&["REPLICAOF", "127.0.0.1", "1"]);
            let refused = increment(&mut kept).await.unwrap_err();
            assert_eq!(refused.code(), Some("READONLY"));
        })
        .await;
}

/// Makes the server refuse writes, and lets them through once it has refused one.
fn refuse_for_a_while(server: &Server) -> impl FnOnce() + '_ {
    let set = |count| server.command(&["CONFIG", "SET", "min-replicas-to-write", count]);
    set("1");
    move || {
        until_blocking("a write is refused", || {
            let info = server.command(&["INFO", "errorstats"]);
            let info: String = redis::from_redis_value(info).unwrap();
            info.contains("errorstat_NOREPLICAS")
        });
        set("0");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_command_that_a_primary_without_replicas_refuses_waits_for_them() {
    let named = Named::by(1);
    let logs = declare("logs", HOUR);
    named.world.set(logs, &named.config);
    named.name(0, &named.world.a, 1);
    let calls = async {
        let mut kept = logs.connection().await.unwrap();
        let goes_on = refuse_for_a_while(&named.world.a);
        let count = thread::scope(|scope| {
            scope.spawn(goes_on);
            tokio::task::block_in_place(|| Handle::current().block_on(increment(&mut kept)))
        });
        assert_eq!(count.unwrap(), 1);
    };
    named.world.settings().scope(calls).await;
}

#[test]
fn r4_a_blocking_command_that_a_primary_without_replicas_refuses_waits_for_them() {
    let named = Named::by(1);
    let logs = declare("logs", HOUR);
    named.world.set(logs, &named.config);
    named.name(0, &named.world.a, 1);
    named.world.settings().scope_blocking(|| {
        let mut kept = logs.blocking_connection().unwrap();
        let goes_on = refuse_for_a_while(&named.world.a);
        let count = thread::scope(|scope| {
            scope.spawn(goes_on);
            increment_blocking(&mut kept)
        });
        assert_eq!(count.unwrap(), 1);
    });
}
