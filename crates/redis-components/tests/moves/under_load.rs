//! Many callers, while the component moves on and on.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use redis_components::{Component, Scope};

use crate::common::moves::{LATE, Moves, Notice};
use crate::common::traffic::{Call, Load, Traffic, failures, figure};
use crate::common::{HOUR, World, count, counter, declare, until, until_blocking, whereabouts};

const TASKS: Load = Load {
    tasks: 64,
    threads: 0,
    pause: Duration::ZERO,
};
const THREADS: Load = Load {
    tasks: 0,
    threads: 16,
    pause: Duration::ZERO,
};

/// At least so many `calls` during so many `moves`: none fails, is lost or made twice, or is late.
async fn moves_lose_nothing(notice: Notice, load: Load, moves: u64, calls: u64) {
    let world = World::start();
    let logs = declare("logs", notice.wait());
    let mut made = Moves::of(&world, logs);
    made.to("a");
    notice
        .apply(world.settings())
        .scope(async {
            let traffic = Traffic::start(logs, load);
            for step in 0..moves {
                made.on();
                traffic.goes_on(calls / moves).await;
                if step % (moves / 2) == 0 {
                    // Twice the component stays for longer than the bound, or nobody could be too
                    // late.
                    tokio::time::sleep(notice.bound() + LATE / 5).await;
                }
            }
            let calls_made = traffic.stop().await;
            assert_eq!(failures(&calls_made), [""; 0]);
            assert!(calls_made.len() as u64 >= calls, "{}", calls_made.len());
            assert_eq!(
                counter(&world.a) + counter(&world.b),
                calls_made.len() as u64
            );
            let late = made.lateness(&calls_made);
            let latest = late.iter().max().copied().unwrap_or_default();
            assert!(latest <= notice.bound(), "a call began {latest:?} late");
            figure(
                &format!("{load:?}, {notice:?}: calls"),
                calls_made.iter().map(Call::took),
            );
            figure(&format!("{load:?}, {notice:?}: lateness"), late);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_tasks_lose_nothing_in_200_moves_that_are_pushed() {
    moves_lose_nothing(Notice::Push, TASKS, 200, 100_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_tasks_lose_nothing_in_200_moves_that_are_polled() {
    moves_lose_nothing(Notice::Poll, TASKS, 200, 100_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_threads_lose_nothing_in_100_moves_that_are_pushed() {
    moves_lose_nothing(Notice::Push, THREADS, 100, 50_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_threads_lose_nothing_in_100_moves_that_are_polled() {
    moves_lose_nothing(Notice::Poll, THREADS, 100, 50_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_tasks_that_ask_for_each_call_lose_nothing_in_100_moves() {
    const CALLS: u64 = 40_000;
    const MOVES: u64 = 100;
    let world = World::start();
    let logs = declare("logs", Duration::from_millis(5));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let made = Arc::new(AtomicU64::new(0));
            let callers: Vec<_> = (0..64)
                .map(|_| {
                    let made = Arc::clone(&made);
                    tokio::spawn(Scope::wrap(async move {
                        while made.fetch_add(1, Ordering::Relaxed) < CALLS {
                            count(logs).await.unwrap();
                        }
                    }))
                })
                .collect();
            for step in 1..=MOVES {
                until("the calls go on", async || {
                    made.load(Ordering::Relaxed) >= step * CALLS / (MOVES + 1)
                })
                .await;
                world.move_to(logs, if step % 2 == 0 { &world.a } else { &world.b });
            }
            for caller in callers {
                caller.await.unwrap();
            }
            let (on_a, on_b) = (counter(&world.a), counter(&world.b));
            assert_eq!(on_a + on_b, CALLS);
            assert!(on_a > 0 && on_b > 0, "{on_a} on a, {on_b} on b");
        })
        .await;
}

#[test]
fn r4_threads_that_ask_for_each_call_lose_nothing_in_20_moves() {
    const MOVES: usize = 20;
    let world = World::start();
    let logs = declare("logs", Duration::from_millis(5));
    world.move_to(logs, &world.a);
    world.settings().scope_blocking(|| {
        let scope = Scope::current().unwrap();
        let (made, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|threads| {
            for _ in 0..16 {
                let scope = scope.clone();
                let call = || {
                    let mut connection = logs.blocking_connection().unwrap();
                    let counted = redis::cmd("INCR").arg("counter").exec(&mut connection);
                    counted.unwrap();
                    made.fetch_add(1, Ordering::Relaxed);
                };
                let stop = &stop;
                threads.spawn(move || {
                    scope.run_blocking(|| {
                        while !stop.load(Ordering::Relaxed) {
                            call();
                        }
                    });
                });
            }
            for server in [&world.b, &world.a].into_iter().cycle().take(MOVES) {
                let before = counter(server);
                world.move_to(logs, server);
                // Each move is seen by some calls.
                until_blocking("calls arrive", || counter(server) > before + 100);
            }
            stop.store(true, Ordering::Relaxed);
        });
        let counted = counter(&world.a) + counter(&world.b);
        assert_eq!(counted, made.into_inner());
    });
}

/// Polls a future so many times and then drops it, unless it is ready.
async fn give_up_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if left <= 1 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

async fn echo(component: &Component, text: &str) -> String {
    let mut connection = component.connection().await.unwrap();
    redis::cmd("ECHO")
        .arg(text)
        .query_async(&mut connection)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_calls_that_are_dropped_disturb_no_others() {
    const TASKS: usize = 64;
    const MOVES: u64 = 50;
    let world = World::start();
    let logs = declare("logs", Notice::Poll.wait());
    let mut moves = Moves::of(&world, logs);
    moves.to("a");
    world
        .settings()
        .scope(async {
            whereabouts(logs).await.unwrap();
            let tasks = tokio::runtime::Handle::current().metrics();
            let tasks_before = tasks.num_alive_tasks();
            let stop = Arc::new(AtomicBool::new(false));
            let callers: Vec<_> = (0..TASKS)
                .map(|task| {
                    let stop = Arc::clone(&stop);
                    tokio::spawn(Scope::wrap(async move {
                        let (mut dropped, mut answered) = (0_u64, 0_u64);
                        for call in 0.. {
                            if stop.load(Ordering::Relaxed) {
                                break;
                            }
                            let text = format!("{task}-{call}");
                            let echoed = echo(logs, &text);
                            let answer = match call % 2 {
                                0 => Some(echoed.await),
                                // More would often find the answer there.
                                _ => give_up_after(1 + call / 2 % 3, echoed).await,
                            };
                            match answer {
                                Some(answer) => {
                                    assert_eq!(answer, text);
                                    answered += 1;
                                }
                                None => dropped += 1,
                            }
                        }
                        (dropped, answered)
                    }))
                })
                .collect();
            for _ in 0..MOVES {
                moves.on();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            stop.store(true, Ordering::Relaxed);
            let (mut dropped, mut answered) = (0, 0);
            for caller in callers {
                let (some, others) = caller.await.unwrap();
                dropped += some;
                answered += others;
            }
            println!("figure: {dropped} calls dropped, {answered} answered");
            assert!(dropped > 1000 && answered > 1000, "{dropped} {answered}");
            until("nothing is left of them", async || {
                tasks.num_alive_tasks() <= tasks_before
            })
            .await;
        })
        .await;
}

/// Three SETs back to back, of which the second falls into the read that the first has caused, race
/// four readers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r2_writes_back_to_back_never_leave_a_reader_behind() {
    const READERS: Load = Load {
        tasks: 4,
        threads: 0,
        pause: Duration::ZERO,
    };
    let rounds: u64 = std::env::var("REDIS_COMPONENTS_ROUNDS")
        .map_or(1_000, |rounds| rounds.parse().expect("a number of rounds"));
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    let mut moves = Moves::of(&world, logs);
    moves.to("a");
    let mut writer = world.config.connection();
    Notice::Push
        .apply(world.settings())
        .reread_interval(HOUR)
        .scope(async {
            let traffic = Traffic::start(logs, READERS);
            let mut seen = Vec::new();
            for round in 0..rounds {
                if round % 50 == 49 {
                    let _: () = redis::cmd("FLUSHALL").query(&mut writer).unwrap();
                }
                let to = moves.elsewhere();
                moves.on();
                moves.on();
                let set = moves.on();
                until(&format!("round {round} is seen"), async || {
                    whereabouts(logs).await.unwrap() == to
                })
                .await;
                seen.push(set.elapsed());
            }
            figure(
                "back to back: SET to the first call on the new server",
                seen,
            );
            assert_eq!(failures(&traffic.stop().await), [""; 0]);
        })
        .await;
}
