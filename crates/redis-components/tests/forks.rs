//! R12: a forked child gets clients of its own, or a typed error at once; its parent goes on as if nothing had been.
//!
//! Each child works in the thread that forked and reports over a socket. A child that does not report in time fails its test.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::exit, reason = "these are tests")]

mod common;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use common::{SOON, World, declare, declare_with_connections, until};
use futures_util::StreamExt;
use redis::aio::PubSub;
use redis::{Commands, ConnectionLike, RedisResult};
use redis_components::__private::{Acquire, AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::{
    Component, ComponentConfig, Connection, ErrorKind, Scope, Settings, blocking, get_config,
    shutdown, status,
};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use tokio::runtime::Runtime;

/// How long a child may take, which is ten times what the slowest of them takes.
const BOUND: Duration = Duration::from_secs(20);

/// One fork at a time: a child has copies of the sockets of all tests.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child that runs, until it is awaited.
struct Child {
    pid: Pid,
    report: UnixStream,
}

impl Child {
    /// Forks, and has the child do `work`, which returns what it has to report.
    fn fork(work: impl FnOnce() -> Result<String, String>) -> Self {
        let (report, mut reports) = UnixStream::pair().unwrap();
        match fork::fork().unwrap() {
            fork::Fork::Parent(pid) => Self {
                pid: Pid::from_raw(pid).unwrap(),
                report,
            },
            fork::Fork::Child => {
                let done = catch_unwind(AssertUnwindSafe(work));
                let line = match done {
                    Ok(Ok(report)) => format!("+{report}"),
                    Ok(Err(failure)) => format!("-{failure}"),
                    Err(_) => "-it panicked".to_owned(),
                };
                let _ = reports.write_all(line.as_bytes());
                let _ = reports.shutdown(std::net::Shutdown::Both);
                // Nothing of the parent is dropped here.
                std::process::exit(0);
            }
        }
    }

    /// Returns what the child reports.
    fn join(mut self) -> String {
        self.report.set_read_timeout(Some(BOUND)).unwrap();
        let mut line = String::new();
        let read = self.report.read_to_string(&mut line);
        // An error says that it has ended.
        let _ = kill_process(self.pid, Signal::KILL);
        waitpid(Some(self.pid), WaitOptions::empty()).unwrap();
        match (read, line.strip_prefix('+')) {
            (Ok(_), Some(report)) => report.to_owned(),
            (read, _) => panic!("the child: {line} ({read:?})"),
        }
    }
}

/// Has a child do `work`, and returns what it reports.
fn in_child(work: impl FnOnce() -> Result<String, String>) -> String {
    Child::fork(work).join()
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Makes blocking calls, each with an answer that only it can have.
fn echo(component: &Component, who: &str, calls: u64) -> Result<String, String> {
    for number in 0..calls {
        let word = format!("{who} {number}");
        let mut connection = component.blocking_connection().map_err(text)?;
        let answer: RedisResult<String> = redis::cmd("ECHO").arg(&word).query(&mut connection);
        let answer = answer.map_err(text)?;
        if answer != word {
            return Err(format!("{word} was answered {answer}"));
        }
    }
    Ok(format!("{calls} right"))
}

/// Makes asynchronous calls, each with an answer that only it can have.
async fn echo_async(component: &Component, who: &str, calls: u64) -> Result<String, String> {
    for number in 0..calls {
        let word = format!("{who} {number}");
        let mut connection = component.connection().await.map_err(text)?;
        let asked = redis::cmd("ECHO").arg(&word).to_owned();
        let answer: RedisResult<String> = asked.query_async(&mut connection).await;
        let answer = answer.map_err(text)?;
        if answer != word {
            return Err(format!("{word} was answered {answer}"));
        }
    }
    Ok(format!("{calls} right"))
}

/// A parent that goes on calling from threads and tasks, and fails if an answer is wrong.
struct Parent {
    ended: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
    threads: Vec<thread::JoinHandle<Result<(), String>>>,
}

impl Parent {
    fn start(component: &'static Component) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let calls = Arc::new(AtomicU64::new(0));
        let scope = Scope::current().unwrap();
        let threads = (0..4).map(|number| {
            let (ended, calls, scope) = (Arc::clone(&ended), Arc::clone(&calls), scope.clone());
            thread::spawn(move || {
                let runtime = Runtime::new().unwrap();
                let who = format!("parent {number}");
                while !ended.load(Ordering::Relaxed) {
                    if number % 2 == 0 {
                        scope.clone().run_blocking(|| echo(component, &who, 10))?;
                    } else {
                        runtime.block_on(scope.clone().run(echo_async(component, &who, 10)))?;
                    }
                    calls.fetch_add(10, Ordering::Relaxed);
                }
                Ok(())
            })
        });
        let parent = Self {
            threads: threads.collect(),
            ended,
            calls,
        };
        parent.goes_on(100);
        parent
    }

    fn goes_on(&self, calls: u64) {
        let enough = self.calls.load(Ordering::Relaxed) + calls;
        let begun = Instant::now();
        while self.calls.load(Ordering::Relaxed) < enough {
            assert!(begun.elapsed() < SOON, "the parent stands still");
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn end(self) {
        self.goes_on(100);
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads {
            assert_eq!(thread.join().unwrap(), Ok(()));
        }
    }
}

/// The ways to say where a component is, with the same component on server `a`.
fn all_settings(world: &World, logs: &Component) -> [(&'static str, Settings); 3] {
    world.move_to(logs, &world.a);
    [
        ("push", world.settings()),
        ("poll", world.settings().push(false)),
        ("fixed", Settings::fixed([("logs", world.a.url())])),
    ]
}

fn logs() -> &'static Component {
    declare("logs", Duration::from_secs(1))
}

#[test]
fn r12_a_child_that_calls_at_once_gets_its_own_answers_and_so_does_its_parent() {
    let _alone = alone();
    let world = World::start();
    for (how, settings) in all_settings(&world, logs()) {
        let logs = logs();
        settings.scope_blocking(|| {
            echo(logs, "before", 10).unwrap();
            let parent = Parent::start(logs);
            let begun = Instant::now();
            let children = [(); 3].map(|()| Child::fork(|| echo(logs, "child", 500)));
            let runtimes = [(); 2].map(|()| {
                Child::fork(|| {
                    let runtime = Runtime::new().unwrap();
                    runtime.block_on(echo_async(logs, "child", 500))
                })
            });
            for child in children.into_iter().chain(runtimes) {
                assert_eq!(child.join(), "500 right", "{how}");
            }
            println!(
                "figure: fork, {how}: five children, 2,500 calls in {:?}",
                begun.elapsed()
            );
            parent.end();
        });
    }
}

#[test]
fn r12_a_child_that_calls_when_its_parents_proof_is_old_gets_its_own_answers() {
    let _alone = alone();
    let world = World::start();
    for (how, settings) in all_settings(&world, logs()) {
        let logs = logs();
        settings.scope_blocking(|| {
            echo(logs, "before", 10).unwrap();
            let parent = Parent::start(logs);
            let blocking = Child::fork(|| {
                thread::sleep(Duration::from_secs(2));
                echo(logs, "child", 100)
            });
            let asynchronous = Child::fork(|| {
                thread::sleep(Duration::from_secs(2));
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                runtime.unwrap().block_on(echo_async(logs, "child", 100))
            });
            for child in [blocking, asynchronous] {
                assert_eq!(child.join(), "100 right", "{how}");
            }
            parent.end();
        });
    }
}

#[test]
fn r12_a_child_follows_its_component_and_its_grandchild_too() {
    let _alone = alone();
    let world = World::start();
    let logs = declare("logs", Duration::from_millis(100));
    world.move_to(logs, &world.a);
    let (to_a, to_b) = [&world.a, &world.b]
        .map(|server| ComponentConfig::new("127.0.0.1").port(server.port()))
        .into();
    world.settings().scope_blocking(|| {
        let name = || {
            let mut connection = logs.blocking_connection().map_err(text)?;
            common::name_of_blocking(&mut connection).map_err(text)
        };
        assert_eq!(name().unwrap(), "a");
        let report = in_child(|| {
            let first = name()?;
            blocking::set_config(logs, &to_b).map_err(text)?;
            let second = name()?;
            let read = blocking::get_config(logs).map_err(text)?;
            let is_read = read == to_b;
            let grandchild = in_child(|| {
                let first = name()?;
                blocking::set_config(logs, &to_a).map_err(text)?;
                Ok(format!("{first}{}", name()?))
            });
            let begun = Instant::now();
            while name()? != "a" && begun.elapsed() < SOON {}
            Ok(format!(
                "{first}{second} {is_read} {grandchild} {}",
                name()?
            ))
        });
        assert_eq!(report, "ab true ba a");
        let begun = Instant::now();
        while name().unwrap() != "a" {
            assert!(begun.elapsed() < SOON);
        }
    });
}

#[test]
fn r12_status_and_shutdown_of_a_child_are_its_own() {
    let _alone = alone();
    let world = World::start();
    let logs = logs();
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        echo(logs, "before", 10).unwrap();
        let parent = Parent::start(logs);
        let report = in_child(|| {
            let before = status().components.len();
            echo(logs, "child", 10)?;
            let used = status().components.len();
            let left = blocking::shutdown(Duration::from_secs(1)).map_err(text)?;
            let error = logs.blocking_connection().map(drop).unwrap_err();
            Ok(format!("{before} {used} {left} {:?}", error.kind()))
        });
        assert_eq!(report, "0 1 0 ShutDown");
        let report = in_child(|| {
            let left = blocking::shutdown(Duration::from_secs(1)).map_err(text)?;
            let runtime = Runtime::new().unwrap();
            let again = runtime.block_on(shutdown(Duration::from_secs(1)));
            Ok(format!("{left} {}", again.map_err(text)?))
        });
        assert_eq!(report, "0 0");
        parent.end();
        // And the other way round: what has been shut down is not what a child inherits.
        assert_eq!(blocking::shutdown(Duration::from_secs(1)).unwrap(), 0);
        assert_eq!(in_child(|| echo(logs, "child", 10)), "10 right");
        let error = logs.blocking_connection().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ShutDown);
    });
}

#[test]
fn r12_dedicated_connections_of_a_child_are_its_own() {
    let _alone = alone();
    let world = World::start();
    for (how, settings) in all_settings(&world, logs()) {
        let logs = logs();
        settings.scope_blocking(|| {
            let mut dedicated =
                <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "f").unwrap();
            let report = in_child(|| {
                let runtime = Runtime::new().unwrap();
                let mut own =
                    <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "f")
                        .map_err(text)?;
                let blocking: String = own.get("name").map_err(text)?;
                let name: RedisResult<String> = runtime.block_on(async {
                    let own = <Connection as AcquireDedicated>::acquire(logs, "f").await;
                    common::name_of(&mut *own.unwrap()).await
                });
                Ok(format!("{blocking}{}", name.map_err(text)?))
            });
            assert_eq!(report, "aa", "{how}");
            let name: String = dedicated.get("name").unwrap();
            assert_eq!(name, "a");
        });
    }
}

