//! R6 and R12 with `wait = "0s"`: the connections over which calls read their configs end when nobody
//! needs them any more. Alone in its file, because it counts what the whole process has.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::fs::{read_dir, read_to_string};
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use common::clients::{client_id, client_list, kill_clients};
use common::{
    HOUR, World, always_fresh, patient, until, until_blocking, whereabouts, whereabouts_blocking,
};
use redis_components::{Component, Scope, Settings, shutdown};
use redis_components_testing::{Proxy, Server};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinSet;

/// Lets one test count at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many files and sockets this process has open, and how many threads it has.
fn usage() -> (usize, usize) {
    let count = |folder| read_dir(folder).unwrap().count();
    (count("/proc/self/fd"), count("/proc/self/task"))
}

/// The threads of this process by name, for people.
fn threads() -> Vec<String> {
    let all = read_dir("/proc/self/task").unwrap();
    let name = |thread: std::fs::DirEntry| read_to_string(thread.path().join("comm"));
    all.filter_map(|thread| name(thread.ok()?).ok()).collect()
}

fn multi_thread() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

/// What happens when a scope ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// Nobody calls.
    Rest,
    /// Tasks are dropped in the middle of their calls, and threads call.
    InFlight,
    /// The same, after a shutdown.
    ShutDown,
    /// The config server closes all connections, again and again.
    Closing,
    /// The config server is stopped, and calls wait for it.
    Frozen,
    /// The watch has left the config server for the next, and calls read there.
    Moved,
    /// A task's connection is being opened, and nothing answers. No timeout ends that.
    Opening,
    /// The same for a thread's, which is given up when the time is over.
    OpeningOnThread,
}

/// How many scopes end in each way: a hundred.
const SCOPES: [(End, usize); 8] = [
    (End::Rest, 20),
    (End::InFlight, 20),
    (End::ShutDown, 20),
    (End::Closing, 20),
    (End::Frozen, 8),
    (End::Moved, 4),
    (End::Opening, 4),
    (End::OpeningOnThread, 4),
];

struct Stage {
    world: World,
    next: Server,
    proxy: Proxy,
    logs: &'static Component,
}

impl Stage {
    fn settings(&self, end: End) -> Settings {
        let settings = Settings::new(format!("{},{}", self.proxy.url(), self.next.url()));
        match end {
            End::Opening => settings
                .connect_timeout(HOUR)
                .response_timeout(Duration::from_millis(400)),
            End::Frozen | End::Moved | End::OpeningOnThread => settings
                .connect_timeout(Duration::from_secs(2))
                .response_timeout(Duration::from_millis(400)),
            _ => patient(settings),
        }
    }

    /// Calls until tasks and threads read over connections of their own.
    async fn read_themselves(&self, server: &Server) {
        until("calls read themselves", async || {
            whereabouts(self.logs).await.unwrap();
            whereabouts_blocking(self.logs).unwrap();
            server.connected_clients() == 3
        })
        .await;
    }

    /// Starts calls of tasks, which go on until they are dropped, and of threads, which go on until an
    /// error.
    fn call(&self, rounds: usize) -> JoinSet<()> {
        let (logs, mut tasks) = (self.logs, JoinSet::new());
        for _ in 0..4 {
            tasks.spawn(Scope::wrap(async move {
                while whereabouts(logs).await.is_ok() {}
                pending::<()>().await;
            }));
        }
        for _ in 0..2 {
            let scope = Scope::current().unwrap();
            thread::spawn(move || {
                scope.run_blocking(|| {
                    (0..rounds).all(|_| whereabouts_blocking(logs).is_ok());
                });
            });
        }
        tasks
    }

    async fn live(&self, end: End) {
        let pause = Duration::from_millis(fastrand::u64(2..12));
        if matches!(end, End::Opening | End::OpeningOnThread) {
            whereabouts(self.logs).await.unwrap();
            whereabouts_blocking(self.logs).unwrap();
            self.proxy.hold();
            let calls = match end {
                End::Opening => self.call(0),
                _ => self.call(2),
            };
            tokio::time::sleep(pause).await;
            return drop(calls);
        }
        self.read_themselves(&self.world.config).await;
        match end {
            End::Rest | End::Opening | End::OpeningOnThread => {}
            End::InFlight | End::ShutDown => {
                self.proxy.delay(Duration::from_millis(2));
                let calls = self.call(3);
                tokio::time::sleep(pause).await;
                if end == End::ShutDown {
                    shutdown(Duration::ZERO).await.unwrap();
                }
                drop(calls);
            }
            End::Closing => {
                let calls = self.call(20);
                for _ in 0..3 {
                    tokio::time::sleep(pause).await;
                    kill_clients(&self.world.config);
                }
                drop(calls);
            }
            End::Frozen => {
                self.world.config.freeze();
                let calls = self.call(1);
                tokio::time::sleep(pause * 10).await;
                drop(calls);
            }
            End::Moved => {
                self.world.config.freeze();
                self.read_themselves(&self.next).await;
                drop(self.call(3));
            }
        }
    }
}

