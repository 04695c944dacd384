//! R10 at a server's limit of clients: a pool that cannot grow keeps what it has, and says why it does not grow.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::BTreeSet;
use std::fmt::{Debug, Write as _};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::clients::blocked;
use common::traffic::figure;
use common::{SOON, always_fresh};
use redis::{Commands, ConnectionLike, RedisResult};
use redis_components::__private::AcquireBlocking;
use redis_components::__private::AcquireDedicatedBlocking;
use redis_components::{Component, ErrorKind, Scope, Settings, blocking, status};
use redis_components_testing::Server;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// A component on a server that takes so many clients beside the test's own.
fn limited(clients: usize) -> (Server, &'static Component) {
    let server = Server::start();
    limit(&server, clients);
    (server, always_fresh("logs"))
}

fn limit(server: &Server, clients: usize) {
    let limit = (1 + clients).to_string();
    server.command(&["CONFIG", "SET", "maxclients", &limit]);
}

fn settings(server: &Server) -> Settings {
    Settings::fixed([("logs", server.url())])
}

/// The numbers of the clients that have sent commands of calls.
fn callers(server: &Server) -> BTreeSet<String> {
    let list: String = redis::from_redis_value(server.command(&["CLIENT", "LIST"])).unwrap();
    let of_calls = list.lines().filter(|line| line.contains("cmd=incr"));
    let number = |line: &str| line.split(' ').next().unwrap().to_owned();
    of_calls.map(number).collect()
}

fn count(component: &Component) -> Result<(), String> {
    let mut connection = component
        .blocking_connection()
        .map_err(|error| error.to_string())?;
    let counted: RedisResult<u64> = connection.incr("counter", 1);
    counted.map(drop).map_err(|error| error.to_string())
}

/// Others that want every place that becomes free, until this is dropped.
struct Crowd(Arc<AtomicBool>, Vec<thread::JoinHandle<()>>);

impl Crowd {
    fn at(port: u16) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let threads = (0..4).map(|_| {
            let ended = Arc::clone(&ended);
            thread::spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
                    let _ = stream.write_all(b"PING\r\n");
                    let mut answer = [0; 7];
                    // Whoever has a place keeps it.
                    while stream.read_exact(&mut answer).is_ok()
                        && &answer == b"+PONG\r\n"
                        && !ended.load(Ordering::Relaxed)
                    {
                        thread::sleep(Duration::from_millis(1));
                        let _ = stream.write_all(b"PING\r\n");
                    }
                }
            })
        });
        let threads = threads.collect();
        Self(ended, threads)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        for thread in self.1.drain(..) {
            thread.join().unwrap();
        }
    }
}

/// Lets `threads` call until `enough`, and returns how long each call took or why it failed.
fn load(
    component: &'static Component,
    threads: usize,
    enough: impl Fn(usize) -> bool + Sync,
) -> Vec<(Duration, Result<(), String>)> {
    let scope = Scope::current().unwrap();
    let calls = Mutex::new(Vec::new());
    thread::scope(|running| {
        for _ in 0..threads {
            running.spawn(|| {
                scope.clone().run_blocking(|| {
                    for number in 0.. {
                        if enough(number) {
                            return;
                        }
                        let begun = Instant::now();
                        let outcome = count(component);
                        calls.lock().unwrap().push((begun.elapsed(), outcome));
                    }
                });
            });
        }
    });
    calls.into_inner().unwrap()
}

/// A log of one thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("redis_components")
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn r10_a_pool_at_the_client_limit_keeps_its_connections_and_hands_them_to_who_waits() {
    let (server, logs) = limited(2);
    settings(&server).scope_blocking(|| {
        let both = [(); 2].map(|()| logs.blocking_connection().unwrap());
        for mut connection in both {
            let _: u64 = connection.incr("counter", 1).unwrap();
        }
        let before = callers(&server);
        assert_eq!(before.len(), 2);
        let crowd = Crowd::at(server.port());
        let calls = load(logs, 4, |number| number == 500);
        drop(crowd);
        let failed: Vec<_> = calls
            .iter()
            .filter(|(_, outcome)| outcome.is_err())
            .collect();
        assert!(
            failed.is_empty(),
            "{} of {}: {failed:?}",
            failed.len(),
            calls.len()
        );
        assert_eq!(callers(&server), before);
        figure(
            "client limit: calls took",
            calls.iter().map(|(took, _)| *took),
        );

        limit(&server, 10);
        let begun = Instant::now();
        let more = load(logs, 4, |_| {
            callers(&server).len() > 2 || begun.elapsed() > SOON
        });
        assert!(more.iter().all(|(_, outcome)| outcome.is_ok()), "{more:?}");
        assert!(callers(&server).len() > 2, "it grows once it may");
    });
}

