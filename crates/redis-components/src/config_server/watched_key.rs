//! A key on the config server: its last value, and the time at which that value was known to be
//! current.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::watch;

use super::config_text::ConfigText;
use super::followed::Followed;
use super::good::LastGood;
use super::lock_free::invalidations::Invalidations;
use super::lock_free::proof::Proof;
use super::lock_free::reads::Reads;
use super::reading::{Outside, Problem, Reading, StandIn, Target};
use super::signal::Signal;
use super::strict::lanes::Lanes;
use crate::clock::{Tick, Wait};
use crate::config::ComponentConfig;
use crate::error::ErrorKind;
use crate::settings::intervals::FASTEST_HEARTBEAT;
use crate::transport::contents::watcher::ContentsWatcher;
use crate::transport::sentinel::watcher::Watcher;

/// The state of one key for one component, shared by its callers and the watch.
#[derive(Debug)]
pub(crate) struct WatchedKey {
    /// The component that the key is of. Empty if its config is fixed.
    component: String,
    /// Its place among the states of its watch.
    number: usize,
    /// Whether the watch is about to look at the key.
    is_touched: AtomicBool,
    reads: Reads,
    completed: watch::Sender<u64>,
    target: ArcSwap<Target>,
    good: LastGood,
    proof: Proof,
    invalidations: Invalidations,
    /// Whether a push has named the key since the last read was sent.
    is_named: AtomicBool,
    /// The smallest `wait` but zero of the components that use the key, in nanoseconds.
    smallest_wait: AtomicU64,
    /// Whether a component with `wait = "0s"` uses the key.
    is_strict: AtomicBool,
    /// The reads that calls of such a component send themselves.
    lanes: Lanes,
    /// When the newest of these was sent that found the target current.
    confirmed: AtomicU64,
    /// How many callers wait for a client and want to know when the config changes meanwhile.
    followers: AtomicUsize,
    /// The watch of the sentinels that the config names.
    watcher: ArcSwapOption<Followed<Watcher>>,
    /// The watch of what the config refers to.
    contents: ArcSwapOption<Followed<ContentsWatcher>>,
    signal: Arc<Signal>,
}

/// A read that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// The count of invalidations before.
    invalidations: u64,
    /// Whether a push had named the key.
    is_named: bool,
}

/// A caller that waits and does not read; see [`WatchedKey::follow`].
#[derive(Debug)]
pub(crate) struct Following<'a>(&'a WatchedKey);

