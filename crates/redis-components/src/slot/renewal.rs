//! The maximum age of connections: a client that has reached it is replaced, while it serves.
//!
//! The watch's thread starts an attempt at the same config, as a call does that finds its client
//! dead. The new client is probed and published, and the old one closes when its last call ends.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::attempt::{Attempt, Runner};
use super::breaker::{Attempts, Goal};
use super::published::OfGeneration;
use super::slot::Slot;

/// The shortest part of its maximum age that a client lives, so that the clients of a fleet that
/// was started at once are not replaced at once.
const SHORTEST_PART: f64 = 0.8;

/// The times between attempts to replace a client whose server takes no other.
const TRIED_AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(4));

/// How often it is looked at whether the client is still there. Its runner keeps things of its
/// runtime.
const LOOKED_FOR: Duration = Duration::from_secs(1);

impl Slot {
    /// Replaces a client when it is old, if there is a maximum age.
    pub(super) fn renew_when_old<R: Runner>(
        self: &Arc<Self>,
        runner: &R,
        client: Weak<OfGeneration<R::Client>>,
    ) {
        let (Some(background), Some(age)) = (&self.background, self.max_age) else {
            return;
        };
        let lives = age.mul_f64(fastrand::f64().mul_add(1.0 - SHORTEST_PART, SHORTEST_PART));
        // If this is a candidate, the component may take over its clients.
        let places = [Some(Arc::downgrade(self)), self.of.clone()];
        let places = places.into_iter().flatten().collect();
        background.run(renew(places, runner.clone(), client, lives));
    }

    /// Starts to replace a client, unless that is going on. Returns `false` if another client has
    /// its place.
    fn renew<R: Runner>(
        self: &Arc<Self>,
        runner: &R,
        client: &Weak<OfGeneration<R::Client>>,
    ) -> bool {
        let mut state = self.state();
        let published = self.published.load_full();
        let Some(published) = published.filter(|_| !state.is_shut_down) else {
            return false;
        };
        if !runner.has(&published.clients, client) {
            return false;
        }
        let goal = Goal::same_config(&published);
        let breaker = &mut state.breaker;
        if let Attempts::None = breaker.attempts(runner.id(), goal.revision, Instant::now()) {
            let attempt = Attempt::begin(breaker, self, runner, goal);
            drop(state);
            runner.start(attempt);
        }
        true
    }
}

async fn renew<R: Runner>(
    places: Vec<Weak<Slot>>,
    runner: R,
    client: Weak<OfGeneration<R::Client>>,
    lives: Duration,
) {
    let begun = Instant::now();
    while let Some(left) = lives.checked_sub(begun.elapsed()) {
        if client.strong_count() == 0 {
            return;
        }
        tokio::time::sleep(left.min(LOOKED_FOR)).await;
    }
    while places
        .iter()
        .filter_map(Weak::upgrade)
        .any(|slot| slot.renew(&runner, &client))
    {
        let (least, most) = TRIED_AGAIN;
        tokio::time::sleep(least + (most - least).mul_f64(fastrand::f64())).await;
    }
}
