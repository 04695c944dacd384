//! What a child has from its parent, and leaves alone.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use redis::aio::PubSub;
use redis::{Commands, ConnectionLike, RedisResult};
use redis_components::__private::{Acquire, AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::{Connection, Scope, Subscriber, blocking, status};
use tokio::runtime::{Builder, Runtime};

use crate::calls::{Parent, echo, echo_async, logs, text};
use crate::child::{BOUND, Child, alone, in_child};
use crate::common::{SOON, World, declare, declare_with_connections, name_of};

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
        let acquire = Scope::wrap(<Connection as AcquireDedicated>::acquire_staying(logs, "f"));
        let mut staying = runtime.block_on(acquire).unwrap();
        let mut clone = Connection::clone(&alone);
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
                let refused = own.block_on(name_of(&mut shared));
                let error = refused.unwrap_err();
                if !error.to_string().contains("forked") {
                    return Err(error.to_string());
                }
            }
            for connection in [&mut *alone, &mut *staying, &mut clone] {
                let waits = redis::cmd("BLPOP").arg("none").arg(0).to_owned();
                let refused: RedisResult<()> = own.block_on(waits.query_async(connection));
                let error = refused.unwrap_err();
                if !error.to_string().contains("forked") {
                    return Err(error.to_string());
                }
            }
            drop((shared, alone, staying, clone));
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
                let report = in_child(|| match echo(logs, "child", 3) {
                    // The lock of the standard library; see the next test.
                    Err(error) if error.contains("no thread starts") => Ok(String::new()),
                    done => done,
                });
                if !report.is_empty() {
                    assert_eq!(report, "3 right");
                    slowest = slowest.max(begun.elapsed());
                }
            }
            println!("figure: fork under locks: the slowest of 60 children took {slowest:?}");
        });
        parent.end();
    });
}

/// The standard library has a lock for threads that start and end. If another thread of the parent
/// holds it at the fork, no thread starts in the child.
#[test]
fn r12_a_child_in_which_no_thread_starts_gets_an_error_in_time() {
    let _alone = alone();
    let world = World::start();
    let logs = logs();
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        echo(logs, "before", 10).unwrap();
        let ended = AtomicBool::new(false);
        let reports = thread::scope(|threads| {
            let _ends = Ends(&ended);
            for _ in 0..32 {
                threads.spawn(|| {
                    while !ended.load(Ordering::Relaxed) {
                        let _ = thread::spawn(|| {}).join();
                    }
                });
            }
            let fork = || {
                in_child(|| {
                    if a_thread_starts() {
                        return Ok("of no use".to_owned());
                    }
                    let runtime = Builder::new_current_thread().enable_all().build();
                    let asynchronous = echo_async(logs, "child", 3);
                    let done = [
                        echo(logs, "child", 3),
                        runtime.map_err(text)?.block_on(asynchronous),
                    ];
                    let is_refused = |done: &Result<String, String>| {
                        let error = done.as_ref().err();
                        error.is_some_and(|error| error.contains("no thread starts"))
                    };
                    if done.iter().all(is_refused) {
                        return Ok("refused".to_owned());
                    }
                    // It was only slow.
                    let [blocking, asynchronous] = done;
                    if is_refused(&blocking) {
                        asynchronous
                    } else {
                        blocking
                    }
                })
            };
            let mut reports: Vec<String> = Vec::new();
            while reports.len() < 5_000 && reports.last().is_none_or(|last| last != "refused") {
                reports.push(fork());
            }
            reports
        });
        // Without such a lock all of them are of no use.
        println!(
            "figure: fork while threads start: refused after {} children",
            reports.len()
        );
        assert!(
            reports
                .iter()
                .all(|report| ["of no use", "3 right", "refused"].contains(&&**report))
        );
    });
}

fn a_thread_starts() -> bool {
    let (sender, starts) = mpsc::channel();
    thread::spawn(move || sender.send(()));
    starts.recv_timeout(Duration::from_millis(200)).is_ok()
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
        blocking::shutdown(SOON).unwrap();
        let begun = Instant::now();
        while world.config.connected_clients() + world.b.connected_clients() > 0 {
            assert!(begun.elapsed() < SOON);
        }
        (&go).write_all(b"!").unwrap();
        assert_eq!(child.join(), "10 right");
    });
}

/// The same of subscribers and of a dedicated connection.
#[test]
fn r12_a_server_forgets_the_connections_that_a_parent_drops_while_its_children_live() {
    let _alone = alone();
    let world = World::start();
    let logs = logs();
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let runtime = Runtime::new().unwrap();
        let connections = runtime.block_on(Scope::wrap(async {
            let mut ours = <Subscriber as Acquire>::acquire(logs, "f").await.unwrap();
            ours.subscribe("news").await.unwrap();
            let mut theirs = <PubSub as Acquire>::acquire(logs, "f").await.unwrap();
            theirs.subscribe("news").await.unwrap();
            let dedicated = <Connection as AcquireDedicated>::acquire(logs, "f").await;
            let mut dedicated = dedicated.unwrap();
            let pushed = redis::cmd("RPUSH").arg("list").arg("a").to_owned();
            let _: u64 = pushed.query_async(&mut *dedicated).await.unwrap();
            (ours, theirs, dedicated)
        }));
        let before = world.a.connected_clients();
        let (go, mut gone) = UnixStream::pair().unwrap();
        let child = Child::fork(|| {
            gone.set_read_timeout(Some(BOUND)).unwrap();
            gone.read_exact(&mut [0]).map_err(text)?;
            Ok("lives".to_owned())
        });
        runtime.block_on(async move { drop(connections) });
        let begun = Instant::now();
        while world.a.connected_clients() + 3 > before {
            let left = world.a.connected_clients();
            assert!(begun.elapsed() < SOON, "{left} of {before}");
        }
        (&go).write_all(b"!").unwrap();
        assert_eq!(child.join(), "lives");
    });
}
