//! A process in Rust that counts, in tasks and in a thread.

use std::io::{self, BufRead as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::tally::Tally;

/// How often the process tells how far it is.
const TOLD_EVERY: Duration = Duration::from_millis(100);
/// Failed calls may return at once: this pause keeps them from flooding the tally.
const PAUSE: Duration = Duration::from_millis(10);

/// What all callers of the process share.
#[derive(Debug, Default)]
struct Shared {
    stopped: AtomicBool,
    tally: Mutex<Tally>,
}

/// Counts until standard input ends, and tells how far it is in lines of JSON.
pub(crate) async fn run(number: usize, tasks: usize) -> ExitCode {
    // The config server is that of `REDIS_CONFIG_URL`.
    let shared = Arc::<Shared>::default();
    let mut counting: Vec<_> = (1..tasks)
        .map(|task| tokio::spawn(count(format!("count:{number}:{task}"), Arc::clone(&shared))))
        .collect();
    let page = format!("{number}");
    let of_thread = Arc::clone(&shared);
    counting.push(tokio::task::spawn_blocking(move || {
        count_blocking(&page, &of_thread);
    }));
    let ends = tokio::task::spawn_blocking(|| {
        let mut lines = io::stdin().lock().lines();
        while let Some(Ok(_)) = lines.next() {}
    });
    while !ends.is_finished() {
        tokio::time::sleep(TOLD_EVERY).await;
        let tally = Tally {
            counters: Default::default(),
            ..shared.tally().clone()
        };
        tell(&tally);
    }
    shared.stopped.store(true, Relaxed);
    for one in counting {
        if let Err(error) = one.await {
            shared.tally().fail(error.to_string());
        }
    }
    tell(&shared.tally());
    ExitCode::SUCCESS
}

#[allow(clippy::print_stdout, reason = "the lines are what the process is for")]
fn tell(tally: &Tally) {
    println!("{}", serde_json::to_string(tally).unwrap_or_default());
}

async fn count(key: String, shared: Arc<Shared>) {
    let mut counter = Counter::new(key);
    while !shared.stopped.load(Relaxed) {
        let begun = Instant::now();
        let counted = async {
            let mut connection = app::statistics::connection().await?;
            let mut incr = redis::cmd("INCR");
            incr.arg(&counter.key).query_async(&mut connection).await
        };
        if !counter.note(counted.await, begun, &shared) {
            tokio::time::sleep(PAUSE).await;
        }
    }
    counter.end(&shared);
}

fn count_blocking(page: &str, shared: &Shared) {
    let mut counter = Counter::new(format!("visits:{page}"));
    while !shared.stopped.load(Relaxed) {
        let begun = Instant::now();
        let counted = app::visits::record_visit(page);
        if !counter.note(counted, begun, shared) {
            std::thread::sleep(PAUSE);
        }
    }
    counter.end(shared);
}

/// A counter that only one caller changes.
struct Counter {
    key: String,
    count: u64,
}

impl Counter {
    fn new(key: String) -> Self {
        Self { key, count: 0 }
    }

    /// Notes the answer of a call. Returns `true` if it has succeeded.
    fn note(&mut self, counted: redis::RedisResult<u64>, begun: Instant, shared: &Shared) -> bool {
        let mut tally = shared.tally();
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        tally.longest_ms = tally.longest_ms.max(took);
        match counted {
            Ok(count) => {
                tally.wrong += u64::from(count != self.count + 1);
                tally.succeeded += 1;
                self.count = count;
                true
            }
            Err(error) => {
                tally.fail(error.to_string());
                false
            }
        }
    }

    fn end(self, shared: &Shared) {
        shared.tally().counters.insert(self.key, self.count);
    }
}

impl Shared {
    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
