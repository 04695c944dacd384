//! What configs refer to, read again when it has changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout, timeout_at};

use super::known::Known;
use super::resolve::unread;
use super::sources::Sources;
use crate::config::contents::Contents;
use crate::config::needs::Needed;
use crate::config::reference::Reference;
use crate::telemetry::contents::{readable_again, unreadable};
use crate::transport::failure::{Cause, Failure};

/// The interval between two looks at files.
const EVERY: Duration = Duration::from_secs(1);
/// Looks begin no faster, whatever callers ask for.
const FASTEST: Duration = Duration::from_millis(20);

/// A handle to the watch of what a config refers to. The watch ends with its last handle.
#[derive(Debug)]
pub(crate) struct ContentsWatcher {
    found: watch::Receiver<Found>,
    asks: Arc<Asks>,
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// What could be read last.
    pub(crate) contents: Option<Arc<Contents>>,
    /// Why it cannot be read now.
    pub(crate) problem: Option<Unread>,
    /// The number of the last look.
    round: u64,
}

/// Why what a config refers to cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    cause: Cause,
    pub(crate) message: String,
}

impl From<Unread> for Failure {
    fn from(Unread { cause, message }: Unread) -> Self {
        Self::new(cause, message)
    }
}

/// How callers ask for a look.
#[derive(Debug, Default)]
struct Asks {
    /// The number of the newest look that has begun.
    begun: AtomicU64,
    /// Whether somebody has asked since a look began.
    is_asked: AtomicBool,
    wake: Notify,
}

impl ContentsWatcher {
    /// Watches on the current runtime. Files are read beside it, and `bound` says how long callers
    /// wait for them. Also returns the task to run there.
    pub(crate) fn new(
        needs: Vec<Needed>,
        sources: &Arc<Sources>,
        bound: Duration,
    ) -> (Arc<Self>, impl Future<Output = ()> + Send + 'static) {
        let (sender, found) = watch::channel(Found::default());
        let asks = Arc::<Asks>::default();
        let watch = Watch {
            has_files: needs
                .iter()
                .any(|needed| matches!(needed.at, Reference::File(_))),
            needs,
            sources: Arc::clone(sources),
            bound,
            found: sender,
            asks: Arc::clone(&asks),
        };
        let watcher = Arc::new(Self { found, asks });
        let alive = Arc::downgrade(&watcher);
        let task = async move {
            watch.run(|| alive.strong_count() > 0).await;
        };
        (watcher, task)
    }

    /// Returns what was read last.
    pub(crate) fn found(&self) -> Found {
        self.found.borrow().clone()
    }

    /// Returns the channel that tells what was read, after each look.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Found> {
        self.found.clone()
    }

    /// Reads everything again, and waits until that is done, or its time is over.
    pub(crate) async fn ask(&self) {
        // In this order: the look that satisfies this caller, or one before it, finds the mark.
        self.asks.is_asked.store(true, Ordering::SeqCst);
        let next = self.asks.begun.load(Ordering::SeqCst) + 1;
        self.asks.wake.notify_one();
        // An error says that the watch has ended.
        let _ = self
            .found
            .clone()
            .wait_for(|found| found.round >= next)
            .await;
    }
}

impl Drop for ContentsWatcher {
    fn drop(&mut self) {
        self.asks.wake.notify_one();
    }
}

struct Watch {
    needs: Vec<Needed>,
    sources: Arc<Sources>,
    has_files: bool,
    bound: Duration,
    found: watch::Sender<Found>,
    asks: Arc<Asks>,
}

type Look = JoinHandle<(Known, Result<Arc<Contents>, Failure>)>;

impl Watch {
    async fn run(self, is_wanted: impl Fn() -> bool) {
        let begin = |mut known: Known, is_forced: bool| -> Look {
            spawn_blocking(move || {
                let read = known.look(is_forced);
                (known, read)
            })
        };
        let mut round = 1;
        self.asks.begun.store(round, Ordering::SeqCst);
        let mut looking = begin(
            Known::new(self.needs.clone(), Arc::clone(&self.sources)),
            false,
        );
        while is_wanted() {
            let Ok(looked) = timeout(self.bound, &mut looking).await else {
                // A disk that hangs leaves nobody waiting, and gets no second thread.
                self.note(Err(unread(self.bound)), round);
                round += 1;
                self.asks.begun.store(round, Ordering::SeqCst);
                continue;
            };
            let Ok((known, read)) = looked else {
                // The runtime ends, and this task with it.
                return;
            };
            self.note(read, round);
            self.pause(known.again_at()).await;
            if !is_wanted() {
                // The last handle has ended the pause.
                return;
            }
            round += 1;
            // This comes before the look, so that a caller that asks from now on gets the next one.
            self.asks.begun.store(round, Ordering::SeqCst);
            let is_asked = self.asks.is_asked.swap(false, Ordering::SeqCst);
            looking = begin(known, is_asked);
        }
    }

    /// Waits for the next look.
    async fn pause(&self, again_at: Option<Instant>) {
        sleep(FASTEST).await;
        let woken = self.asks.wake.notified();
        // Processes that began together do not look together.
        let every = EVERY - (EVERY / 5).mul_f64(fastrand::f64());
        let of_files = self.has_files.then(|| Instant::now() + every);
        match of_files.into_iter().chain(again_at).min() {
            // An error says that it is time.
            Some(next) => drop(timeout_at(next.into(), woken).await),
            // The environment does not change.
            None => woken.await,
        }
    }

    fn note(&self, read: Result<Arc<Contents>, Failure>, round: u64) {
        let (contents, problem) = match read {
            Ok(contents) => (Some(contents), None),
            Err(Failure { cause, message, .. }) => (None, Some(Unread { cause, message })),
        };
        let before = self.found.borrow().clone();
        self.found.send_modify(|found| {
            // Whoever compares finds the same contents in the same place.
            if contents.is_some() && contents != found.contents {
                found.contents = contents;
            }
            found.problem.clone_from(&problem);
            found.round = round;
        });
        // Without contents, the attempt says why it cannot begin.
        if before.contents.is_some() {
            match (before.problem, problem) {
                (None, Some(problem)) => unreadable(&problem.message),
                (Some(_), None) => readable_again(),
                _ => {}
            }
        }
    }
}
