//! A candidate: a config that is made ready before it comes into force.
//!
//! Its clients live in a slot of their own, which is like that of a fixed config. They are built on
//! every executor that has a client of the component, and become the component's clients when the
//! config comes into force. Those of a server that has the same data take the commands before that
//! the server in force refuses because it has become a replica.

use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::{Either, select};
use tokio::sync::watch;

use super::attempt::{Attempt, Runner as _};
use super::breaker::{Attempts, Goal};
use super::circuit::{ExecutorId, Failed};
use super::executor::{Executor, OnRuntime, OnThreads};
use super::idle::OnWatch;
use super::published::Clients;
use super::slot::{Candidate, Slot};
use crate::clock::Wait;
use crate::config::ComponentConfig;
use crate::config_server::control::offers::{Offer, OffersFor};
use crate::telemetry::candidate::{no_longer, offered};

/// How often it is looked at whether the candidate's clients live.
const KEPT_WARM: Duration = Duration::from_secs(1);
/// The same until they are there.
const TRIED_AGAIN: Duration = Duration::from_millis(100);

/// How a candidate stands.
#[derive(Debug)]
pub(super) enum Standing {
    /// All executors that call the component have clients of it.
    Ready,
    Trying,
    Failed(Failed),
}

impl Candidate {
    /// Returns the id that receipts name.
    pub(crate) fn id(&self) -> &str {
        self.offer.id()
    }

    pub(super) fn slot(&self) -> &Arc<Slot> {
        &self.slot
    }

    /// Returns its config, as far as it is known.
    pub(crate) fn config(&self) -> Option<Arc<ComponentConfig>> {
        self.slot.watched.target().config.clone()
    }

    /// Returns `true` if a command that was refused with this code may go to the candidate.
    pub(super) fn takes(&self, code: &str) -> bool {
        self.offer.takes(code) && !self.offer.is_over()
    }

    /// Returns `true` if a command that was refused with this code waits until the candidate is in
    /// force.
    pub(super) fn holds(&self, code: &str) -> bool {
        self.offer.holds(code) && !self.offer.is_over()
    }

    /// Returns the run of its server that has the data, if that was said.
    pub(super) fn run_id(&self) -> Option<&str> {
        self.offer.run_id()
    }
}

impl Slot {
    /// Makes candidates of the component ready from now on, while the slot lives.
    pub(crate) fn follow_candidates(self: &Arc<Self>) {
        if let (Some(server), Some(background)) = (&self.server, &self.background) {
            let offers = server.offers(self.component());
            let runner = OnWatch(background.clone());
            background.run(follow(Arc::downgrade(self), offers, runner));
        }
    }

    /// Returns the candidate, if there is one.
    pub(crate) fn candidate(&self) -> Option<Arc<Candidate>> {
        self.candidate.borrow().clone()
    }

    /// Returns `true` if the config is that of a candidate which has the data of the server in force.
    pub(super) fn moves_to(&self, config: &ComponentConfig) -> bool {
        let candidate = self.candidate();
        let candidate = candidate.filter(|candidate| candidate.offer.has_same_data());
        let config_of = candidate.and_then(|candidate| candidate.config());
        config_of.is_some_and(|candidate| *candidate == *config)
    }

    /// Returns how the candidate stands.
    pub(super) fn standing_of(&self, candidate: &Candidate) -> Standing {
        let of_candidate = &candidate.slot;
        let revision = of_candidate.watched.revision();
        if let Some(failed) = of_candidate.state().breaker.failure(revision) {
            return Standing::Failed(failed.clone());
        }
        let (ours, theirs) = (self.published(), of_candidate.published());
        let is_warm = theirs.is_some_and(|theirs| {
            ours.is_none_or(|ours| theirs.clients.serve_all_of(&ours.clients))
        });
        if is_warm {
            Standing::Ready
        } else {
            Standing::Trying
        }
    }

    /// Returns whether the candidate is ready, and why it cannot be used.
    pub(crate) fn readiness_of(&self, candidate: &Candidate) -> (bool, Option<String>) {
        match self.standing_of(candidate) {
            Standing::Ready => (true, None),
            Standing::Trying => (false, None),
            Standing::Failed(failed) => (false, Some(failed.error.message().to_owned())),
        }
    }

    /// Puts a candidate in the place of the one that there is.
    fn take_offer(self: &Arc<Self>, offer: Option<Arc<Offer>>) {
        let known = self.candidate();
        let is_same = match (&known, &offer) {
            (Some(known), Some(offer)) => Arc::ptr_eq(&known.offer, offer),
            (None, None) => true,
            _ => false,
        };
        if is_same {
            return;
        }
        let candidate = offer.map(|offer| {
            let slot = Arc::new(self.for_candidate(offer.watched()));
            Arc::new(Candidate { offer, slot })
        });
        let state = self.state();
        if state.is_shut_down {
            return;
        }
        self.candidate.send_replace(candidate.clone());
        drop(state);
        if let Some(known) = known {
            known.slot.discard();
            no_longer(&self.subject, known.id());
        }
        if let Some(candidate) = candidate {
            let server = candidate.config().map(|config| config.address());
            offered(&self.subject, candidate.id(), server.as_deref());
        }
        self.watched.note_change();
    }

    /// Gives no client to any further call. Those who use one keep it, and so does a component that
    /// has taken over the clients.
    pub(super) fn discard(&self) {
        self.state().is_shut_down = true;
        self.published.store(None);
    }

