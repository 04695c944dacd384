//! Commands that a demoted primary refuses, and what is told.

use redis::RedisResult;
use redis_components::{Connection, blocking};

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
