//! Slots move while calls go on, and no call is lost or executed twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use redis::{Pipeline, RedisResult, pipe};
use redis_components::{Component, Scope};
use redis_components_testing::Cluster;

use crate::common::{HOUR, declare, until};
use crate::setup::{Place, Way, counter};

/// What callers send: each sends increments of the same counters, and no two may be lost.
#[derive(Clone, Copy, Debug)]
enum Form {
    Single,
    Pipeline,
    Transaction,
}

/// Two counters of one slot.
const COUNTERS: [&str; 2] = ["{moving}a", "{moving}b"];

fn pipeline(form: Form) -> Pipeline {
    let mut pipeline = pipe();
    if matches!(form, Form::Transaction) {
        pipeline.atomic();
    }
    for key in COUNTERS {
        pipeline.cmd("INCR").arg(key);
    }
    pipeline
}

/// Sends increments, and counts those of each counter that were acknowledged.
async fn increment(
    data: &'static Component,
    way: Way,
    form: Form,
    done: &[AtomicU64; 2],
) -> RedisResult<()> {
    let acknowledge = |number: usize| done[number].fetch_add(1, Ordering::Relaxed);
    match form {
        Form::Single => {
            for (number, key) in COUNTERS.iter().enumerate() {
                way.send::<i64>(data, redis::cmd("INCR").arg(key)).await?;
                acknowledge(number);
            }
        }
        Form::Pipeline | Form::Transaction => {
            way.send_all::<(i64, i64)>(data, &pipeline(form)).await?;
            acknowledge(0);
            acknowledge(1);
        }
    }
    Ok(())
}

async fn callers(
    data: &'static Component,
    way: Way,
    stop: &Arc<AtomicBool>,
    done: &Arc<[AtomicU64; 2]>,
) -> Vec<tokio::task::JoinHandle<()>> {
    let mut tasks = Vec::new();
    for form in [Form::Single, Form::Pipeline, Form::Transaction] {
        for _ in 0..2 {
            let (stop, done) = (Arc::clone(stop), Arc::clone(done));
            tasks.push(tokio::spawn(Scope::wrap(async move {
                while !stop.load(Ordering::Relaxed) {
                    let sent = increment(data, way, form, &done).await;
                    sent.unwrap_or_else(|error| panic!("{way:?} {form:?}: {error}"));
                }
            })));
        }
    }
    tasks
}

async fn progress(done: &[AtomicU64; 2]) {
    let calls = || done[1].load(Ordering::Relaxed);
    let before = calls();
    until("calls go on", async || calls() >= before + 20).await;
}

fn assert_exact(cluster: &Cluster, done: &[AtomicU64; 2], way: Way) {
    for (key, done) in COUNTERS.iter().zip(done) {
        let acknowledged = done.load(Ordering::Relaxed);
        assert_eq!(counter(cluster, key), acknowledged, "{way:?} {key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_slot_moves_under_load_and_each_increment_is_executed_once() {
    let cluster = Arc::new(Cluster::start(3, 0));
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            for way in Way::ALL {
                cluster.flush();
                let (stop, done): (Arc<AtomicBool>, Arc<[AtomicU64; 2]>) = Default::default();
                let tasks = callers(data, way, &stop, &done).await;
                progress(&done).await;
                for _ in 0..4 {
                    let moving = Arc::clone(&cluster);
                    let begun = tokio::task::spawn_blocking(move || {
                        let slot = moving.slot_of(COUNTERS[0]);
                        let to = (moving.primary_of_slot(slot) + 1) % 3;
                        moving.begin_migration(slot, to)
                    });
                    let migration = begun.await.unwrap();
                    progress(&done).await;
                    // One key is here and one is there: some answers are TRYAGAIN.
                    let migration = tokio::task::spawn_blocking(move || {
                        migration.move_key(COUNTERS[0]);
                        migration
                    });
                    let migration = migration.await.unwrap();
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    let finished = tokio::task::spawn_blocking(move || {
                        migration.move_keys();
                        migration.finish();
                    });
                    finished.await.unwrap();
                    progress(&done).await;
                }
                stop.store(true, Ordering::Relaxed);
                for task in tasks {
                    task.await.unwrap();
                }
                cluster.wait_until_ready();
                assert_exact(&cluster, &done, way);
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_graceful_failover_fails_no_call() {
    let cluster = Arc::new(Cluster::start(3, 3));
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config());
    place
        .settings()
        .scope(async {
            for ways in [
                [Way::Task, Way::DedicatedTask],
                [Way::Thread, Way::DedicatedThread],
            ] {
                cluster.flush();
                let (stop, done): (Arc<AtomicBool>, Arc<[AtomicU64; 2]>) = Default::default();
                let mut tasks = Vec::new();
                for way in ways {
                    tasks.extend(callers(data, way, &stop, &done).await);
                }
                progress(&done).await;
                let failing = Arc::clone(&cluster);
                let failover = tokio::task::spawn_blocking(move || {
                    failing.failover(failing.primary_of(COUNTERS[0]))
                });
                failover.await.unwrap();
                progress(&done).await;
                stop.store(true, Ordering::Relaxed);
                for task in tasks {
                    task.await.unwrap();
                }
                assert_exact(&cluster, &done, ways[0]);
            }
        })
        .await;
}

/// What a node announces if it is behind a load balancer, or does not know its own address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_nodes_that_do_not_name_their_hosts_are_found() {
    // The first name no host, and the others name `?`, because they have no host name.
    for endpoints in ["unknown-endpoint", "hostname"] {
        let cluster = Cluster::start(3, 0);
        for node in cluster.nodes() {
            let name = "cluster-preferred-endpoint-type";
            node.command(&["CONFIG", "SET", name, endpoints]);
        }
        is_followed(Arc::new(cluster)).await;
    }
}

/// Asserts that callers follow a slot of a cluster of which they know one node.
async fn is_followed(cluster: Arc<Cluster>) {
    let place = Place::start();
    let data = declare("data", HOUR);
    place.set(data, &cluster.config_with_seeds(&[0]));
    place
        .settings()
        .scope(async {
            for way in Way::ALL {
                cluster.flush();
                let (stop, done): (Arc<AtomicBool>, Arc<[AtomicU64; 2]>) = Default::default();
                let tasks = callers(data, way, &stop, &done).await;
                progress(&done).await;
                let moving = Arc::clone(&cluster);
                let moved = tokio::task::spawn_blocking(move || {
                    let slot = moving.slot_of(COUNTERS[0]);
                    let to = (moving.primary_of_slot(slot) + 1) % 3;
                    moving.migrate(slot, to);
                });
                moved.await.unwrap();
                progress(&done).await;
                stop.store(true, Ordering::Relaxed);
                for task in tasks {
                    task.await.unwrap();
                }
                assert_exact(&cluster, &done, way);
            }
        })
        .await;
}