#[test]
fn r12_a_connection_that_is_kept_across_a_fork_is_refused_in_the_child() {
    let _alone = alone();
    let world = World::start();
    let logs = logs();
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let runtime = Runtime::new().unwrap();
        let mut kept = logs.blocking_connection().unwrap();
        let mut dedicated =
            <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "f").unwrap();
        let mut shared = runtime
            .block_on(Scope::wrap(async { logs.connection().await }))
            .unwrap();
        let acquire = Scope::wrap(<Connection as AcquireDedicated>::acquire(logs, "f"));
        let mut alone = runtime.block_on(acquire).unwrap();
        let report = in_child(|| {
            let begun = Instant::now();
            for connection in [&mut kept, &mut dedicated] {
                let refused: RedisResult<String> = connection.get("name");
                let error = refused.unwrap_err();
                if !error.to_string().contains("forked") || connection.is_open() {
                    return Err(error.to_string());
                }
            }
            drop(kept);
            drop(dedicated);
            let own = Runtime::new().unwrap();
            // More than fit into any queue that nobody reads.
            for _ in 0..200 {
                let refused = own.block_on(common::name_of(&mut shared));
                let error = refused.unwrap_err();
                if !error.to_string().contains("forked") {
                    return Err(error.to_string());
                }
            }
            let waits = redis::cmd("BLPOP").arg("none").arg(0).to_owned();
            let refused: RedisResult<()> = own.block_on(waits.query_async(&mut *alone));
            let error = refused.unwrap_err();
            if !error.to_string().contains("forked") {
                return Err(error.to_string());
            }
            drop((shared, alone));
            assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
            echo(logs, "child", 10)
        });
        assert_eq!(report, "10 right");
    });
}

