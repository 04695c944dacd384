//! Tasks that call the component.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

/// Tasks that call `log_recent` until they are stopped.
pub(crate) struct Callers {
    tasks: JoinSet<()>,
    tally: Arc<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    stopped: AtomicBool,
    succeeded: AtomicU64,
    failed: AtomicU64,
    reasons: Mutex<BTreeMap<String, u64>>,
}

/// How the calls ended.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    /// Each reason of a failure, and how many calls failed with it.
    pub(crate) reasons: BTreeMap<String, u64>,
}

impl Callers {
    pub(crate) fn start(number: usize) -> Self {
        let tally = Arc::new(Tally::default());
        let tasks = (0..number).map(|task| call(task, tally.clone())).collect();
        Self { tasks, tally }
    }

    pub(crate) fn succeeded(&self) -> u64 {
        self.tally.succeeded.load(Relaxed)
    }

    pub(crate) fn failed(&self) -> u64 {
        self.tally.failed.load(Relaxed)
    }

    /// Stops the tasks after their current calls, and returns how the calls ended.
    pub(crate) async fn stop(self) -> Calls {
        self.tally.stopped.store(true, Relaxed);
        self.tasks.join_all().await;
        let mut reasons = self
            .tally
            .reasons
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Calls {
            succeeded: self.tally.succeeded.load(Relaxed),
            failed: self.tally.failed.load(Relaxed),
            reasons: std::mem::take(&mut reasons),
        }
    }
}

async fn call(task: usize, tally: Arc<Tally>) {
    let message = format!("task {task} is at work");
    while !tally.stopped.load(Relaxed) {
        match app::logs::log_recent("main", &message).await {
            Ok(()) => {
                tally.succeeded.fetch_add(1, Relaxed);
            }
            Err(error) => {
                tally.fail(error.to_string());
                // Failed calls may return at once: this pause keeps them from flooding the tally.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

impl Tally {
    fn fail(&self, reason: String) {
        self.failed.fetch_add(1, Relaxed);
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        *reasons.entry(reason).or_default() += 1;
    }
}
