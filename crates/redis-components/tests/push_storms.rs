//! R6 and R1 with a config server that pushes much and says little: what no caller asks for is read at most twenty times a
//! second, and what callers ask for is read at once.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;
#[allow(dead_code, reason = "shared with the tests of events")]
#[path = "events/log.rs"]
mod log;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{HOUR, World, always_fresh, declare, until, whereabouts};
use log::{lines, listen};
use redis_components::{Component, status};

/// How long a storm is watched. The bound is on what is counted meanwhile.
const WATCHED: Duration = Duration::from_secs(3);

fn warnings_about(world: &World) -> usize {
    let server = format!("127.0.0.1:{}", world.config.port());
    lines(&["config server pushes needlessly", &server]).len()
}

fn warning() -> Option<String> {
    status().components[0].warning.clone()
}

/// Three components on `a`, whose configs this process has read.
async fn three(world: &World) -> [&'static Component; 3] {
    let components = ["logs", "stats", "locks"].map(|name| declare(name, HOUR));
    for component in components {
        world.move_to(component, &world.a);
        assert_eq!(whereabouts(component).await.unwrap(), "a");
    }
    components
}

/// Returns how many configs were read while nobody called, and how many may be: `keys` of them, twenty times a second.
async fn reads_while_idle(world: &World, keys: u32) -> (u64, u64) {
    let (begun, reads) = (Instant::now(), world.reads());
    tokio::time::sleep(WATCHED).await;
    let reads = world.reads() - reads;
    let seconds = begun.elapsed().as_secs_f64().ceil();
    println!("figure: {reads} reads of {keys} idle keys in {seconds} s");
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few seconds"
    )]
    let most = u64::from(keys) * 20 * seconds as u64;
    (reads, most)
}