/// Ends the threads of a test, also if it fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Locks that other threads hold at the moment of a fork are never released in the child.
#[test]
fn r12_a_child_waits_for_no_lock_of_its_parent() {
    let _alone = alone();
    let world = World::start();
    let settings = world.settings().key_prefix("prefix:");
    world
        .config
        .command(&["SET", "prefix:logs", &world.a.config()]);
    settings.scope_blocking(|| {
        let logs = declare_with_connections("logs", Duration::ZERO, 2);
        echo(logs, "before", 10).unwrap();
        let parent = Parent::start(logs);
        let ended = AtomicBool::new(false);
        let scope = Scope::current().unwrap();
        thread::scope(|threads| {
            let _ends = Ends(&ended);
            for _ in 0..2 {
                threads.spawn(|| {
                    scope.clone().run_blocking(|| {
                        while !ended.load(Ordering::Relaxed) {
                            // Each takes a lock of the registry, of the keys and of a slot.
                            let fresh = declare("logs", Duration::ZERO);
                            let _ = (fresh.key(), status(), fresh.blocking_connection().is_ok());
                        }
                    });
                });
            }
            let mut slowest = Duration::ZERO;
            for _ in 0..60 {
                let begun = Instant::now();
                assert_eq!(in_child(|| echo(logs, "child", 3)), "3 right");
                slowest = slowest.max(begun.elapsed());
            }
            println!("figure: fork under locks: the slowest of 60 children took {slowest:?}");
        });
        parent.end();
    });
}

