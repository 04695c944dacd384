//! R1, R5, R10 and R12 with `wait = "0s"`: calls read the config themselves, beside the watch.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use common::moves::{LATE, Notice};
use common::traffic::figure;
use common::{
    World, always_fresh, name_of, name_of_blocking, patient, until, until_blocking, whereabouts,
    whereabouts_blocking,
};
use redis_components::{Component, Scope, Settings, status};
use redis_components_testing::{Proxy, Server, Tls};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How often each writer sets its config and calls.
fn rounds(usual: u64) -> u64 {
    let given = std::env::var("REDIS_COMPONENTS_ROUNDS").ok();
    given.map_or(usual, |rounds| rounds.parse().unwrap())
}

const WRITERS: [&str; 4] = ["one", "two", "three", "four"];

/// The server that a config leads to in a round.
fn of_round(world: &World, round: u64) -> (&Server, &'static str) {
    match round % 2 {
        0 => (&world.b, "b"),
        _ => (&world.a, "a"),
    }
}

/// Writes configs as fast as they come: a connection of its own for each writer.
struct Writer(redis::Connection);

impl Writer {
    fn new(config: &Server) -> Self {
        let client = redis::Client::open(config.url()).unwrap();
        Self(client.get_connection().unwrap())
    }

    fn set(&mut self, component: &Component, server: &Server) {
        let mut set = redis::cmd("SET");
        set.arg(component.key()).arg(server.config());
        set.exec(&mut self.0).unwrap();
    }
}

/// Tells a call that was late from a machine that stood still: a config server that does not answer
/// for half a second is left, and the last good config serves meanwhile.
struct Steady<'a> {
    config: &'a Server,
    /// How many connections the config server had got when it was looked at last.
    connections: AtomicU64,
}

impl<'a> Steady<'a> {
    fn new(config: &'a Server, connections: u64) -> Self {
        let connections = AtomicU64::new(connections);
        Self {
            config,
            connections,
        }
    }

    fn check(&self, found: &str, wanted: &str, what: &str) {
        if found != wanted {
            let now = self.config.connections_received();
            let before = self.connections.swap(now, Ordering::Relaxed);
            assert!(now > before, "{what}: on {found} instead of {wanted}");
        }
    }
}

/// Others keep reads in flight at all times, so that a call that took one in flight would be stale.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r1_a_task_that_sets_a_config_and_calls_is_never_on_the_old_server() {
    for notice in Notice::BOTH {
        let world = Arc::new(World::start());
        let components = WRITERS.map(always_fresh);
        for component in components {
            world.move_to(component, &world.a);
        }
        notice
            .apply(world.settings())
            .scope(async {
                let done = Arc::new(AtomicBool::new(false));
                let mut others = JoinSet::new();
                // The watch's, that of the runtime, and those of the writers.
                let usual = 2 + WRITERS.len() as u64;
                for component in components.repeat(4) {
                    let done = Arc::clone(&done);
                    others.spawn(Scope::wrap(async move {
                        while !done.load(Ordering::Relaxed) {
                            whereabouts(component).await.unwrap();
                        }
                    }));
                }
                let mut writers = JoinSet::new();
                for component in components {
                    let world = Arc::clone(&world);
                    writers.spawn(Scope::wrap(async move {
                        let mut writer = Writer::new(&world.config);
                        let steady = Steady::new(&world.config, usual);
                        for round in 0..rounds(250) {
                            let (server, name) = of_round(&world, round);
                            writer.set(component, server);
                            let found = whereabouts(component).await.unwrap();
                            steady.check(&found, name, &format!("{notice:?}, round {round}"));
                        }
                    }));
                }
                while let Some(writer) = writers.join_next().await {
                    writer.unwrap();
                }
                done.store(true, Ordering::Relaxed);
                while let Some(other) = others.join_next().await {
                    other.unwrap();
                }
            })
            .await;
    }
}

