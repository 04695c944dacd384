//! R10 where more threads call than a pool has connections: who has waited for a moment is served before who comes.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::declare;
use common::traffic::figure;
use redis::RedisResult;
use redis_components::{Component, Scope, Settings, blocking};
use redis_components_testing::Server;

/// What one thread has done.
struct Caller {
    calls: Vec<Duration>,
    failed: Vec<String>,
}

/// Lets threads make calls for a while.
fn callers(threads: usize, lasts: Duration, call: fn() -> Result<(), String>) -> Vec<Caller> {
    let scope = Scope::current().unwrap();
    let all = Mutex::new(Vec::new());
    let begun = Instant::now();
    thread::scope(|running| {
        for _ in 0..threads {
            running.spawn(|| {
                let mut caller = Caller {
                    calls: Vec::new(),
                    failed: Vec::new(),
                };
                while begun.elapsed() < lasts {
                    let begun = Instant::now();
                    let outcome = scope.clone().run_blocking(call);
                    caller.calls.push(begun.elapsed());
                    caller.failed.extend(outcome.err());
                }
                all.lock().unwrap().push(caller);
            });
        }
    });
    all.into_inner().unwrap()
}

/// No thread may have much more than another, and none may wait for much longer than the others need.
fn judge(what: &str, callers: &[Caller], bound: Duration) {
    let failed: Vec<_> = callers.iter().flat_map(|caller| &caller.failed).collect();
    let counts = callers.iter().map(|caller| caller.calls.len());
    let (least, most) = (counts.clone().min().unwrap(), counts.clone().max().unwrap());
    let all: usize = counts.sum();
    println!(
        "figure: {what}: {} of {all} calls failed, unluckiest thread {least}, luckiest {most}",
        failed.len()
    );
    let took = || {
        let calls = callers.iter().map(|caller| &caller.calls);
        calls.flatten().copied()
    };
    figure("calls took", took());
    assert!(failed.is_empty(), "{failed:?}");
    assert!(10 * least >= 7 * most, "{least} of {most}");
    let slowest = took().max().unwrap();
    assert!(slowest < bound, "{slowest:?}");
}

/// Calls a component whose pool has so many connections.
fn in_pool_of(connections: usize, run: impl FnOnce()) {
    let (config, server) = (Server::start(), Server::start());
    let value = format!(
        r#"{{"host":"127.0.0.1","port":{},"max_connections":{connections}}}"#,
        server.port()
    );
    config.command(&["SET", "config:redis:logs", &value]);
    Settings::new(config.url()).scope_blocking(run);
}

/// Takes as long as the server needs to find that there is no element: it looks ten times a second.
fn pop() -> Result<(), String> {
    let mut connection = logs()?;
    let popped: RedisResult<Option<(String, String)>> = redis::cmd("BLPOP")
        .arg("none")
        .arg(0.01)
        .query(&mut connection);
    popped.map(drop).map_err(|error| error.to_string())
}

/// Gives the connection back and wants it again at once.
fn hold() -> Result<(), String> {
    let mut connection = logs()?;
    thread::sleep(Duration::from_millis(5));
    let answer: RedisResult<Option<String>> = redis::cmd("GET").arg("none").query(&mut connection);
    answer.map(drop).map_err(|error| error.to_string())
}

fn logs() -> Result<blocking::Connection, String> {
    static LOGS: LazyLock<&Component> = LazyLock::new(|| declare("logs", Duration::from_secs(1)));
    LOGS.blocking_connection()
        .map_err(|error| error.to_string())
}

#[test]
fn r10_who_waits_for_a_connection_is_served_before_who_comes() {
    for (connections, threads) in [(8, 16), (4, 8), (5, 12)] {
        in_pool_of(connections, || {
            let callers = callers(threads, Duration::from_secs(3), pop);
            let what = format!("{connections} connections, {threads} threads");
            judge(&what, &callers, Duration::from_millis(900));
        });
    }
}

#[test]
fn r10_no_thread_starves_where_others_want_their_connections_again_at_once() {
    for (connections, threads) in [(4, 32), (1, 4)] {
        in_pool_of(connections, || {
            let callers = callers(threads, Duration::from_secs(3), hold);
            let what = format!("{connections} connections, {threads} threads, 5 ms a call");
            judge(&what, &callers, Duration::from_millis(900));
        });
    }
}