impl Drop for Following<'_> {
    fn drop(&mut self) {
        self.0.followers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl WatchedKey {
    /// Returns the state of a key that is not read yet.
    pub(super) fn of(component: &str, number: usize, signal: Arc<Signal>) -> Self {
        Self {
            component: component.to_owned(),
            number,
            is_touched: AtomicBool::new(false),
            reads: Reads::new(),
            completed: watch::Sender::new(0),
            target: ArcSwap::default(),
            good: LastGood::default(),
            proof: Proof::new(),
            invalidations: Invalidations::new(),
            is_named: AtomicBool::new(false),
            smallest_wait: AtomicU64::new(u64::MAX),
            is_strict: AtomicBool::new(false),
            lanes: Lanes::default(),
            confirmed: AtomicU64::new(0),
            followers: AtomicUsize::new(0),
            watcher: ArcSwapOption::empty(),
            contents: ArcSwapOption::empty(),
            signal,
        }
    }

    pub(super) fn component(&self) -> &str {
        &self.component
    }

    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Returns the state of a config that never changes.
    pub(crate) fn fixed(config: ComponentConfig) -> Self {
        Self::fixed_until(config, Arc::default())
    }

    /// Returns the state of a config that never changes, on a thread that ends with `signal`.
    pub(super) fn fixed_until(config: ComponentConfig, signal: Arc<Signal>) -> Self {
        // No watch reads it.
        let watched = Self::of("", usize::MAX, signal);
        watched.publish(Target::default().with(config, &Outside::default()));
        watched.proof.prove_forever();
        watched
    }

    /// Returns `true` if the target was current on the config server no more than `wait` ago.
    pub(crate) fn is_proven(&self, wait: Wait) -> bool {
        self.proof.is_fresh(wait)
    }

    /// Returns the time since the target was last known to be current, or `None` if there was no
    /// answer yet, or if no proof is needed.
    pub(crate) fn proof_age(&self) -> Option<Duration> {
        let age = self.proof.age()?;
        let confirmed = Tick::from_bits(self.confirmed.load(Ordering::Relaxed));
        Some(age.min(confirmed.elapsed()))
    }

    /// Returns the revision of the target. Load it after [`is_proven`](Self::is_proven), which says
    /// how old it may be.
    pub(crate) fn revision(&self) -> u64 {
        self.proof.revision()
    }

    pub(crate) fn target(&self) -> Arc<Target> {
        self.target.load_full()
    }

    /// Notes that a component with this `wait` uses the key. Zero needs no heartbeat: each call
    /// reads.
    pub(crate) fn expect(&self, wait: Duration) {
        let nanoseconds = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        if nanoseconds > 0 {
            self.smallest_wait.fetch_min(nanoseconds, Ordering::Relaxed);
            self.signal.expect(nanoseconds);
        } else {
            self.is_strict.store(true, Ordering::Relaxed);
        }
    }

    /// Lets the watch look at the key when it wakes. Call this after what it is to see.
    pub(super) fn touch(&self) {
        if !self.is_touched.swap(true, Ordering::SeqCst) {
            self.signal.touch(self.number);
        }
    }

    /// Notes that the watch looks at the key. Call this before it does.
    pub(super) fn begin_look(&self) {
        self.is_touched.store(false, Ordering::SeqCst);
    }

    /// Returns `true` if the watch has to look at the key again, although nothing touches it.
    pub(super) fn needs_watch(&self) -> bool {
        self.is_due() || self.is_old() || self.followers.load(Ordering::SeqCst) > 0
    }

    /// Waits for a read that is sent from now on. The watch completes every read in bounded time,
    /// by an answer or by giving it up. The target says which.
    pub(crate) async fn read(&self) {
        let number = self.reads.ask();
        self.touch();
        self.signal.wake();
        if self.signal.is_unheard() {
            return;
        }
        let mut completed = self.completed.subscribe();
        // The sender lives as long as `self`, so there is no error.
        let _ = completed.wait_for(|completed| *completed >= number).await;
    }

    /// Waits until the reads that were sent before now are complete.
    pub(crate) async fn finish_reads(&self) {
        let sent = self.reads.newest_sent();
        if self.signal.is_unheard() {
            return;
        }
        let mut completed = self.completed.subscribe();
        // The sender lives as long as `self`, so there is no error.
        let _ = completed.wait_for(|completed| *completed >= sent).await;
    }

    /// Makes the watch read by itself while the result lives, unless changes are pushed. The caller
    /// waits, and perhaps no other caller reads.
    pub(crate) fn follow(&self) -> Following<'_> {
        self.followers.fetch_add(1, Ordering::SeqCst);
        self.touch();
        self.signal.wake();
        Following(self)
    }

    /// Returns the time until the next read on behalf of callers that [follow](Self::follow), if
    /// there are any.
    pub(super) fn next_read(&self) -> Option<Duration> {
        let age = self.proof.age().unwrap_or_default();
        let pause = match self.smallest_wait.load(Ordering::Relaxed) {
            u64::MAX => Duration::ZERO,
            nanoseconds => Duration::from_nanos(nanoseconds),
        };
        let left = pause.max(FASTEST_HEARTBEAT).saturating_sub(age);
        (self.followers.load(Ordering::Relaxed) > 0).then_some(left)
    }

    /// Waits until any read gives the target another revision than `revision`.
    pub(crate) async fn revised(&self, revision: u64) {
        let mut completed = self.completed.subscribe();
        while self.revision() == revision {
            if completed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Returns `true` if a caller waits for a read that is not sent.
    pub(super) fn is_due(&self) -> bool {
        self.reads.is_due()
    }

    /// Begins a read: callers that ask from now on get the next read. Call this before the read is
    /// sent: a push while it is in flight makes it old.
    pub(super) fn begin(&self) -> Sent {
        self.reads.begin();
        Sent {
            is_named: self.is_named.swap(false, Ordering::Relaxed),
            invalidations: self.invalidations.count(),
        }
    }

    /// Makes the last reading old, because a push names the key.
    pub(super) fn invalidate_by_name(&self) {
        self.is_named.store(true, Ordering::Relaxed);
        self.invalidate();
    }

    /// Makes the last reading old.
    pub(super) fn invalidate(&self) {
        self.invalidations.add();
        self.touch();
    }

    /// Returns `true` if the key may have changed since the last read, as far as pushes tell.
    pub(crate) fn is_old(&self) -> bool {
        self.invalidations.is_old()
    }

    /// Returns `true` if the server did not let the key be read. Then it does not push its changes
    /// either, and each proof is only as good as the read that gave it.
    pub(super) fn is_refused(&self) -> bool {
        let target = self.target.load();
        let problem = target.problem.as_ref();
        problem.is_some_and(|problem| problem.kind == ErrorKind::ConfigServerRefused)
    }

    /// Confirms the last reading, as of `sent_at`.
    pub(super) fn confirm(&self, sent_at: Tick) {
        self.proof.prove(sent_at);
    }

    /// Ends a read with its answer, and what its config leaves to others. Returns `true` if a push
    /// had named the key for nothing: it has not changed.
    pub(super) fn answer(
        &self,
        sent_at: Tick,
        sent: Sent,
        reading: Result<Reading, Problem>,
        outside: &Outside,
    ) -> bool {
        let known = self.target.load();
        let target = match reading {
            Ok(reading) => known.with_reading(reading, outside),
            Err(problem) => known.with_problem(problem),
        };
        let is_same = known.revision == target.revision && known.problem == target.problem;
        // A component that is switched off needs no server that proves its config.
        let switched_off = target.config.clone().filter(|config| config.is_disabled());
        self.keep_text_of_good();
        self.publish(target);
        match switched_off {
            Some(config) => self.note_in_force(&config),
            None => self.signal.note_good(),
        }
        self.invalidations.note_reading(sent.invalidations);
        // The proof comes after the target, so that a caller that sees the proof also sees the
        // target.
        self.proof.prove(sent_at);
        self.complete();
        sent.is_named && is_same
    }

    /// Gives up the read in flight and the reads that were asked for, because the server does not
    /// answer. `stand_in` is for a key without a config, with what that leaves to others.
    pub(super) fn give_up(&self, problem: Problem, stand_in: Option<(StandIn, Outside)>) {
        let target = self.target.load();
        self.publish(match stand_in {
            Some((stand_in, outside)) => target.with_stand_in(stand_in, problem, &outside),
            None => target.with_problem(problem),
        });
        self.reads.give_up();
        self.complete();
    }

    /// Returns `true` if the config comes from the file of last good configs.
    pub(crate) fn is_from_file(&self) -> bool {
        self.target.load().from_file.is_some()
    }

    /// Notes that a config is in force: it is the last good one now.
    pub(crate) fn note_in_force(&self, config: &Arc<ComponentConfig>) {
        self.note_change();
        if self.good.note(&self.target.load(), config) {
            self.signal.note_good();
        }
    }

    /// Keeps how the last good config is written by now, before another config takes its place.
    fn keep_text_of_good(&self) {
        if self.good.note_text(&self.target.load()) {
            self.signal.note_good();
        }
    }

    /// Returns how the config server writes the last good config, if it does, and since when it is
    /// that one.
    pub(super) fn good_text(&self) -> Option<(Instant, ConfigText)> {
        self.good.text(&self.target.load())
    }

    /// Notes that the receipt of this process may say something new about the key.
    pub(crate) fn note_change(&self) {
        self.signal.note_change();
    }

    /// Lets everybody look again who waits for a change.
    pub(super) fn tell(&self) {
        self.completed.send_modify(|_| ());
    }

    fn publish(&self, target: Target) {
        let revision = target.revision;
        self.target.store(Arc::new(target));
        self.proof.announce(revision);
        self.note_change();
    }

    fn complete(&self) {
        self.completed.send_replace(self.reads.newest_sent());
    }
}

mod outside;
mod strict;
#[cfg(test)]
mod tests;
