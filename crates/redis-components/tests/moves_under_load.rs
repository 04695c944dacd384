//! R1, R2 and R4 while many call and the component moves on and on.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use common::moves::{LATE, Moves, Notice};
use common::traffic::{Call, Load, Traffic, failures, figure};
use common::{World, counter, declare, until, whereabouts};
use redis_components::{Component, Scope};

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
        .settings(&world)
        .scope(async {
            let traffic = Traffic::start(logs, load);
            for step in 0..moves {
                made.on();
                traffic.goes_on(calls / moves).await;
                if step % 20 == 0 {
                    // Now and then the component stays for longer than the bound, or nobody could be too late.
                    tokio::time::sleep(notice.bound() + LATE).await;
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

/// Three SETs back to back, of which the second falls into the read that the first has caused, race four readers.
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
        .settings(&world)
        .reread_interval(Duration::from_secs(3600))
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
                let deadline = Instant::now() + common::SOON;
                while whereabouts(logs).await.unwrap() != to {
                    assert!(Instant::now() < deadline, "stale in round {round}");
                }
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