#[test]
fn r10_a_limit_that_hangs_up_in_the_handshake_leaves_the_pool_as_it_is_too() {
    let server = Server::start();
    let to = server.port();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let hung_up = Arc::new(AtomicUsize::new(0));
    let hangs_up = Arc::clone(&hung_up);
    thread::spawn(move || {
        let mut places = 2;
        for mut client in listener.incoming().flatten() {
            if places == 0 {
                hangs_up.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            places -= 1;
            let mut server = TcpStream::connect(("127.0.0.1", to)).unwrap();
            let (mut replies, mut back) =
                (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut replies, &mut back));
            thread::spawn(move || std::io::copy(&mut client, &mut server));
        }
    });
    let logs = always_fresh("logs");
    Settings::fixed([("logs", format!("redis://127.0.0.1:{port}"))]).scope_blocking(|| {
        let begun = Instant::now();
        let calls = load(logs, 4, |_| begun.elapsed() > Duration::from_secs(2));
        let failed: Vec<_> = calls
            .iter()
            .filter(|(_, outcome)| outcome.is_err())
            .collect();
        assert!(
            failed.is_empty(),
            "{} of {}: {failed:?}",
            failed.len(),
            calls.len()
        );
        let tries = hung_up.load(Ordering::Relaxed);
        println!("figure: client limit: {tries} tries to grow in two seconds");
        assert!((1..=60).contains(&tries), "{tries}");
        let both = [(); 2].map(|()| logs.blocking_connection().unwrap());
        let error = logs.blocking_connection().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ServerUnreachable);
        assert!(
            error.to_string().contains("closed the connection"),
            "{error}"
        );
        drop(both);
        assert_eq!(count(logs), Ok(()));
    });
}

#[test]
fn r10_why_a_pool_does_not_grow_reaches_the_caller_the_status_and_the_log() {
    let log = Log::default();
    let locked = Server::start_with(&["--requirepass", "right"]);
    limit(&locked, 2);
    let url = format!("redis://:right@127.0.0.1:{}/3", locked.port());
    let logs = always_fresh("logs");
    let run = || {
        let both = [(); 2].map(|()| logs.blocking_connection().unwrap());
        for _ in 0..2 {
            let begun = Instant::now();
            let error = logs.blocking_connection().unwrap_err();
            assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
            assert_eq!(error.kind(), ErrorKind::ServerRefused, "{error:?}");
            assert!(
                error.to_string().contains("max number of clients"),
                "{error}"
            );
            assert!(error.to_string().contains("all 2 "), "{error}");
        }
        let problem = status().components[0].problem.clone().unwrap();
        assert!(problem.contains("max number of clients"), "{problem}");
        drop(both);
        assert!(logs.blocking_connection().is_ok());
    };
    tracing::subscriber::with_default(log.clone(), || {
        Settings::fixed([("logs", url)]).scope_blocking(run);
    });
    let lines = log.0.lock().unwrap();
    let told: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("max number of clients"))
        .collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    assert!(told[0].contains("component=\"logs\""), "{told:?}");
}

#[test]
fn r10_a_component_that_finds_no_place_at_all_says_so_by_every_kind_of_connection() {
    let locked = Server::start_with(&["--requirepass", "right"]);
    let crowd = [(); 3].map(|()| locked.connection());
    limit(&locked, 3);
    for path in ["", "/3"] {
        let logs = always_fresh("logs");
        let url = format!("redis://:right@127.0.0.1:{}{path}", locked.port());
        Settings::fixed([("logs", url)]).scope_blocking(|| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let errors = [
                logs.blocking_connection().unwrap_err(),
                <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "f").unwrap_err(),
                <redis::Connection as AcquireBlocking>::acquire(logs, "f")
                    .err()
                    .unwrap(),
                runtime.block_on(logs.connection()).unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::ServerRefused, "{error:?}");
                assert!(
                    error.to_string().contains("max number of clients"),
                    "{error}"
                );
            }
            let problem = status().components[0].problem.clone().unwrap();
            assert!(problem.contains("max number of clients"), "{problem}");
        });
    }
    drop(crowd);
}

