//! R4, R5 and R10 while a component's server is killed, frozen, cut off or never was one.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::impostors::{Impatient, impostor, refuses, web_server};
use common::moves::{LATE, Moves, Notice};
use common::traffic::{Call, Caller, STEADY, Traffic, failures, figure};
use common::{SOON, World, always_fresh, declare, until, whereabouts, whereabouts_blocking};
use redis::{RedisError, RedisResult};
use redis_components::{Component, Error, ErrorKind, Scope, status};
use redis_components_testing::{Proxy, Server};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(500);
/// The longest pause between attempts, and what a busy machine adds.
const BACK: Duration = Duration::from_millis(1500);
/// Ten times the five milliseconds that a call may take at most while its server is known to be down.
const FAST: Duration = Duration::from_millis(50);

async fn is_on(name: &str, component: &Component) -> bool {
    let asynchronous = async {
        let mut connection = component.connection().await.ok()?;
        common::name_of(&mut connection).await.ok()
    };
    let blocking = || {
        let mut connection = component.blocking_connection().ok()?;
        common::name_of_blocking(&mut connection).ok()
    };
    asynchronous.await.as_deref() == Some(name) && blocking().as_deref() == Some(name)
}

/// A call that is in flight for as long as its server lives.
async fn wait_for_ever(component: &Component, caller: Caller) -> RedisResult<String> {
    let command = redis::cmd("BLPOP").arg("nothing").arg(0).to_owned();
    match caller {
        Caller::Task => {
            let mut connection = component.connection().await.map_err(RedisError::from)?;
            command.query_async(&mut connection).await
        }
        Caller::Thread => {
            let mut connection = component.blocking_connection().map_err(RedisError::from)?;
            command.query(&mut connection)
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_killed_server_fails_calls_in_flight_at_once() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    let config = format!(
        r#"{{"host":"127.0.0.1","port":{},"socket_timeout":60}}"#,
        world.a.port()
    );
    world.set(logs, &config);
    world
        .settings()
        .scope(async {
            let task = tokio::spawn(Scope::wrap(wait_for_ever(logs, Caller::Task)));
            let scope = Scope::current().unwrap();
            let thread = tokio::task::spawn_blocking(move || {
                scope.run_blocking(|| pollster::block_on(wait_for_ever(logs, Caller::Thread)))
            });
            until("both are in flight", async || {
                let clients = world.a.command(&["CLIENT", "LIST"]);
                let clients: String = redis::from_redis_value(clients).unwrap();
                clients.matches("cmd=blpop").count() == 2
            })
            .await;
            let killed = Instant::now();
            world.a.stop();
            let errors = [task.await.unwrap(), thread.await.unwrap()];
            let took = killed.elapsed();
            assert!(took <= LATE, "{took:?}");
            figure("killed server: calls in flight ended after", [took]);
            for error in errors {
                assert!(error.unwrap_err().is_connection_dropped());
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_killed_server_fails_calls_fast_and_is_back_when_it_is() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let traffic = Traffic::start(logs, STEADY);
            traffic.goes_on(500).await;
            let killed = Instant::now();
            world.a.stop();
            traffic.goes_on(2_000).await;
            let restarted = Instant::now();
            world.a.restart();
            world.a.command(&["SET", "name", "a"]);
            until("the server is back", async || is_on("a", logs).await).await;
            let back = restarted.elapsed();
            assert!(back <= BACK, "{back:?}");
            figure("killed server: back after", [back]);

            let calls = traffic.stop().await;
            let mut failed: Vec<_> = calls
                .iter()
                .filter(|call| call.begun > killed && call.outcome.is_err())
                .map(Call::took)
                .collect();
            failed.sort_unstable();
            let p99 = failed[failed.len() * 99 / 100];
            assert!(p99 <= FAST, "{p99:?}");
            figure("killed server: failed calls took", failed);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_frozen_server_holds_no_call_for_long_and_none_once_the_component_has_moved() {
    for notice in Notice::BOTH {
        let world = World::start();
        let logs = declare("logs", notice.wait());
        let mut moves = Moves::of(&world, logs);
        moves.to("a");
        notice
            .settings(&world)
            .scope(async {
                let traffic = Traffic::start(logs, STEADY);
                traffic.goes_on(500).await;
                world.a.freeze();
                // All ten callers run into it, and some again.
                traffic.goes_on(25).await;
                let moved = moves.to("b");
                traffic.goes_on(500).await;
                world.a.thaw();
                let calls = traffic.stop().await;
                for call in &calls {
                    let bound = match call.caller {
                        // It may be the first to find that the client is given up, and waits for another.
                        Caller::Task => RESPONSE_TIMEOUT + CONNECT_TIMEOUT,
                        // It finds its connection frozen, a second one cannot be opened, nor can another pool.
                        Caller::Thread => RESPONSE_TIMEOUT + 2 * CONNECT_TIMEOUT,
                    };
                    assert!(call.took() <= bound + LATE, "{call:?}");
                    if call.begun > moved + notice.bound() {
                        assert_eq!(call.outcome.as_deref(), Ok("b"));
                    }
                }
                let frozen = calls.iter().filter(|call| call.outcome.is_err());
                figure("frozen server: calls took", frozen.map(Call::took));
                let first = calls
                    .iter()
                    .filter(|call| call.outcome.as_deref() == Ok("b"))
                    .map(|call| call.ended - moved)
                    .min();
                figure("frozen server: first call elsewhere after", first);
            })
            .await;
    }
}

/// A call whose server is silent, and so is the one that its component has moved to, must not try them in turns.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_two_frozen_servers_hold_no_call_for_long() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    let mut moves = Moves::of(&world, logs);
    moves.to("a");
    world
        .settings()
        .scope(async {
            let traffic = Traffic::start(logs, STEADY);
            traffic.goes_on(500).await;
            world.a.freeze();
            world.b.freeze();
            traffic.goes_on(25).await;
            moves.to("b");
            tokio::time::sleep(6 * CONNECT_TIMEOUT).await;
            world.a.thaw();
            world.b.thaw();
            until("calls succeed", async || is_on("b", logs).await).await;
            let calls = traffic.stop().await;
            for call in &calls {
                let bound = match call.caller {
                    // It waits once for each of the two.
                    Caller::Task => RESPONSE_TIMEOUT + 2 * CONNECT_TIMEOUT,
                    // And before, for one more connection beside a frozen one.
                    Caller::Thread => RESPONSE_TIMEOUT + 3 * CONNECT_TIMEOUT,
                };
                assert!(call.took() <= bound + LATE, "{call:?}");
            }
            let failed = calls.iter().filter(|call| call.outcome.is_err());
            figure("two frozen servers: calls took", failed.map(Call::took));
        })
        .await;
}

/// Once an attempt has failed its server is known to be down: calls must not wait for the attempts that follow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_frozen_server_that_is_known_to_be_down_fails_calls_fast() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let traffic = Traffic::start(logs, STEADY);
            traffic.goes_on(500).await;
            world.a.freeze();
            until("the server is known to be down", async || {
                status().components[0].problem.is_some()
            })
            .await;
            // By then tasks and threads have both found it out.
            tokio::time::sleep(CONNECT_TIMEOUT + RESPONSE_TIMEOUT).await;
            let known = Instant::now();
            tokio::time::sleep(3 * CONNECT_TIMEOUT).await;
            let thawed = Instant::now();
            world.a.thaw();
            let calls = traffic.stop().await;
            let failed = calls
                .iter()
                .filter(|call| call.begun > known && call.ended < thawed)
                .map(Call::took);
            let slowest = failed.clone().max().unwrap();
            figure("frozen server that is known to be: calls took", failed);
            assert!(slowest <= LATE, "{slowest:?}");
        })
        .await;
}

/// A client can be made, but not kept: that must be no reason to make one for every call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_server_that_hangs_up_after_the_probe_fails_calls_fast_and_is_not_stormed() {
    let world = World::start();
    let (impatient, port) = Impatient::start();
    let logs = declare("logs", Notice::Push.wait());
    world.set(logs, &format!(r#"{{"host":"127.0.0.1","port":{port}}}"#));
    world
        .settings()
        .scope(async {
            let begun = Instant::now();
            let traffic = Traffic::start(logs, STEADY);
            traffic.goes_on(5_000).await;
            let took = begun.elapsed();
            // Tasks and threads: of each five while the pauses grow, then one in a quarter of a second.
            let connects = impatient.accepted();
            println!("figure: server that hangs up: {connects} connects in {took:?}");
            assert!(connects <= 2 * (10 + 10 * (took.as_secs() + 1)));
            impatient.mend();
            let mended = Instant::now();
            until("it is used again", async || {
                logs.connection().await.is_ok() && logs.blocking_connection().is_ok()
            })
            .await;
            assert!(mended.elapsed() <= BACK, "{:?}", mended.elapsed());
            let calls = traffic.stop().await;
            let mut took: Vec<_> = calls.iter().map(Call::took).collect();
            took.sort_unstable();
            let p99 = took[took.len() * 99 / 100];
            assert!(p99 <= FAST, "{p99:?}");
            figure("server that hangs up: calls took", took);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_new_server_that_cannot_be_used_fails_no_call() {
    let world = World::start();
    let locked = Server::start_with(&["--requirepass", "right"]);
    let (hole, cutter) = (Proxy::to(&world.b), Proxy::to(&world.b));
    hole.hold();
    cutter.cut_after(1);
    let on = |port: u16| format!(r#"{{"host":"127.0.0.1","port":{port},"password":"wrong"}}"#);
    let unusable = [
        ("a refusing port", on(refuses())),
        ("a black hole", hole.config()),
        ("a server that hangs up", cutter.config()),
        ("a web server", on(impostor(web_server))),
        ("a wrong password", on(locked.port())),
        ("no password", locked.config()),
    ];
    for notice in Notice::BOTH {
        let logs = declare("logs", Notice::Poll.wait());
        let mut moves = Moves::of(&world, logs);
        moves.to("a");
        notice
            .settings(&world)
            .scope(async {
                let traffic = Traffic::start(logs, STEADY);
                traffic.goes_on(100).await;
                for (what, config) in &unusable {
                    world.set(logs, config);
                    let set = Instant::now();
                    until("it is found to be unusable", async || {
                        status().components[0].problem.is_some()
                    })
                    .await;
                    let found = set.elapsed();
                    assert!(
                        found <= notice.bound() + CONNECT_TIMEOUT,
                        "{what}: {found:?}"
                    );
                    traffic.goes_on(200).await;
                    let mended = moves.on();
                    let there = if moves.elsewhere() == "a" { "b" } else { "a" };
                    until("it is mended", async || is_on(there, logs).await).await;
                    let back = mended.elapsed();
                    assert!(back <= BACK, "{what}: {back:?}");
                    println!("figure: {notice:?}: {what}: found {found:?}, mended {back:?}");
                }
                let calls = traffic.stop().await;
                assert_eq!(failures(&calls), [""; 0]);
                // Those who saw the change waited for the first attempt.
                let slowest = calls.iter().map(Call::took).max().unwrap();
                assert!(slowest <= CONNECT_TIMEOUT + LATE, "{slowest:?}");
                figure("unusable servers: calls took", calls.iter().map(Call::took));
            })
            .await;
    }
}

/// A proxy that cuts replies off, and soon does not, is no server that refuses: that would be left alone for half a minute.
#[tokio::test]
async fn r10_a_server_whose_replies_are_cut_off_is_down_and_not_wrong() {
    let world = World::start();
    let proxy = Proxy::to(&world.a);
    for cut_after in [1, 3, 50] {
        let logs = declare("logs", Notice::Push.wait());
        world.set(logs, &proxy.config());
        proxy.cut_after(cut_after);
        world
            .settings()
            .scope(async {
                let error = logs.connection().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ServerUnreachable, "{error}");
                let error = logs.blocking_connection().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ServerUnreachable, "{error}");
            })
            .await;
    }
    let web = declare("web", Notice::Push.wait());
    world.set(
        web,
        &format!(r#"{{"host":"127.0.0.1","port":{}}}"#, impostor(web_server)),
    );
    world
        .settings()
        .scope(async {
            let error = web.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ServerRefused, "{error}");
        })
        .await;
}

/// An INCR of a counter of its own, asynchronous or blocking.
async fn count_once(component: &Component, number: u64, blocking: bool) -> RedisResult<u64> {
    let command = redis::cmd("INCR").arg(format!("call:{number}")).to_owned();
    if blocking {
        let mut connection = component.blocking_connection().map_err(RedisError::from)?;
        command.query(&mut connection)
    } else {
        let mut connection = component.connection().await.map_err(RedisError::from)?;
        command.query_async(&mut connection).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_command_that_timed_out_is_never_sent_again() {
    const TASKS: u64 = 32;
    const THREADS: u64 = 8;
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    let config = format!(
        r#"{{"host":"127.0.0.1","port":{},"socket_timeout":0.05}}"#,
        world.a.port()
    );
    world.set(logs, &config);
    world
        .settings()
        .scope(async {
            assert!(is_on("a", logs).await);
            let (issued, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
            let call = |calls: u64, blocking: bool| {
                let (issued, failed) = (Arc::clone(&issued), Arc::clone(&failed));
                async move {
                    for _ in 0..calls {
                        let number = issued.fetch_add(1, Ordering::Relaxed);
                        if count_once(logs, number, blocking).await.is_err() {
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            };
            world.a.freeze();
            let tasks: Vec<_> = (0..TASKS)
                .map(|_| tokio::spawn(Scope::wrap(call(20, false))))
                .collect();
            let scope = Scope::current().unwrap();
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    let (scope, calls) = (scope.clone(), call(10, true));
                    thread::spawn(move || scope.run_blocking(|| pollster::block_on(calls)))
                })
                .collect();
            until("calls have timed out", async || {
                failed.load(Ordering::Relaxed) >= 100
            })
            .await;
            world.a.thaw();
            for task in tasks {
                task.await.unwrap();
            }
            for thread in threads {
                thread.join().unwrap();
            }
            let issued = issued.load(Ordering::Relaxed);
            let mut done = 0;
            for number in 0..issued {
                let value = world.a.command(&["GET", &format!("call:{number}")]);
                match redis::from_redis_value::<Option<u64>>(value).unwrap() {
                    None => {}
                    Some(times) => {
                        assert_eq!(times, 1, "call {number} was made {times} times");
                        done += 1;
                    }
                }
            }
            println!(
                "figure: of {issued} calls {} failed and {done} were made, once",
                failed.load(Ordering::Relaxed)
            );
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_bad_network_gives_right_answers_or_errors() {
    let world = World::start();
    let proxy = Proxy::to(&world.a);
    let logs = declare("logs", Notice::Push.wait());
    world.set(logs, &proxy.config());
    let echo = async |text: &str| -> Result<String, String> {
        let mut connection = logs.connection().await.map_err(|e: Error| e.to_string())?;
        let command = redis::cmd("ECHO").arg(text).to_owned();
        let answer: RedisResult<String> = command.query_async(&mut connection).await;
        answer.map_err(|error| error.to_string())
    };
    let echo_blocking = |text: &str| -> Result<String, String> {
        let mut connection = logs.blocking_connection().map_err(|e| e.to_string())?;
        let answer: RedisResult<String> = redis::cmd("ECHO").arg(text).query(&mut connection);
        answer.map_err(|error| error.to_string())
    };
    let faults: [(&str, usize, &dyn Fn()); 6] = [
        ("single bytes", 0, &|| proxy.trickle()),
        ("delays", 0, &|| proxy.delay(Duration::from_millis(20))),
        ("cut in the middle of a reply", 1, &|| proxy.cut_after(25)),
        ("cut in the handshake", 1, &|| proxy.cut_after(2)),
        ("a cut", 1, &|| proxy.cut()),
        ("a black hole", 1, &|| proxy.hold()),
    ];
    world
        .settings()
        .scope(async {
            assert!(is_on("a", logs).await);
            for (what, least_failures, fault) in faults {
                fault();
                let mut failed = 0;
                for call in 0..6 {
                    let text = format!("{what} {call}");
                    for (begun, answer) in [
                        (Instant::now(), echo(&text).await),
                        (Instant::now(), echo_blocking(&text)),
                    ] {
                        match answer {
                            Ok(answer) => assert_eq!(answer, text),
                            Err(_) => failed += 1,
                        }
                        // A call may find that it must connect, for which it is given a time-out of its own.
                        let bound = 2 * (CONNECT_TIMEOUT + RESPONSE_TIMEOUT) + LATE;
                        assert!(begun.elapsed() <= bound, "{what}: {:?}", begun.elapsed());
                    }
                }
                assert!(failed >= least_failures, "{what}: nothing failed");
                if least_failures == 0 {
                    assert_eq!(failed, 0, "{what}");
                }
                proxy.pass();
                // Threads may have connections that were cut: each fails one call.
                let begun = Instant::now();
                until("all is well again", async || is_on("a", logs).await).await;
                assert!(begun.elapsed() <= BACK, "{what}: {:?}", begun.elapsed());
                println!(
                    "figure: {what}: {failed} of 12 failed, well after {:?}",
                    begun.elapsed()
                );
            }
        })
        .await;
}

#[test]
fn r10_a_frozen_server_holds_a_blocking_call_for_the_response_timeout_and_its_connection_is_dropped()
 {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
        world.a.freeze();
        let mut connection = logs.blocking_connection().unwrap();
        let begun = Instant::now();
        let answer: RedisResult<String> = redis::cmd("ECHO").arg("first").query(&mut connection);
        assert!(answer.unwrap_err().is_timeout());
        let took = begun.elapsed();
        assert!(
            (RESPONSE_TIMEOUT..RESPONSE_TIMEOUT + LATE).contains(&took),
            "{took:?}"
        );
        figure("frozen server: a blocking call took", [took]);
        world.a.thaw();
        // Its answer comes now, and must not be taken for that of the next.
        let again: RedisResult<String> = redis::cmd("ECHO").arg("again").query(&mut connection);
        assert!(again.is_err(), "{again:?}");
        drop(connection);
        let mut connection = logs.blocking_connection().unwrap();
        let answer: String = redis::cmd("ECHO")
            .arg("next")
            .query(&mut connection)
            .unwrap();
        assert_eq!(answer, "next");
    });
}

#[tokio::test]
async fn r4_a_connection_that_outlives_its_config_still_ends_where_it_began() {
    // A kept connection must neither follow the component nor be cut when its server is frozen and thawed.
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let mut kept = logs.connection().await.unwrap();
            world.a.freeze();
            world.move_to(logs, &world.b);
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            assert!(common::name_of(&mut kept).await.unwrap_err().is_timeout());
            world.a.thaw();
            assert_eq!(common::name_of(&mut kept).await.unwrap(), "a");
        })
        .await;
}

/// The callers that found the first move wait for a server that does not answer; the second must reach them all the same,
/// though nobody else calls.
#[tokio::test]
async fn r1_a_move_reaches_callers_who_wait_for_a_server_that_does_not_answer() {
    for notice in Notice::BOTH {
        let world = World::start();
        let logs = declare("logs", notice.wait());
        let hole = Proxy::to(&world.a);
        hole.hold();
        world.set(logs, &hole.config());
        let settings = notice.settings(&world);
        let told = settings.connect_timeout(SOON).scope(async {
            let waiting = tokio::spawn(Scope::wrap(whereabouts(logs)));
            let blocking = tokio::task::spawn_blocking({
                let scope = Scope::current().unwrap();
                move || scope.run_blocking(|| whereabouts_blocking(logs))
            });
            until("both wait", async || hole.accepted() == 2).await;
            world.move_to(logs, &world.b);
            let moved = Instant::now();
            assert_eq!(waiting.await.unwrap().unwrap(), "b");
            assert_eq!(blocking.await.unwrap().unwrap(), "b");
            let told = moved.elapsed();
            assert!(told <= notice.bound() + CONNECT_TIMEOUT, "{told:?}");
            figure("a move reaches callers who wait after", [told]);
        });
        told.await;
    }
}
