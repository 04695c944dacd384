//! A network that delays, cuts and cuts off.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use redis::{RedisError, RedisResult};
use redis_components::{Component, Error, ErrorKind, Scope};
use redis_components_testing::Proxy;

use crate::common::impostors::{impostor, web_server};
use crate::common::moves::{LATE, Notice};
use crate::common::{World, config_with, declare, until};
use crate::{BACK, CONNECT_TIMEOUT, RESPONSE_TIMEOUT, is_on};

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
    world.set(
        logs,
        &config_with(world.a.port(), r#""socket_timeout":0.05"#),
    );
    world
        .default_settings()
        .scope(async {
            until("calls succeed", async || is_on("a", logs).await).await;
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
        .default_settings()
        .scope(async {
            until("calls succeed", async || is_on("a", logs).await).await;
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
                        // A call may find that it must connect, for which it is given a timeout of
                        // its own.
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

/// A proxy that cuts replies off, and soon does not, is no server that refuses: that would be left
/// alone for half a minute.
#[tokio::test]
async fn r10_a_server_whose_replies_are_cut_off_is_down_and_not_wrong() {
    let world = World::start();
    let proxy = Proxy::to(&world.a);
    // The replies to SELECT and to PING, which every server sends: in the first, behind it, and in
    // the last.
    let replies = "+OK\r\n+PONG\r\n".len();
    for cut_after in [1, 4, 5, replies - 1] {
        let logs = declare("logs", Notice::Push.wait());
        world.set(logs, &config_with(proxy.port(), r#""db":1"#));
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