/// Does something again and again, on a thread, while it lives.
struct Again {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Again {
    fn start(mut work: impl FnMut(u64) + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut round = 0;
            while !stopped.load(Ordering::Relaxed) {
                work(round);
                round += 1;
                thread::sleep(Duration::from_micros(500));
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Again {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Sets a key again and again, to each value in turn.
fn hammer(world: &World, key: &'static str, values: Vec<String>) -> Again {
    let mut writer = world.config.connection();
    let mut values = values.into_iter().cycle();
    Again::start(move |_| {
        let value = values.next().unwrap();
        let _: () = redis::cmd("SET")
            .arg(key)
            .arg(value)
            .query(&mut writer)
            .unwrap();
    })
}

#[tokio::test]
async fn r6_a_push_makes_old_only_the_key_that_it_names() {
    let world = World::start();
    let settings = world.settings().reread_interval(HOUR);
    settings
        .scope(async {
            let [logs, ..] = three(&world).await;
            // A key that nobody here uses, tracked for this process or not, makes nothing old.
            world.config.command(&["SET", "config:redis:others", "{}"]);
            for round in 1..=20 {
                let (reads, server, name) = if round % 2 == 0 {
                    (world.reads(), &world.a, "a")
                } else {
                    (world.reads(), &world.b, "b")
                };
                world.move_to(logs, server);
                until("the move is seen", async || {
                    whereabouts(logs).await.unwrap() == name
                })
                .await;
                assert_eq!(world.reads(), reads + 1, "in round {round}");
            }
            assert_eq!(warning(), None);
        })
        .await;
}

#[tokio::test]
async fn r2_a_push_that_names_no_key_makes_all_old() {
    for command in ["FLUSHALL", "FLUSHDB"] {
        let world = World::start();
        let settings = world.settings().reread_interval(HOUR);
        settings
            .scope(async {
                three(&world).await;
                world.config.command(&[command]);
                until("all are seen to be gone", async || {
                    let components = status().components;
                    components
                        .iter()
                        .all(|component| component.problem.is_some())
                })
                .await;
            })
            .await;
    }
}

#[tokio::test]
async fn r6_a_tracking_table_that_is_too_small_makes_no_storm_of_reads() {
    listen();
    for limit in ["1", "2"] {
        let world = World::start();
        world
            .config
            .command(&["CONFIG", "SET", "tracking-table-max-keys", limit]);
        let settings = world.settings().reread_interval(HOUR);
        settings
            .scope(async {
                let components = three(&world).await;
                let (reads, most) = reads_while_idle(&world, 3).await;
                assert!(reads <= most, "{reads} with a table of {limit}");
                let told = warning().unwrap();
                assert!(told.contains("tracking-table-max-keys"), "{told}");
                assert_eq!(warnings_about(&world), 1);

                // Changes are seen all the same.
                for component in components {
                    world.move_to(component, &world.b);
                    until("the move is seen", async || {
                        whereabouts(component).await.unwrap() == "b"
                    })
                    .await;
                }
                // And once the table is large enough, nothing is told any more. That takes a while.
                if limit == "1" {
                    return;
                }
                world
                    .config
                    .command(&["CONFIG", "SET", "tracking-table-max-keys", "1000"]);
                let calm = Instant::now();
                while warning().is_some() {
                    assert!(calm.elapsed() < Duration::from_secs(60), "it is calm");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            })
            .await;
    }
}

#[tokio::test]
async fn r6_a_tracking_table_that_others_fill_makes_no_storm_of_reads() {
    let world = World::start();
    world
        .config
        .command(&["CONFIG", "SET", "tracking-table-max-keys", "1000"]);
    let settings = world.settings().reread_interval(HOUR);
    settings
        .scope(async {
            three(&world).await;
            let mut other = world.config.connection();
            let _: () = redis::cmd("CLIENT")
                .arg("TRACKING")
                .arg("ON")
                .arg("REDIRECT")
                .arg(0)
                .query(&mut other)
                .or_else(|_| {
                    redis::pipe()
                        .cmd("HELLO")
                        .arg(3)
                        .ignore()
                        .cmd("CLIENT")
                        .arg("TRACKING")
                        .arg("ON")
                        .ignore()
                        .query(&mut other)
                })
                .unwrap();
            let others = Again::start(move |round| {
                let mut keys = redis::pipe();
                for key in 0..10 {
                    keys.cmd("GET").arg(format!("{round}:{key}")).ignore();
                }
                // Pushes come between the replies; what they say is not the question.
                let _ = keys.query::<()>(&mut other);
            });
            until("keys are evicted", async || {
                let info = world.config.command(&["INFO", "stats"]);
                let info: String = redis::from_redis_value(info).unwrap();
                let keys = info
                    .lines()
                    .find_map(|line| line.strip_prefix("tracking_total_keys:"))
                    .unwrap();
                keys.trim().parse::<u64>().unwrap() >= 990
            })
            .await;
            let (reads, most) = reads_while_idle(&world, 3).await;
            drop(others);
            assert!(reads <= most, "{reads}");
        })
        .await;
}

#[tokio::test]
async fn r6_a_key_that_is_written_all_the_time_makes_no_storm_of_reads() {
    let world = World::start();
    let settings = world.settings().reread_interval(HOUR);
    settings
        .scope(async {
            let [logs, ..] = three(&world).await;
            let same = vec![world.a.config(), world.a.config() + " "];
            let writer = hammer(&world, logs.key(), same);
            let (reads, most) = reads_while_idle(&world, 1).await;
            assert!(reads <= most, "{reads}");
            drop(writer);
            let settled = world.reads();
            world.move_to(logs, &world.b);
            until("the move is seen", async || {
                whereabouts(logs).await.unwrap() == "b"
            })
            .await;
            assert!(world.reads() <= settled + 2, "nothing is left of the storm");
        })
        .await;
}

#[tokio::test]
async fn r6_a_key_that_flips_between_two_configs_makes_no_storm_of_reads_or_connections() {
    let world = World::start();
    let settings = world.settings().reread_interval(HOUR);
    settings
        .scope(async {
            let [logs, ..] = three(&world).await;
            let connections = world.a.connections_received() + world.b.connections_received();
            let both = vec![world.b.config(), world.a.config()];
            let writer = hammer(&world, logs.key(), both);
            let (begun, reads) = (Instant::now(), world.reads());
            while begun.elapsed() < WATCHED {
                whereabouts(logs).await.unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            drop(writer);
            // Each read finds a change.
            let most = 80 * (begun.elapsed().as_secs() + 1);
            let reads = world.reads() - reads;
            let connections =
                world.a.connections_received() + world.b.connections_received() - connections;
            println!("figure: {reads} reads and {connections} connections in 3 s of flips");
            assert!(reads <= most, "{reads} reads");
            assert!(connections <= most, "{connections} connections");
            // And once it is over, the last one counts.
            for (server, name) in [(&world.b, "b"), (&world.a, "a")] {
                world.move_to(logs, server);
                until("the last config is in force", async || {
                    whereabouts(logs).await.unwrap() == name
                })
                .await;
            }
        })
        .await;
}

#[tokio::test]
async fn r1_reads_that_callers_ask_for_are_not_held_up_by_a_storm_of_pushes() {
    let world = World::start();
    world
        .config
        .command(&["CONFIG", "SET", "tracking-table-max-keys", "1"]);
    let fresh = always_fresh("fresh");
    world.move_to(fresh, &world.a);
    let settings = world.settings().reread_interval(HOUR);
    settings
        .scope(async {
            let [logs, ..] = three(&world).await;
            let same = vec![world.a.config(), world.a.config() + " "];
            let writer = hammer(&world, logs.key(), same);
            let begun = Instant::now();
            let rounds = 200;
            for round in 0..rounds {
                let (server, name) = if round % 2 == 0 {
                    (&world.b, "b")
                } else {
                    (&world.a, "a")
                };
                world.move_to(fresh, server);
                assert_eq!(whereabouts(fresh).await.unwrap(), name, "in round {round}");
            }
            println!(
                "figure: {rounds} moves seen at once in {:?}",
                begun.elapsed()
            );
            // If they were held up, each would take a twentieth of a second.
            assert!(begun.elapsed() < Duration::from_millis(50) * rounds);
            drop(writer);
        })
        .await;
}
