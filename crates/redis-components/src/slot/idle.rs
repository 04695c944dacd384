//! Following the config of a component that nobody calls, so that a server it has left empties.
//!
//! Calls replace the clients of a component. If no call comes, the watch's thread proves the new
//! config: it opens as many connections as a call would, closes them, and puts the config in force
//! without clients. The next call of each executor builds one. A config that cannot be proven
//! leaves everything as it is: the last good config stays in force, its clients connected.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::attempt::{Attempt, Runner};
use super::breaker::{Attempts, ExecutorId, Goal};
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
struct OnWatch(Background);

impl Slot {
    /// Follows the config from now on, while the slot lives.
    pub(crate) fn follow_when_idle(self: &Arc<Self>) {
        if let Some(server) = &self.server {
            let background = server.background();
            let (slot, watched) = (Arc::downgrade(self), Arc::clone(&self.watched));
            background.run(follow(slot, watched, OnWatch(background.clone())));
        }
    }

    /// Takes the steps of a call that finds this revision of the config. Returns `true` if nothing
    /// is left to do.
    fn take_up(self: &Arc<Self>, runner: &OnWatch, revision: u64) -> bool {
        let mut state = self.state();
        let target = self.watched.target();
        if target.revision != revision {
            // Newer than what was left to calls so far.
            return true;
        }
        let published = self.published.load_full();
        let Some(published) = published.filter(|_| !state.is_shut_down) else {
            // A component that was never used has no server to leave.
            return true;
        };
        let Some(goal) = Goal::new_config(&target, Some(&published)) else {
            return true;
        };
        if goal.config.is_disabled() {
            self.switch_off(state);
            return true;
        }
        let breaker = &mut state.breaker;
        breaker.forget_except(|revision| {
            revision == target.revision || revision == published.revision
        });
        if let Attempts::None = breaker.attempts(runner.id(), goal.revision, Instant::now()) {
            let attempt = Attempt::begin(breaker, self, runner, goal);
            drop(state);
            runner.start(attempt);
        }
        false
    }
}

async fn follow(slot: Weak<Slot>, watched: Arc<WatchedKey>, runner: OnWatch) {
    let mut seen = watched.revision();
    loop {
        watched.revised(seen).await;
        seen = watched.revision();
        let mut pause = LEFT_TO_CALLS;
        loop {
            tokio::time::sleep(between(pause)).await;
            let Some(slot) = slot.upgrade() else { return };
            if slot.take_up(&runner, seen) {
                break;
            }
            pause = TRIED_AGAIN;
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

    fn keep(&self, _: &mut Clients, _: Arc<OfGeneration<()>>) {}

    fn start(&self, attempt: Attempt<Self>) {
        self.0.run(async move {
            // As many as a call would open: a server that does not take them all is not proven.
            let proven = AsyncClient::prove(attempt.opening()).await;
            // No call uses a client here, so that none needs a probation.
            drop(attempt.finish(proven));
        });
    }
}