#[test]
fn r12_a_child_in_the_runtime_of_its_parent_gets_a_typed_error_and_its_parent_goes_on() {
    let _alone = alone();
    let world = World::start();
    for (how, settings) in all_settings(&world, logs()) {
        let logs = logs();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(settings.scope(async {
            echo_async(logs, "before", 10).await.unwrap();
            let child = Child::fork(|| {
                let begun = Instant::now();
                // The thread is inside of `block_on`, so that futures are polled by hand.
                let error = pollster::block_on(logs.connection()).map(drop).unwrap_err();
                if error.kind() != ErrorKind::NoRuntime || !error.to_string().contains("forked") {
                    return Err(error.to_string());
                }
                assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
                echo(logs, "child", 10)
            });
            until("the child ends", async || {
                echo_async(logs, "parent", 10).await.unwrap();
                child_has_ended(&child)
            })
            .await;
            assert_eq!(child.join(), "10 right", "{how}");
            assert_eq!(echo_async(logs, "parent", 10).await.unwrap(), "10 right");
            get_config(logs).await.unwrap();
        }));
    }
}

/// As in a child that returns from `main`.
#[test]
fn r12_a_child_that_drops_everything_disturbs_its_parent_not_at_all() {
    let _alone = alone();
    let world = World::start();
    let logs = logs();
    world.move_to(logs, &world.a);
    let runtimes = [
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap(),
        Runtime::new().unwrap(),
    ];
    for runtime in runtimes {
        let (ended, received) = world.settings().scope_blocking(|| {
            let scope = Scope::current().unwrap();
            let mut kept = runtime
                .block_on(scope.clone().run(async { logs.connection().await }))
                .unwrap();
            echo(logs, "before", 10).unwrap();
            let received = world.a.connections_received();
            let mut runtime = Some(runtime);
            let child = Child::fork(|| {
                runtime
                    .take()
                    .into_iter()
                    .for_each(Runtime::shutdown_background);
                drop(scope.clone());
                Ok("done".to_owned())
            });
            assert_eq!(child.join(), "done");
            let runtime = runtime.unwrap();
            for _ in 0..100 {
                let name = runtime.block_on(common::name_of(&mut kept));
                assert_eq!(name.unwrap(), "a");
            }
            echo(logs, "after", 10).unwrap();
            let ended = !kept.is_current();
            (ended, world.a.connections_received() - received)
        });
        assert!(!ended);
        assert_eq!(received, 0, "nothing had to be connected anew");
    }
}