#[test]
fn r1_a_thread_that_sets_a_config_and_calls_is_never_on_the_old_server() {
    for notice in Notice::BOTH {
        let world = World::start();
        let components = WRITERS.map(always_fresh);
        for component in components {
            world.move_to(component, &world.a);
        }
        notice.apply(world.settings()).scope_blocking(|| {
            let scope = Scope::current().unwrap();
            let done = AtomicBool::new(false);
            let (world, done) = (&world, &done);
            // The watch's, that of the threads, and those of the writers.
            let usual = 2 + WRITERS.len() as u64;
            thread::scope(|threads| {
                for component in components.repeat(2) {
                    let scope = scope.clone();
                    threads.spawn(move || {
                        scope.run_blocking(|| {
                            while !done.load(Ordering::Relaxed) {
                                whereabouts_blocking(component).unwrap();
                            }
                        });
                    });
                }
                let writers: Vec<_> = components
                    .into_iter()
                    .map(|component| {
                        let scope = scope.clone();
                        threads.spawn(move || {
                            scope.run_blocking(|| {
                                let mut writer = Writer::new(&world.config);
                                let steady = Steady::new(&world.config, usual);
                                for round in 0..rounds(250) {
                                    let (server, name) = of_round(world, round);
                                    writer.set(component, server);
                                    let found = whereabouts_blocking(component).unwrap();
                                    let what = format!("{notice:?}, round {round}");
                                    steady.check(&found, name, &what);
                                }
                            });
                        })
                    })
                    .collect();
                let ended = writers.into_iter().map(thread::ScopedJoinHandle::join);
                let ended: Vec<_> = ended.collect();
                done.store(true, Ordering::Relaxed);
                ended.into_iter().for_each(Result::unwrap);
            });
        });
    }
}

/// How many connections the config server has: the watch's, that of this runtime, and that of all
/// threads.
async fn read_themselves(config: &Server, component: &Component, connections: u64) {
    until("calls read themselves", async || {
        whereabouts(component).await.unwrap();
        if connections > 2 {
            whereabouts_blocking(component).unwrap();
        }
        config.connected_clients() == connections
    })
    .await;
}

#[tokio::test]
async fn r6_a_call_that_reads_itself_costs_one_read_and_no_connection() {
    for notice in Notice::BOTH {
        let world = World::start();
        let logs = always_fresh("logs");
        world.move_to(logs, &world.a);
        notice
            .apply(world.settings())
            .scope(async {
                read_themselves(&world.config, logs, 3).await;
                let (reads, opened) = (world.reads(), world.config.connections_received());
                for _ in 0..500 {
                    whereabouts(logs).await.unwrap();
                    whereabouts_blocking(logs).unwrap();
                }
                assert_eq!(world.config.connections_received(), opened);
                assert_eq!(world.reads(), reads + 1000);
                assert_eq!(world.a.connections_received(), 2);
            })
            .await;
    }
}