#[test]
fn r12_a_hundred_scopes_leave_no_connection_no_thread_and_no_descriptor() {
    let _alone = alone();
    multi_thread().block_on(end_a_hundred_scopes());
}

async fn end_a_hundred_scopes() {
    let world = World::start();
    let stage = Stage {
        proxy: Proxy::to(&world.config),
        next: Server::start(),
        logs: always_fresh("logs"),
        world,
    };
    stage.world.move_to(stage.logs, &stage.world.a);
    let config = stage.world.a.config();
    stage.next.command(&["SET", stage.logs.key(), &config]);
    let (before, tasks) = (usage(), Handle::current().metrics());
    for (end, scopes) in SCOPES {
        for _ in 0..scopes {
            stage.settings(end).scope(stage.live(end)).await;
            // What is still silent is waited for no more.
            until(&format!("{end:?}: no task is left"), async || {
                tasks.num_alive_tasks() == 0
            })
            .await;
            stage.proxy.pass();
            if matches!(end, End::Frozen | End::Moved) {
                stage.world.config.thaw();
            }
        }
        let servers = [&stage.world.config, &stage.next, &stage.world.a];
        until(&format!("{end:?}: nothing is left"), async || {
            let clients = servers.map(Server::connected_clients);
            let (files, tasks) = usage();
            let is_clean = clients == [0; 3] && files <= before.0 && tasks <= before.1;
            if !is_clean && fastrand::u8(..) == 0 {
                println!("{end:?}: {clients:?}, {files} files, {:?}", threads());
            }
            is_clean
        })
        .await;
    }
}

/// A connection that has ended is forgotten by one key and opened again for another.
#[test]
fn r12_a_connection_that_was_lost_and_opened_again_ends_with_its_scope() {
    let _alone = alone();
    let world = World::start();
    let (logs, queue) = (always_fresh("logs"), always_fresh("queue"));
    world.move_to(logs, &world.a);
    world.move_to(queue, &world.a);
    let scope = world.settings().scope_blocking(Scope::current).unwrap();
    let (stays, other) = (multi_thread(), multi_thread());
    let calls = |runtime: &Runtime, component| {
        let call = scope.clone().run(whereabouts(component));
        assert_eq!(runtime.block_on(call).unwrap(), "a");
    };
    until_blocking("one runtime reads itself", || {
        calls(&stays, logs);
        world.config.connected_clients() == 2
    });
    let list = client_list(&world.config);
    let beside = list.iter().find(|line| line.contains(" flags=N "));
    let id = client_id(beside.unwrap());
    world.config.command(&["CLIENT", "KILL", "ID", id]);
    until_blocking("it is closed", || world.config.connected_clients() == 1);
    until_blocking("the other runtime reads itself", || {
        calls(&other, queue);
        world.config.connected_clients() == 2
    });
    until_blocking("both read themselves", || {
        calls(&stays, logs);
        calls(&other, queue);
        world.config.connected_clients() == 3
    });
    drop(scope);
    until_blocking("nothing is left", || {
        world.config.connected_clients() == 0 && world.a.connected_clients() == 0
    });
}

/// The connections of a runtime that runs, of one that is not run any more, and of all threads.
#[test]
fn r6_a_process_at_rest_has_no_connection_beside_the_watch() {
    let _alone = alone();
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    let scope = world.settings().scope_blocking(Scope::current).unwrap();
    let runs = multi_thread();
    let stands_still = Builder::new_current_thread().enable_all().build().unwrap();
    let call = || scope.clone().run(whereabouts(logs));
    for round in 0..2 {
        until_blocking("calls read themselves", || {
            assert_eq!(stands_still.block_on(call()).unwrap(), "a");
            assert_eq!(runs.block_on(call()).unwrap(), "a");
            let blocking = scope.clone().run_blocking(|| whereabouts_blocking(logs));
            assert_eq!(blocking.unwrap(), "a");
            // A runtime that stands still goes on with what it was opening when it runs again.
            let list = client_list(&world.config);
            let beside = list.iter().filter(|client| client.contains("flags=N"));
            list.len() == 4
                && beside
                    .filter(|client| client.contains("cmd=getrange"))
                    .count()
                    == 3
        });
        let calls = world.a.command_calls("get");
        until_blocking("only the watch is connected", || {
            world.config.connected_clients() == 1
        });
        assert_eq!(world.a.command_calls("get"), calls, "round {round}");
    }
}