    /// Begins an attempt that proves the config, unless one runs or it is too early for the next.
    fn prove(self: &Arc<Self>, runner: &OnWatch) {
        let mut state = self.state();
        let target = self.watched.target();
        let goal = Goal::new_config(&target, None).filter(|_| !state.is_shut_down);
        let Some(goal) = goal else { return };
        let breaker = &mut state.breaker;
        if let Attempts::None = breaker.attempts(runner.id(), goal.revision, Instant::now()) {
            let attempt = Attempt::begin(breaker, self, runner, goal);
            drop(state);
            runner.start(attempt);
        }
    }
}

impl Clients {
    fn is_empty(&self) -> bool {
        let mut living = self
            .runtimes
            .iter()
            .filter(|(_, one)| !one.client.is_closed());
        living.next().is_none() && OnThreads.find(self).is_none()
    }

    /// Returns `true` if these are clients on all executors that have one of the `others`.
    fn serve_all_of(&self, others: &Self) -> bool {
        let lives_on = |id| {
            let mut runtimes = self.runtimes.iter();
            runtimes.any(|(other, one)| *other == id && !one.client.is_closed())
        };
        let mut living = others
            .runtimes
            .iter()
            .filter(|(_, one)| !one.client.is_closed());
        living.all(|(id, _)| lives_on(*id))
            && (OnThreads.find(others).is_none() || OnThreads.find(self).is_some())
    }
}

async fn follow(slot: Weak<Slot>, mut offers: OffersFor, runner: OnWatch) {
    loop {
        let offer = offers.current();
        let until = offer.as_ref().and_then(|offer| offer.until());
        let has_candidate = offer.is_some();
        let Some(is_ready) = warm_up(&slot, offer, &runner).await else {
            return;
        };
        if !has_candidate {
            if !offers.changed().await {
                return;
            }
            continue;
        }
        let pause = if is_ready { KEPT_WARM } else { TRIED_AGAIN };
        let left = until.map(|until| until.duration_since(SystemTime::now()).unwrap_or_default());
        let pause = tokio::time::sleep(left.map_or(pause, |left| left.min(pause)));
        if let Either::Left((false, _)) = select(pin!(offers.changed()), pin!(pause)).await {
            return;
        }
    }
}

/// Takes an offer, and proves it on the watch's thread if no executor has a client of it. Returns
/// `true` if nothing is to be done soon, and nothing if the slot is gone.
async fn warm_up(slot: &Weak<Slot>, offer: Option<Arc<Offer>>, runner: &OnWatch) -> Option<bool> {
    let there = slot.upgrade()?;
    there.take_offer(offer);
    let Some(candidate) = there.candidate() else {
        return Some(true);
    };
    let of_candidate = &candidate.slot;
    let ours = there.published();
    // What waits for the candidate must not keep the settings of the component from ending.
    drop(there);
    if ours.is_some_and(|ours| OnThreads.find(&ours.clients).is_some()) {
        // An error is in the slot.
        let _ = of_candidate.acquire(&OnThreads, Wait::ZERO).await;
    }
    let there = slot.upgrade()?;
    let needs_proof = match of_candidate.published() {
        Some(theirs) => {
            let ours = there.published();
            theirs.clients.is_empty() && ours.is_none_or(|ours| ours.clients.is_empty())
        }
        None => true,
    };
    if needs_proof {
        of_candidate.prove(runner);
    }
    there.watched.note_change();
    Some(matches!(there.standing_of(&candidate), Standing::Ready))
}

/// Keeps a client of the component's candidate on a runtime while the component has one there, as
/// long as the slot lives. One task does that for each runtime.
pub(super) async fn keep_candidate_warm(slot: Weak<Slot>, executor: OnRuntime) {
    let Some(warmer) = Warmer::begin(&slot, executor.id()) else {
        return;
    };
    let mut candidates = warmer.candidates.clone();
    loop {
        let candidate = candidates.borrow_and_update().clone();
        let has_candidate = candidate.is_some();
        if let Some(candidate) = candidate
            && let Some(slot) = slot.upgrade()
        {
            let ours = slot.published();
            let watched = Arc::clone(&slot.watched);
            // As in `warm_up`.
            drop(slot);
            if ours.is_some_and(|ours| executor.find(&ours.clients).is_some()) {
                // An error is in the slot.
                let _ = candidate.slot.acquire(&executor, Wait::ZERO).await;
                watched.note_change();
            }
        }
        let changed = pin!(candidates.changed());
        let is_over = if has_candidate {
            let pause = pin!(tokio::time::sleep(KEPT_WARM));
            matches!(select(changed, pause).await, Either::Left((Err(_), _)))
        } else {
            changed.await.is_err()
        };
        if is_over {
            return;
        }
    }
}

/// The mark of a task that keeps candidates warm on a runtime.
struct Warmer {
    slot: Weak<Slot>,
    executor: ExecutorId,
    candidates: watch::Receiver<Option<Arc<Candidate>>>,
}

impl Warmer {
    /// Returns `None` if the runtime has such a task, or there are no candidates.
    fn begin(slot: &Weak<Slot>, executor: ExecutorId) -> Option<Self> {
        let there = slot.upgrade().filter(|slot| slot.server.is_some())?;
        let warmers = &mut there.state().warmers;
        if warmers.contains(&executor) {
            return None;
        }
        warmers.push(executor);
        Some(Self {
            slot: Weak::clone(slot),
            executor,
            candidates: there.candidate.subscribe(),
        })
    }
}

impl Drop for Warmer {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.upgrade() {
            slot.state()
                .warmers
                .retain(|executor| *executor != self.executor);
        }
    }
}