/// If changes are polled, only calls read.
#[tokio::test]
async fn r5_status_knows_of_the_reads_that_calls_send_themselves() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    let age = || {
        let age = status().components[0].proof_age_seconds.unwrap();
        Duration::from_secs_f64(age)
    };
    world
        .settings()
        .push(false)
        .scope(async {
            read_themselves(&world.config, logs, 2).await;
            let begun = Instant::now();
            let reads_of_the_watch = age();
            until("it is newer than what the watch has read", async || {
                whereabouts(logs).await.unwrap();
                age() + Duration::from_millis(100) < begun.elapsed() + reads_of_the_watch
            })
            .await;
            assert_eq!(status().components[0].problem, None);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_calls_that_are_dropped_in_the_middle_of_a_shared_read_keep_no_other_waiting() {
    let world = World::start();
    let proxy = Proxy::to(&world.config);
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    patient(Settings::new(proxy.url()))
        .scope(async {
            until("calls read themselves", async || {
                whereabouts(logs).await.unwrap();
                proxy.accepted() == 2
            })
            .await;
            // A read takes two milliseconds and more.
            proxy.delay(Duration::from_millis(1));
            let done = Arc::new(AtomicBool::new(false));
            let dropped = Arc::new(AtomicU64::new(0));
            let mut impatient = JoinSet::new();
            for _ in 0..16 {
                let (done, dropped) = (Arc::clone(&done), Arc::clone(&dropped));
                impatient.spawn(Scope::wrap(async move {
                    while !done.load(Ordering::Relaxed) {
                        let patience = Duration::from_micros(fastrand::u64(..6000));
                        if timeout(patience, logs.connection()).await.is_err() {
                            dropped.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }));
            }
            let mut writer = Writer::new(&world.config);
            let steady = Steady::new(&world.config, 3);
            for round in 0..100 {
                let (server, name) = of_round(&world, round);
                writer.set(logs, server);
                let found = whereabouts(logs).await.unwrap();
                steady.check(&found, name, &format!("round {round}"));
            }
            done.store(true, Ordering::Relaxed);
            while let Some(ended) = impatient.join_next().await {
                ended.unwrap();
            }
            assert!(dropped.load(Ordering::Relaxed) > 100);
        })
        .await;
}

/// A future that began a read and is kept, but not polled, keeps no other waiting.
#[tokio::test]
async fn r10_a_call_that_nobody_polls_any_more_keeps_no_other_waiting() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            read_themselves(&world.config, logs, 2).await;
            for _ in 0..100 {
                let mut kept = Box::pin(logs.connection());
                let begun = poll_fn(|context| Poll::Ready(kept.as_mut().poll(context))).await;
                assert!(begun.is_pending(), "a read takes a while");
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                let mut connection = kept.await.unwrap();
                assert_eq!(name_of(&mut connection).await.unwrap(), "a");
            }
        })
        .await;
}

fn multi_thread() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn r12_a_runtime_that_ends_in_the_middle_of_a_shared_read_takes_no_other_with_it() {
    let world = World::start();
    let proxy = Proxy::to(&world.config);
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    patient(Settings::new(proxy.url())).scope_blocking(|| {
        let scope = Scope::current().unwrap();
        let stays = multi_thread();
        let mut writer = Writer::new(&world.config);
        for round in 0..20 {
            let doomed = multi_thread();
            proxy.pass();
            let before = proxy.accepted();
            doomed.block_on(scope.clone().run(until("calls read themselves", async || {
                whereabouts(logs).await.unwrap();
                proxy.accepted() > before
            })));
            // The reads of the doomed runtime are in flight when it ends.
            proxy.delay(Duration::from_millis(3));
            for _ in 0..8 {
                let calls = async move { while whereabouts(logs).await.is_ok() {} };
                doomed.spawn(scope.clone().run(calls));
            }
            let steady = Steady::new(&world.config, world.config.connections_received());
            let here = |wanted: &str| {
                let what = format!("round {round}");
                let found = stays.block_on(scope.clone().run(whereabouts(logs)));
                steady.check(&found.unwrap(), wanted, &what);
                let found = scope.clone().run_blocking(|| whereabouts_blocking(logs));
                steady.check(&found.unwrap(), wanted, &what);
            };
            let (server, name) = of_round(&world, round);
            writer.set(logs, server);
            here(name);
            doomed.shutdown_background();
            here(name);
        }
        proxy.pass();
        let connections = || world.config.connected_clients();
        // The writer's, the watch's, that of the runtime that stays, and that of the threads.
        until_blocking("their connections are closed", || connections() <= 4);
    });
}

/// The connection of the runtime, or that of the threads, is silent, and all others answer.
#[tokio::test]
async fn r10_a_silent_connection_beside_the_watch_costs_a_part_of_the_time_once() {
    let world = World::start();
    let proxy = Proxy::to(&world.config);
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    let mut writer = Writer::new(&world.config);
    Settings::new(proxy.url())
        .connect_timeout(common::SOON)
        .scope(async {
            until("tasks read themselves", async || {
                whereabouts(logs).await.unwrap();
                proxy.accepted() == 2
            })
            .await;
            until("threads read themselves", async || {
                whereabouts_blocking(logs).unwrap();
                proxy.accepted() == 3
            })
            .await;
            let mut took = Vec::new();
            for (silent, is_blocking) in [(2, false), (3, true)] {
                proxy.hold_one(silent);
                let begun = Instant::now();
                for round in 0..20 {
                    let (server, name) = of_round(&world, round);
                    writer.set(logs, server);
                    let found = if is_blocking {
                        whereabouts_blocking(logs).unwrap()
                    } else {
                        whereabouts(logs).await.unwrap()
                    };
                    assert_eq!(found, name, "round {round}");
                }
                took.push(begun.elapsed());
                assert_eq!(status().components[0].problem, None);
            }
            figure(
                "20 moves, of which the first waits for the silence",
                took.clone(),
            );
            assert!(took.iter().all(|took| *took < LATE), "{took:?}");
        })
        .await;
}

/// Everything that a config server can be reached by. The connections that calls use themselves are
/// opened in the same way as the watch's.
#[tokio::test]
async fn r13_calls_read_themselves_from_every_kind_of_config_server() {
    let (world, tls) = (World::start(), Tls::new());
    let secure = Server::builder().tls(&tls).start();
    let local = Server::builder().unix_socket().start();
    let guarded = Server::builder().arguments(&["--requirepass", "secret"]);
    let guarded = guarded.start();
    let path = local.unix_socket().unwrap().to_str().unwrap().to_owned();
    let port = guarded.port();
    for (server, text) in [
        (&world.config, world.config.url()),
        (&secure, secure.config()),
        (
            &local,
            serde_json::json!({ "unix_socket_path": path }).to_string(),
        ),
        (&guarded, format!("redis://:secret@127.0.0.1:{port}/3")),
        (
            &world.config,
            format!("redis://127.0.0.1:1,{}", world.config.url()),
        ),
    ] {
        let logs = always_fresh("logs");
        let database = if text.ends_with("/3") { "3" } else { "0" };
        let set = |data: &Server| {
            let mut script = "redis.call('SELECT', ARGV[1])".to_owned();
            script += " return redis.call('SET', KEYS[1], ARGV[2])";
            let config = data.config();
            server.command(&["EVAL", &script, "1", logs.key(), database, &config]);
        };
        set(&world.a);
        patient(Settings::new(&text))
            .scope(async {
                read_themselves(server, logs, 3).await;
                let steady = Steady::new(server, server.connections_received());
                for round in 0..40 {
                    let (data, name) = of_round(&world, round);
                    set(data);
                    let found = if round % 3 == 0 {
                        whereabouts_blocking(logs).unwrap()
                    } else {
                        whereabouts(logs).await.unwrap()
                    };
                    steady.check(&found, name, &format!("{text}, round {round}"));
                }
            })
            .await;
        until("nobody is connected", async || {
            server.connected_clients() == 0
        })
        .await;
    }
}

/// What is said by a config server that the watch has left counts no more, although its connections
/// are open.
#[tokio::test]
async fn r5_a_config_server_that_was_left_confirms_nothing() {
    let world = World::start();
    let next = Server::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    next.command(&["SET", logs.key(), &world.b.config()]);
    let both = format!("{}, {}", world.config.url(), next.url());
    Settings::new(both)
        .connect_timeout(common::SOON)
        .scope(async {
            read_themselves(&world.config, logs, 3).await;
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.config.freeze();
            until("the next one is followed", async || {
                // Not one call fails.
                let found = whereabouts(logs).await.unwrap();
                let blocking = whereabouts_blocking(logs).unwrap();
                found == "b" && blocking == "b"
            })
            .await;
            world.config.thaw();
            for _ in 0..200 {
                assert_eq!(whereabouts(logs).await.unwrap(), "b");
                assert_eq!(whereabouts_blocking(logs).unwrap(), "b");
            }
            read_themselves(&next, logs, 3).await;
            until("the first one is left", async || {
                world.config.connected_clients() == 0
            })
            .await;
        })
        .await;
}

/// A config server that refuses further connections, or ends those that calls use, fails no call.
#[tokio::test]
async fn r5_a_config_server_at_its_limit_of_clients_answers_over_the_watch() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    // The watch's, and that of the test.
    world.config.command(&["CONFIG", "SET", "maxclients", "2"]);
    world
        .settings()
        .scope(async {
            for round in 0..40 {
                let (server, name) = of_round(&world, round);
                world.move_to(logs, server);
                assert_eq!(whereabouts(logs).await.unwrap(), name);
                assert_eq!(whereabouts_blocking(logs).unwrap(), name);
            }
            assert_eq!(status().components[0].problem, None);
            world
                .config
                .command(&["CONFIG", "SET", "maxclients", "100"]);
            read_themselves(&world.config, logs, 3).await;
            for round in 0..40 {
                common::clients::kill_clients(&world.config);
                let (server, name) = of_round(&world, round);
                world.move_to(logs, server);
                assert_eq!(whereabouts(logs).await.unwrap(), name);
                assert_eq!(whereabouts_blocking(logs).unwrap(), name);
            }
        })
        .await;
}

/// A connection that a call got keeps working when the component moves.
#[tokio::test]
async fn r9_a_connection_says_that_it_is_not_current_once_a_call_has_seen_the_move() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            read_themselves(&world.config, logs, 3).await;
            let mut kept = logs.connection().await.unwrap();
            let mut kept_blocking = logs.blocking_connection().unwrap();
            world.move_to(logs, &world.b);
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            assert!(!kept.is_current());
            assert!(!kept_blocking.is_current());
            assert_eq!(name_of(&mut kept).await.unwrap(), "a");
            assert_eq!(name_of_blocking(&mut kept_blocking).unwrap(), "a");
        })
        .await;
}
