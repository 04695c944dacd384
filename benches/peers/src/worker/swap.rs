//! Measures how long calls take around a move of their component.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::mover::Mover;
use crate::components::moving;
use crate::contestants::world::{APP, MESSAGE, World};
use crate::failure::Failure;

/// The span before a SET, and the span after it, that are compared.
const SPAN: Duration = Duration::from_secs(1);
/// The number of bins in the chart.
const BINS: usize = 40;
const MOMENT: Duration = Duration::from_millis(100);
const SETTLED_AFTER: Duration = Duration::from_millis(200);

/// What was found out about all moves.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Swaps {
    pub(crate) swaps: Vec<Swap>,
    /// From before the first move to after the last one.
    pub(crate) moments: Vec<Moment>,
}

/// A tenth of a second.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Moment {
    /// Its end, in seconds since the start.
    pub(crate) at: f64,
    /// The calls per second that each of the two servers counted.
    pub(crate) served: [f64; 2],
    /// The calls per second that failed.
    pub(crate) failed: f64,
}

/// Calls around one SET, in microseconds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Swap {
    /// The 99.9th percentile of the calls in the second before and in the second after.
    pub(crate) p999: [f64; 2],
    /// The slowest call in the second before and in the second after.
    pub(crate) slowest: [f64; 2],
    /// Calls that began in these two seconds and failed.
    pub(crate) failed: usize,
    /// The 99.9th percentile of each twentieth of a second, from one second before to one second
    /// after.
    pub(crate) course: Vec<f64>,
}

/// One call: when it began, counted from a start, and how long it took; both in microseconds.
#[derive(Clone, Copy)]
struct Call {
    begun: u32,
    took: u32,
    failed: bool,
}

/// Moves a component that `callers` tasks call without pause.
pub(crate) fn measure(world: &World, callers: usize, moves: usize) -> Result<Swaps, Failure> {
    let mut mover = Mover::of_component(&world.urls)?;
    mover.move_to(0)?;
    world.runtime.block_on(moving::log_recent(APP, MESSAGE))?;
    let start = Instant::now();
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..callers)
        .map(|_| world.runtime.spawn(call(start, Arc::clone(&stop))))
        .collect();
    let counting = {
        let (urls, stop) = (world.urls.data.clone(), Arc::clone(&stop));
        std::thread::spawn(move || count(&urls, start, &stop).map_err(|error| error.to_string()))
    };
    let mut move_all = || -> Result<Vec<u32>, Failure> {
        let mut moved = Vec::new();
        std::thread::sleep(SETTLED_AFTER);
        for number in 1..=moves {
            std::thread::sleep(SPAN);
            moved.push(microseconds(start, mover.move_to(number % 2)?));
            std::thread::sleep(SPAN + SETTLED_AFTER);
        }
        mover.move_to(0)?;
        Ok(moved)
    };
    let moved = move_all();
    stop.store(true, Ordering::Relaxed);
    let mut calls = Vec::new();
    for task in tasks {
        calls.extend(world.runtime.block_on(task)?);
    }
    calls.sort_unstable_by_key(|call| call.begun);
    let counts = counting.join().map_err(|_| "counting panicked")??;
    Ok(Swaps {
        swaps: moved?.iter().map(|at| around(&calls, *at)).collect(),
        moments: moments(&counts, &calls),
    })
}

/// When both servers were asked, in microseconds since the start, and how many calls each had had.
type Count = (u32, [u64; 2]);

/// Asks both servers for their counts, ten times a second.
fn count(urls: &[String; 2], start: Instant, stop: &AtomicBool) -> Result<Vec<Count>, Failure> {
    let mut connections = Vec::new();
    for url in urls {
        connections.push(redis::Client::open(url.as_str())?.get_connection()?);
    }
    let mut counts = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let mut served = [0; 2];
        for (served, connection) in served.iter_mut().zip(&mut connections) {
            let text: String = redis::cmd("INFO").arg("commandstats").query(connection)?;
            // One in each call.
            let pushes = text.split_once("cmdstat_lpush:calls=");
            let pushes = pushes.and_then(|(_, rest)| rest.split(',').next());
            *served = pushes.map_or(Ok(0), str::parse)?;
        }
        counts.push((microseconds(start, Instant::now()), served));
        std::thread::sleep(MOMENT);
    }
    Ok(counts)
}

fn moments(counts: &[Count], calls: &[Call]) -> Vec<Moment> {
    let pairs = counts.iter().zip(counts.iter().skip(1));
    pairs
        .map(|((from, before), (until, after))| {
            let seconds = f64::from(until - from) / 1e6;
            let rate = |count: u64| u32::try_from(count).map_or(0.0, f64::from) / seconds;
            let begun = calls.partition_point(|call| call.begun < *from)
                ..calls.partition_point(|call| call.begun < *until);
            let failed = calls[begun].iter().filter(|call| call.failed).count();
            Moment {
                at: f64::from(*until) / 1e6,
                served: [0, 1].map(|server: usize| rate(after[server] - before[server])),
                failed: rate(u64::try_from(failed).unwrap_or(u64::MAX)),
            }
        })
        .collect()
}

async fn call(start: Instant, stop: Arc<AtomicBool>) -> Vec<Call> {
    let mut calls = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let begun = microseconds(start, Instant::now());
        let failed = moving::log_recent(APP, MESSAGE).await.is_err();
        let took = microseconds(start, Instant::now()) - begun;
        calls.push(Call {
            begun,
            took,
            failed,
        });
    }
    calls
}

fn around(calls: &[Call], at: u32) -> Swap {
    let span = micros(SPAN);
    let range = |from: u32, to: u32| {
        let from = calls.partition_point(|call| call.begun < from);
        let to = calls.partition_point(|call| call.begun < to);
        calls[from..to].iter()
    };
    let between = |from: u32, to: u32| {
        let mut took: Vec<u32> = range(from, to).map(|call| call.took).collect();
        took.sort_unstable();
        took
    };
    let before = between(at - span, at);
    let after = between(at, at + span);
    let width = 2 * span / u32::try_from(BINS).unwrap_or(1);
    let course = (0..)
        .map(|bin| at - span + bin * width)
        .take(BINS)
        .map(|from| p999(&between(from, from + width)));
    Swap {
        p999: [p999(&before), p999(&after)],
        slowest: [slowest(&before), slowest(&after)],
        failed: range(at - span, at + span)
            .filter(|call| call.failed)
            .count(),
        course: course.collect(),
    }
}

fn p999(sorted: &[u32]) -> f64 {
    let index = sorted.len() * 999 / 1000;
    sorted.get(index).copied().map_or(0.0, f64::from)
}

fn slowest(sorted: &[u32]) -> f64 {
    sorted.last().copied().map_or(0.0, f64::from)
}

fn microseconds(start: Instant, at: Instant) -> u32 {
    micros(at.saturating_duration_since(start))
}

fn micros(time: Duration) -> u32 {
    // More than an hour, which no run lasts.
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}
