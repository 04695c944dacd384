//! One key on the config server: what it said last, and when that was known to be true.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::reading::{Problem, Target};
use super::signal::Signal;
use crate::ComponentConfig;
use crate::clock::Tick;

/// `proof` of a key that has no answer yet.
const NEVER: u64 = 0;
/// `proof` of a config that cannot change, because it is not on a server.
const FOR_EVER: u64 = u64::MAX;

/// The state of one key, shared by its component's callers and the watch.
///
/// Reads are numbered. A caller that needs one looks up the number of the newest read that was sent, asks for the next
/// and waits until that one is complete: it was sent after the caller began, and everybody who asks until it is sent
/// shares it. A read that was already in flight could have passed the server before somebody's SET did.
#[derive(Debug)]
pub(crate) struct Watched {
    requested: AtomicU64,
    sent: AtomicU64,
    completed: watch::Sender<u64>,
    target: ArcSwap<Target>,
    revision: AtomicU64,
    proof: AtomicU64,
    /// The count of pushes before the last read was sent.
    as_of: AtomicU64,
    /// The smallest `wait` but zero of those who use the key, in nanoseconds.
    smallest_wait: AtomicU64,
    signal: Arc<Signal>,
}

impl Watched {
    pub(super) fn new(signal: Arc<Signal>) -> Self {
        Self {
            requested: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            completed: watch::Sender::new(0),
            target: ArcSwap::default(),
            revision: AtomicU64::new(0),
            proof: AtomicU64::new(NEVER),
            as_of: AtomicU64::new(0),
            smallest_wait: AtomicU64::new(u64::MAX),
            signal,
        }
    }

    /// A config that is given once and for all.
    pub(crate) fn fixed(config: ComponentConfig) -> Self {
        let watched = Self::new(Arc::default());
        watched.publish(Target::default().with(config));
        watched.proof.store(FOR_EVER, Ordering::Release);
        watched
    }

    /// Whether the target was current on the config server no more than `wait` ago.
    pub(crate) fn is_proven(&self, wait: Duration) -> bool {
        match self.proof.load(Ordering::Acquire) {
            NEVER => false,
            FOR_EVER => true,
            proof => !wait.is_zero() && Tick::from_bits(proof).elapsed() <= wait,
        }
    }

    /// Time since the target was last known to be current; none where there was no answer yet or none is needed.
    pub(crate) fn proof_age(&self) -> Option<Duration> {
        match self.proof.load(Ordering::Acquire) {
            NEVER | FOR_EVER => None,
            proof => Some(Tick::from_bits(proof).elapsed()),
        }
    }

    /// The revision of the target; to be loaded after [`is_proven`](Self::is_proven), which says how old it may be.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    pub(crate) fn target(&self) -> Arc<Target> {
        self.target.load_full()
    }

    /// Notes that there are callers with this `wait`. Zero needs no heartbeat: each call reads.
    pub(crate) fn expect(&self, wait: Duration) {
        let nanoseconds = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        if nanoseconds > 0 {
            self.smallest_wait.fetch_min(nanoseconds, Ordering::Relaxed);
        }
    }

    pub(super) fn smallest_wait(&self) -> Option<Duration> {
        match self.smallest_wait.load(Ordering::Relaxed) {
            u64::MAX => None,
            nanoseconds => Some(Duration::from_nanos(nanoseconds)),
        }
    }

    /// Waits for a read that is sent from now on. The watch completes every read, in bounded time, by an answer or by
    /// giving it up; which of the two, the target tells.
    pub(crate) async fn read(&self) {
        let number = self.sent.load(Ordering::SeqCst) + 1;
        self.requested.fetch_max(number, Ordering::SeqCst);
        self.signal.wake();
        if self.signal.has_ended() {
            return;
        }
        let mut completed = self.completed.subscribe();
        // An error says that the sender is gone, which lives as long as `self`.
        let _ = completed.wait_for(|completed| *completed >= number).await;
    }

    /// Whether somebody waits for a read that is not sent.
    pub(super) fn is_due(&self) -> bool {
        self.requested.load(Ordering::SeqCst) > self.sent.load(Ordering::SeqCst)
    }

    /// Begins a read: whoever asks from now on gets the next one.
    pub(super) fn begin(&self) {
        self.sent.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether nothing was pushed since before the last read, when the count of pushes is `generation` now.
    pub(super) fn is_as_of(&self, generation: u64) -> bool {
        self.as_of.load(Ordering::Relaxed) == generation
    }

    /// Confirms the last reading, as of `sent_at`.
    pub(super) fn confirm(&self, sent_at: Tick) {
        self.proof.store(sent_at.to_bits(), Ordering::Release);
    }

    /// Ends a read, sent at `sent_at` when the count of pushes was `generation`, with what the server said.
    pub(super) fn answer(
        &self,
        sent_at: Tick,
        generation: u64,
        reading: Result<ComponentConfig, Problem>,
    ) {
        let target = self.target.load();
        match reading {
            Ok(config) => self.publish(target.with(config)),
            Err(problem) => self.publish(target.with_problem(problem)),
        }
        // After the target: who sees the proof sees what it proves.
        self.as_of.store(generation, Ordering::Relaxed);
        self.confirm(sent_at);
        self.complete();
    }

    /// Gives up the read in flight and those asked for: the server does not answer.
    pub(super) fn give_up(&self, problem: Problem) {
        self.publish(self.target.load().with_problem(problem));
        self.sent
            .fetch_max(self.requested.load(Ordering::SeqCst), Ordering::SeqCst);
        self.complete();
    }

    fn publish(&self, target: Target) {
        let revision = target.revision;
        self.target.store(Arc::new(target));
        self.revision.store(revision, Ordering::Release);
    }

    fn complete(&self) {
        self.completed
            .send_replace(self.sent.load(Ordering::SeqCst));
    }
}
