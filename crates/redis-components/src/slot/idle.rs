//! Following the config of a component that nobody calls, so that a server it has left empties.
//!
//! The clients of a component are replaced by its calls. Where no call comes, the watch's thread proves the new config with
//! connections of its own, as many as a call would open, which it closes, and puts it in force without clients; the next call of each executor builds
//! one. A config that cannot be proven leaves everything as it is: the last good one stays in force, its clients
//! connected.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use redis::AsyncConnectionConfig;

use super::Slot;
use super::attempt::Attempt;
use super::executor::{Executor, ExecutorId};
use super::outlook::{Goal, Prospect};
use super::published::{Clients, Numbered};
use crate::ComponentConfig;
use crate::client::{EarlyEnd, open};
use crate::config_server::{Errands, Watched};

/// How long a change is left to calls, at least and at most: of many processes no two shall come at once.
const LEFT_TO_CALLS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(2));
/// After how long a config that could not be proven is tried again. Rarely, because nobody waits for it.
const TRIED_AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(4));

/// The watch's thread, as an executor that has no calls and needs no clients.
#[derive(Clone, Debug)]
struct OnWatch(Errands);

impl Slot {
    /// Follows the config from now on, for as long as the slot lives.
    pub(crate) fn follow_when_idle(self: &Arc<Self>) {
        if let Some(server) = &self.server {
            let errands = server.errands();
            let (slot, watched) = (Arc::downgrade(self), Arc::clone(&self.watched));
            errands.run(follow(slot, watched, OnWatch(errands.clone())));
        }
    }

    /// Does what a call would do that finds this revision of the config, and says whether nothing is left to be done.
    fn take_up(self: &Arc<Self>, executor: &OnWatch, revision: u64) -> bool {
        let mut outlook = self.outlook();
        let target = self.watched.target();
        if target.revision != revision {
            // Newer than what was left to calls so far.
            return true;
        }
        let published = self.published.load_full();
        let Some(published) = published.filter(|_| !outlook.is_shut_down()) else {
            // What was never in force has nothing to leave.
            return true;
        };
        let Some(goal) = Goal::new_config(&target, Some(&published)) else {
            return true;
        };
        if goal.config.is_disabled() {
            self.switch_off(outlook);
            return true;
        }
        outlook.forget_failures_except(|revision| {
            revision == target.revision || revision == published.revision
        });
        if let Prospect::Open = outlook.prospect(executor.id(), &goal, Instant::now()) {
            let attempt = Attempt::begin(&mut outlook, self, executor, goal);
            drop(outlook);
            executor.start(attempt);
        }
        false
    }
}

async fn follow(slot: Weak<Slot>, watched: Arc<Watched>, executor: OnWatch) {
    let mut seen = watched.revision();
    loop {
        watched.revised(seen).await;
        seen = watched.revision();
        let mut pause = LEFT_TO_CALLS;
        loop {
            tokio::time::sleep(between(pause)).await;
            let Some(slot) = slot.upgrade() else { return };
            if slot.take_up(&executor, seen) {
                break;
            }
            pause = TRIED_AGAIN;
        }
    }
}

fn between((least, most): (Duration, Duration)) -> Duration {
    least + (most - least).mul_f64(fastrand::f64())
}

impl Executor for OnWatch {
    type Client = ();

    fn id(&self) -> ExecutorId {
        ExecutorId::Watch
    }

    fn find<'a>(&self, _: &'a Clients) -> Option<&'a Arc<Numbered<()>>> {
        None
    }

    fn had(&self, _: &Clients) -> bool {
        false
    }

    fn take_early_end(&self, _: &Clients) -> Option<EarlyEnd> {
        None
    }

    fn put(&self, _: &mut Clients, _: Arc<Numbered<()>>) {}

    fn start(&self, attempt: Attempt<Self>) {
        self.0.run(async move {
            let config: &ComponentConfig = attempt.config();
            let (login, timeouts) = (config.redis_settings(), attempt.timeouts());
            // As many as a call would open: a server that does not take them all is not proven.
            let opening = (0..attempt.connections())
                .map(|_| open(config, &login, timeouts, AsyncConnectionConfig::new()));
            let opened = try_join_all(opening).await;
            // Nobody uses the connections: they are closed here.
            attempt.finish(opened.map(drop));
        });
    }
}
