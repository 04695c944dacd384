//! Connections with a maximum age: all are replaced in time, and no call notices.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use redis_components::__private::AcquireDedicated;
use redis_components::{Connection, Settings, status};
use redis_components_testing::Server;

use common::clients::{blocked, client_id, client_list};
use common::traffic::{STEADY, Traffic};
use common::{
    HOUR, World, arrives, counter, declare, patient, until, whereabouts, whereabouts_blocking,
};

const AGE: Duration = Duration::from_secs(1);

/// Returns the numbers of all connections to the server.
fn ids(server: &Server) -> BTreeSet<String> {
    let list = client_list(server);
    list.iter().map(|line| client_id(line).to_owned()).collect()
}

/// Waits until none of these connections is left.
async fn are_replaced(server: &Server, old: &BTreeSet<String>) {
    assert!(!old.is_empty());
    until("the connections are replaced", async || {
        ids(server).is_disjoint(old)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_connections_that_reach_their_age_are_replaced_and_no_call_fails() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .max_connection_age(AGE)
        .scope(async {
            let acquired = <Connection as AcquireDedicated>::acquire(logs, "pop").await;
            let mut dedicated = acquired.unwrap();
            let waiting = Box::pin(async {
                let mut pop = redis::cmd("BLPOP");
                pop.arg("queue").arg(0);
                pop.query_async::<(String, String)>(&mut *dedicated).await
            });
            let meanwhile = async {
                until("it waits", async || blocked(&world.a) == 1).await;
                // A call that waits keeps its own connection, and the one that can end it.
                let kept = ids(&world.a);
                let traffic = Traffic::start(logs, STEADY);
                traffic.goes_on(100).await;
                until("tasks have another", async || {
                    let list = client_list(&world.a);
                    let others = list.iter().filter(|line| !kept.contains(client_id(line)));
                    others.count() > STEADY.threads
                })
                .await;
                for _ in 0..3 {
                    are_replaced(&world.a, &(&ids(&world.a) - &kept)).await;
                }
                let calls = traffic.stop().await;
                for call in &calls {
                    assert_eq!(call.outcome.as_deref(), Ok("a"), "{call:?}");
                }
                assert_eq!(counter(&world.a), calls.len() as u64);
                assert_eq!(blocked(&world.a), 1);
                world.a.command(&["RPUSH", "queue", "element"]);
            };
            let (popped, ()) = tokio::join!(waiting, meanwhile);
            assert_eq!(popped.unwrap().1, "element");
            assert_eq!(
                status().components[0].current.as_ref().unwrap().generation,
                1
            );
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_old_connections_stay_in_use_while_the_server_takes_no_new_ones() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    world
        .settings()
        .max_connection_age(AGE)
        .scope(async {
            let call = async || {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                let blocking = tokio::task::block_in_place(|| whereabouts_blocking(logs));
                assert_eq!(blocking.unwrap(), "a");
            };
            call().await;
            // Those that are logged in stay so.
            world.a.command(&["CONFIG", "SET", "requirepass", "s"]);
            until("it is told", async || {
                call().await;
                status().components[0].problem.is_some()
            })
            .await;
            let old = ids(&world.a);
            world.a.command(&["CONFIG", "SET", "requirepass", ""]);
            are_replaced(&world.a, &old).await;
            until("nothing is wrong", async || {
                call().await;
                status().components[0].problem.is_none()
            })
            .await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_made_for_a_candidate_are_replaced_too() {
    let world = World::start();
    let logs = declare("logs", Duration::from_millis(20));
    world.move_to(logs, &world.a);
    world
        .settings()
        .max_connection_age(AGE)
        .scope(async {
            whereabouts(logs).await.unwrap();
            let offer = format!(r#"{{"id": "m1", "config": {}}}"#, world.b.config());
            let control = format!(r#"{{"prepare": {{"logs": {offer}}}}}"#);
            world
                .config
                .command(&["SET", "config:redis:@fleet", &control]);
            until("the candidate is ready", async || {
                let candidate = status().components[0].candidate.clone();
                candidate.is_some_and(|candidate| candidate.is_ready)
            })
            .await;
            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
            world.config.command(&["DEL", "config:redis:@fleet"]);
            for _ in 0..2 {
                are_replaced(&world.b, &ids(&world.b)).await;
            }
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fixed_configs_have_a_maximum_age_too_and_others_have_none() {
    let world = World::start();
    let (aging, lasting) = (declare("aging", HOUR), declare("lasting", HOUR));
    let fixed = |name, server: &Server| patient(Settings::fixed([(name, server.url())]));
    fixed("lasting", &world.b)
        .scope(async {
            whereabouts(lasting).await.unwrap();
            let all = ids(&world.b);
            fixed("aging", &world.a)
                .max_connection_age(AGE)
                .scope(async {
                    whereabouts(aging).await.unwrap();
                    for _ in 0..2 {
                        are_replaced(&world.a, &ids(&world.a)).await;
                    }
                })
                .await;
            assert_eq!(ids(&world.b), all);
        })
        .await;
}
