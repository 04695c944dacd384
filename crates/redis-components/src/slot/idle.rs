//! Following the config of a component that nobody calls, so that a server it has left empties.
//!
//! Calls replace the clients of a component. If no call comes, the watch's thread proves the new
//! config: it opens as many connections as a call would, closes them, and puts the config in force
//! without clients. The next call of each executor builds one. A config that cannot be proven
//! leaves everything as it is: the last good config stays in force, its clients connected. The same
//! holds for a component that is switched on again, and for one whose first config comes after its
//! first call: the process reports that it follows.

use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use super::attempt::{Attempt, Runner};
use super::breaker::{Attempts, Goal};
use super::circuit::ExecutorId;
use super::published::{Clients, OfGeneration};
use super::slot::Slot;
use crate::background::Background;
use crate::client::asynchronous::AsyncClient;
use crate::config_server::watched_key::WatchedKey;

/// The shortest and the longest time that a change is left to calls. It differs between processes,
/// so that they do not come at once.
const LEFT_TO_CALLS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(2));
/// The time after which a config that could not be proven is tried again. It is long, because no
/// call waits for the config.
const TRIED_AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(4));

/// The watch's thread. It runs attempts, has no calls and keeps no clients.
#[derive(Clone, Debug)]
pub(super) struct OnWatch(pub(super) Background);

/// What was done about the newest config.
struct TakenUp {
    revision: u64,
    /// Whether nothing is left to do.
    is_done: bool,
}

impl Slot {
    /// Follows the config from now on, while the slot lives.
    pub(crate) fn follow_when_idle(self: &Arc<Self>) {
        if let Some(background) = &self.background {
            let (slot, watched) = (Arc::downgrade(self), Arc::clone(&self.watched));
            background.run(follow(slot, watched, OnWatch(background.clone())));
        }
    }

    /// Takes the steps of a call that finds the newest revision of the config.
    fn take_up(self: &Arc<Self>, runner: &OnWatch) -> TakenUp {
        let mut state = self.state();
        let target = self.watched.target();
        let taken_up = |is_done| TakenUp {
            revision: target.revision,
            is_done,
        };
        if state.is_shut_down {
            return taken_up(true);
        }
        let published = self.published.load_full();
        let Some(goal) = Goal::new_config(&target, published.as_deref()) else {
            return taken_up(true);
        };
        let was_in_force = self.generations.newest() > 0;
        if !was_in_force && state.breaker.is_tried(goal.revision) {
            // No config was ever in force. Who has called knows why, and calls again or does not.
            return taken_up(true);
        }
        if goal.config.is_disabled() {
            self.switch_off(state);
            return taken_up(true);
        }
        let breaker = &mut state.breaker;
        let in_force = published.as_ref().map(|published| published.revision);
        breaker.forget_except(|revision| revision == target.revision || Some(revision) == in_force);
        if let Attempts::None = breaker.attempts(runner.id(), goal.revision, Instant::now()) {
            let attempt = Attempt::begin(breaker, self, runner, goal);
            drop(state);
            runner.start(attempt);
        }
        taken_up(false)
    }
}

async fn follow(slot: Weak<Slot>, watched: Arc<WatchedKey>, runner: OnWatch) {
    let mut seen = watched.revision();
    loop {
        left_to_calls(&slot, &watched, seen).await;
        loop {
            let Some(slot_now) = slot.upgrade() else {
                return;
            };
            let TakenUp { revision, is_done } = slot_now.take_up(&runner);
            drop(slot_now);
            seen = revision;
            if is_done {
                break;
            }
            let tried_again = pin!(tokio::time::sleep(between(TRIED_AGAIN)));
            select(tried_again, pin!(left_to_calls(&slot, &watched, seen))).await;
        }
    }
}

/// Waits until calls have had their time to take up a change after `seen`. A further change begins
/// that time anew only if calls have taken up the one before: a config that keeps changing is
/// followed as well.
async fn left_to_calls(slot: &Weak<Slot>, watched: &WatchedKey, seen: u64) {
    watched.revised(seen).await;
    let mut waiting = watched.revision();
    let mut newest = waiting;
    let mut pause = pin!(tokio::time::sleep(between(LEFT_TO_CALLS)));
    while let Either::Right(_) = select(pause.as_mut(), pin!(watched.revised(newest))).await {
        newest = watched.revision();
        let in_force = slot.upgrade().and_then(|slot| slot.published());
        if in_force.is_some_and(|in_force| in_force.revision >= waiting) {
            waiting = newest;
            pause.set(tokio::time::sleep(between(LEFT_TO_CALLS)));
        }
    }
}

fn between((least, most): (Duration, Duration)) -> Duration {
    least + (most - least).mul_f64(fastrand::f64())
}

impl Runner for OnWatch {
    type Client = ();

    fn id(&self) -> ExecutorId {
        ExecutorId::Watch
    }

    fn adopt(&self, _: &Clients) -> Option<()> {
        None
    }

    fn set_may_be_replica((): &(), _: bool) {}

    fn keep(&self, _: &mut Clients, _: Arc<OfGeneration<()>>) {}

    fn has(&self, _: &Clients, _: &Weak<OfGeneration<()>>) -> bool {
        false
    }

    fn start(&self, attempt: Attempt<Self>) {
        self.0.run(async move {
            let Some(attempt) = attempt.settled().await else {
                return;
            };
            // As many as a call would open: a server that does not take them all is not proven.
            let proven = AsyncClient::prove(attempt.opening()).await;
            attempt.look_again(&proven).await;
            // No call uses a client here, so that none needs a probation.
            drop(attempt.finish(proven));
        });
    }
}