/// A server that its parent has left must not wait for the child's copies of the sockets.
#[test]
fn r12_a_server_that_a_parent_leaves_empties_while_its_children_live() {
    let _alone = alone();
    let world = World::start();
    let logs = logs();
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let runtime = Runtime::new().unwrap();
        let scope = Scope::current().unwrap();
        echo(logs, "before", 10).unwrap();
        let asynchronous = || {
            let call = scope.clone().run(echo_async(logs, "parent", 1));
            runtime.block_on(call)
        };
        asynchronous().unwrap();
        let (go, mut gone) = UnixStream::pair().unwrap();
        let child = Child::fork(|| {
            gone.set_read_timeout(Some(BOUND)).unwrap();
            gone.read_exact(&mut [0]).map_err(text)?;
            echo(logs, "child", 10)
        });
        world.move_to(logs, &world.b);
        let begun = Instant::now();
        while world.a.connected_clients() > 0 {
            assert!(begun.elapsed() < SOON, "{}", world.a.connected_clients());
            echo(logs, "parent", 1).unwrap();
            asynchronous().unwrap();
        }
        (&go).write_all(b"!").unwrap();
        assert_eq!(child.join(), "10 right");
    });
}

#[test]
fn r12_a_subscriber_of_the_parent_hears_on_whatever_its_child_drops() {
    let _alone = alone();
    let world = World::start();
    let logs = logs();
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let scope = Scope::current().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let subscribe = async || {
            let mut subscriber = <PubSub as Acquire>::acquire(logs, "f")
                .await
                .map_err(text)?;
            subscriber.subscribe("news").await.map_err(text)?;
            Ok::<_, String>(subscriber)
        };
        let mut heard = runtime
            .block_on(scope.run(subscribe()))
            .unwrap()
            .into_on_message();
        let mut runtime = Some(runtime);
        let child = Child::fork(|| {
            drop(runtime.take());
            let own = Runtime::new().unwrap();
            let subscriber = own.block_on(subscribe())?;
            drop(subscriber);
            Ok("done".to_owned())
        });
        assert_eq!(child.join(), "done");
        let runtime = runtime.unwrap();
        for _ in 0..10 {
            world.a.command(&["PUBLISH", "news", "hello"]);
            let message =
                runtime.block_on(async { tokio::time::timeout(SOON, heard.next()).await });
            assert_eq!(
                message.unwrap().unwrap().get_payload::<String>().unwrap(),
                "hello"
            );
        }
    });
}

/// Workers that were forked one after the other must not come back to a lost server at the same moments.
#[test]
fn r6_children_do_not_share_what_is_random() {
    let _alone = alone();
    let world = World::start();
    let logs = logs();
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        fastrand::seed(7);
        echo(logs, "before", 1).unwrap();
        let drawn = [(); 2].map(|()| {
            in_child(|| {
                echo(logs, "child", 1)?;
                Ok(fastrand::u64(..).to_string())
            })
        });
        assert_ne!(drawn[0], drawn[1]);
    });
}

#[test]
fn r12_a_child_in_a_runtime_with_threads_of_its_parent_gets_a_typed_error() {
    let _alone = alone();
    let world = World::start();
    for (how, settings) in all_settings(&world, logs()) {
        let logs = logs();
        settings.scope_blocking(|| {
            let runtime = Runtime::new().unwrap();
            let scope = Scope::current().unwrap();
            let call = || {
                scope
                    .clone()
                    .run(async { logs.connection().await.map(drop) })
            };
            runtime.block_on(call()).unwrap();
            let report = in_child(|| {
                let begun = Instant::now();
                for _ in 0..100 {
                    let error = runtime.block_on(call()).unwrap_err();
                    if error.kind() != ErrorKind::NoRuntime {
                        return Err(error.to_string());
                    }
                }
                assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
                echo(logs, "child", 10)
            });
            assert_eq!(report, "10 right", "{how}");
            runtime.block_on(call()).unwrap();
        });
    }
}

fn child_has_ended(child: &Child) -> bool {
    child.report.set_nonblocking(true).unwrap();
    let mut byte = [0];
    let peeked = rustix::net::recv(&child.report, &mut byte, rustix::net::RecvFlags::PEEK);
    child.report.set_nonblocking(false).unwrap();
    peeked.is_ok()
}
