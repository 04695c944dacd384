//! Tasks and threads that call the component.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use redis::{AsyncCommands, RedisResult};
use tokio::runtime::Handle;

/// Callers, each with a counter of its own, until they are stopped.
pub(crate) struct Callers {
    tally: Arc<Tally>,
    tasks: Vec<tokio::task::JoinHandle<Calls>>,
    threads: Vec<JoinHandle<Calls>>,
}

#[derive(Debug, Default)]
struct Tally {
    stopped: AtomicBool,
    succeeded: AtomicU64,
    failed: AtomicU64,
    /// The longest call since it was forgotten, in microseconds.
    longest: AtomicU64,
    reasons: Mutex<BTreeMap<String, u64>>,
}

/// How the calls of one caller ended.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    pub(crate) page: String,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
}

/// How all calls ended.
#[derive(Debug)]
pub(crate) struct AllCalls {
    pub(crate) callers: Vec<Calls>,
    /// Each reason of a failure, and how many calls failed with it.
    pub(crate) reasons: BTreeMap<String, u64>,
}

impl Callers {
    pub(crate) fn start(tasks: usize, threads: usize) -> Self {
        let tally = Arc::new(Tally::default());
        let task = |number| {
            let tally = Arc::clone(&tally);
            tokio::spawn(async move {
                let mut calls = Calls::of(format!("task {number}"));
                while !tally.stopped.load(Relaxed) {
                    let begun = Instant::now();
                    let result = visit(&calls.page).await;
                    if calls.note(&tally, begun, result.map(drop)) {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                calls
            })
        };
        let thread = |number| {
            let tally = Arc::clone(&tally);
            thread::spawn(move || {
                let mut calls = Calls::of(format!("thread {number}"));
                while !tally.stopped.load(Relaxed) {
                    let begun = Instant::now();
                    let result = app::visits::record_visit(&calls.page);
                    if calls.note(&tally, begun, result.map(drop)) {
                        thread::sleep(PAUSE);
                    }
                }
                calls
            })
        };
        Self {
            tasks: (0..tasks).map(task).collect(),
            threads: (0..threads).map(thread).collect(),
            tally,
        }
    }

    pub(crate) fn succeeded(&self) -> u64 {
        self.tally.succeeded.load(Relaxed)
    }

    pub(crate) fn failed(&self) -> u64 {
        self.tally.failed.load(Relaxed)
    }

    /// Returns how long the longest call took since [`forget_longest`](Self::forget_longest).
    pub(crate) fn longest(&self) -> Duration {
        Duration::from_micros(self.tally.longest.load(Relaxed))
    }

    pub(crate) fn forget_longest(&self) {
        self.tally.longest.store(0, Relaxed);
    }

    /// Stops the callers after their current calls, and returns how the calls ended. This blocks.
    pub(crate) fn stop(mut self) -> AllCalls {
        self.tally.stopped.store(true, Relaxed);
        let mut callers = Vec::new();
        for task in std::mem::take(&mut self.tasks) {
            callers.extend(Handle::current().block_on(task));
        }
        let threads = std::mem::take(&mut self.threads);
        callers.extend(threads.into_iter().filter_map(|it| it.join().ok()));
        let mut reasons = self
            .tally
            .reasons
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        AllCalls {
            callers,
            reasons: std::mem::take(&mut reasons),
        }
    }
}

/// Lets callers end that nobody waits for, when the program is interrupted.
impl Drop for Callers {
    fn drop(&mut self) {
        self.tally.stopped.store(true, Relaxed);
    }
}

/// Failed calls may return at once: this pause keeps them from flooding the tally.
const PAUSE: Duration = Duration::from_millis(10);

/// Counts a visit, as `app::visits::record_visit` does on a thread.
async fn visit(page: &str) -> RedisResult<u64> {
    let mut connection = app::visits::connection().await?;
    connection.incr(format!("visits:{page}"), 1).await
}

impl Calls {
    fn of(page: String) -> Self {
        Self {
            page,
            ..Self::default()
        }
    }

    /// Notes how a call ended. Returns `true` if it failed.
    fn note(&mut self, tally: &Tally, begun: Instant, result: RedisResult<()>) -> bool {
        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        tally.longest.fetch_max(took, Relaxed);
        let Err(error) = result else {
            self.succeeded += 1;
            tally.succeeded.fetch_add(1, Relaxed);
            return false;
        };
        self.failed += 1;
        tally.failed.fetch_add(1, Relaxed);
        let mut reasons = tally.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        *reasons.entry(error.to_string()).or_default() += 1;
        true
    }
}