#[test]
fn r10_a_dedicated_connection_that_is_refused_leaves_the_pool_as_it_is() {
    let (server, logs) = limited(2);
    settings(&server).scope_blocking(|| {
        let both = [(); 2].map(|()| logs.blocking_connection().unwrap());
        for mut connection in both {
            let _: u64 = connection.incr("counter", 1).unwrap();
        }
        let before = callers(&server);
        assert_eq!(before.len(), 2);
        for _ in 0..20 {
            let errors = [
                <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "f").err(),
                <redis::Connection as AcquireBlocking>::acquire(logs, "f").err(),
            ];
            for error in errors.into_iter().flatten() {
                assert_eq!(error.kind(), ErrorKind::ServerRefused, "{error:?}");
                assert!(
                    error.to_string().contains("max number of clients"),
                    "{error}"
                );
            }
            assert_eq!(count(logs), Ok(()));
        }
        assert_eq!(callers(&server), before);
    });
}

#[test]
fn r10_a_call_that_waits_is_not_ended_because_the_pool_cannot_grow() {
    let (server, logs) = limited(2);
    settings(&server).scope_blocking(|| {
        let mut dedicated =
            <blocking::Connection as AcquireDedicatedBlocking>::acquire(logs, "f").unwrap();
        let held = logs.blocking_connection().unwrap();
        let scope = Scope::current().unwrap();
        let waiting = thread::spawn(move || {
            scope.run_blocking(|| {
                let popped: RedisResult<(String, String)> = redis::cmd("BLPOP")
                    .arg("queue")
                    .arg(0)
                    .query(&mut dedicated);
                popped
            })
        });
        let begun = Instant::now();
        while blocked(&server) == 0 {
            assert!(begun.elapsed() < SOON);
        }
        // Longer than what it takes until the call asks whether the server is there, and the wait for a place.
        thread::sleep(Duration::from_secs(8));
        server.command(&["RPUSH", "queue", "element"]);
        let popped = waiting.join().unwrap().unwrap();
        assert_eq!(popped.1, "element");
        drop(held);
    });
}

#[test]
fn r10_one_connection_that_ends_costs_a_pool_at_the_client_limit_no_other() {
    let (server, logs) = limited(3);
    settings(&server).scope_blocking(|| {
        let mut all = [(); 3].map(|()| logs.blocking_connection().unwrap());
        let numbers: Vec<u64> = all
            .iter_mut()
            .map(|connection| redis::cmd("CLIENT").arg("ID").query(connection).unwrap())
            .collect();
        for connection in &mut all {
            let _: u64 = connection.incr("counter", 1).unwrap();
        }
        let before = callers(&server);
        assert_eq!(before.len(), 3, "{numbers:?}");
        let [first, second, mut third] = all;
        let victim: u64 = redis::cmd("CLIENT").arg("ID").query(&mut third).unwrap();
        server.command(&["CLIENT", "KILL", "ID", &victim.to_string()]);
        // Somebody else is quicker.
        let crowd = Crowd::at(server.port());
        drop((first, second));
        let lost: RedisResult<u64> = third.incr("counter", 1);
        assert!(lost.is_err() && !third.is_open());
        for _ in 0..100 {
            assert_eq!(count(logs), Ok(()));
        }
        let left = callers(&server);
        assert!(
            left.len() == 2 && left.is_subset(&before),
            "{left:?} of {before:?}"
        );
        drop(crowd);
    });
}

/// A caller that keeps a connection that has failed must not make the others wait for it.
#[test]
fn r10_a_server_that_is_gone_is_found_out_at_once_where_a_pool_could_not_grow() {
    let (server, logs) = limited(2);
    settings(&server).scope_blocking(|| {
        let mut both = [(); 2].map(|()| logs.blocking_connection().unwrap());
        let scope = Scope::current().unwrap();
        let waiting = thread::spawn(move || {
            scope.run_blocking(|| {
                let begun = Instant::now();
                (logs.blocking_connection().unwrap_err(), begun.elapsed())
            })
        });
        let begun = Instant::now();
        while status().components[0].problem.is_none() {
            assert!(begun.elapsed() < SOON);
        }
        let stopped = Instant::now();
        server.stop();
        for connection in &mut both {
            let lost: RedisResult<u64> = connection.incr("counter", 1);
            assert!(lost.is_err());
        }
        let (error, took) = waiting.join().unwrap();
        assert_eq!(error.kind(), ErrorKind::ServerUnreachable, "{error}");
        figure(
            "client limit, then killed: the call that waited was told after",
            [stopped.elapsed()],
        );
        assert!(took < SOON, "{took:?}");
        let begun = Instant::now();
        for _ in 0..1000 {
            assert!(logs.blocking_connection().is_err());
        }
        assert!(
            begun.elapsed() < Duration::from_secs(1),
            "{:?}",
            begun.elapsed()
        );
        drop(both);
    });
}
