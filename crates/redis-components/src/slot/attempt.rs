//! One attempt to build a client: build, probe, publish.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::breaker::{Breaker, Goal, Over, Recovery};
use super::circuit::ExecutorId;
use super::published::{Clients, OfGeneration, Published};
use super::retired::Retired;
use super::slot::Slot;
use crate::client::health::TOO_YOUNG;
use crate::client::opening::Opening;
use crate::settings::timeouts::Timeouts;
use crate::telemetry::component::{Reason, ServerEvent, What};
use crate::transport::failure::{Cause, Failure};

/// A place that runs attempts and keeps their clients.
pub(crate) trait Runner: Clone + Send + Sync + 'static {
    /// The client that calls of one executor share.
    type Client: Send + Sync + 'static;

    fn id(&self) -> ExecutorId;

    /// Returns the client that a candidate has on this executor, if it is a candidate for the config.
    fn adopt(&self, clients: &Clients) -> Option<Self::Client>;

    /// Sets whether the server may refuse writes, because it is still a replica.
    fn set_may_be_replica(client: &Self::Client, may_be: bool);

    /// Adds the client, in the place of a dead one.
    fn keep(&self, clients: &mut Clients, client: Arc<OfGeneration<Self::Client>>);

    /// Returns `true` if this client is kept, and not dead.
    fn has(&self, clients: &Clients, client: &Weak<OfGeneration<Self::Client>>) -> bool;

    /// Runs the attempt in the background, so that a caller that gives up does not end it for the
    /// others.
    fn start(&self, attempt: Attempt<Self>);
}

/// An attempt that runs. When it is dropped it is over, and waiting calls look again.
pub(crate) struct Attempt<R: Runner> {
    slot: Arc<Slot>,
    runner: R,
    goal: Goal,
    /// Wakes waiting calls when it is dropped.
    _over: watch::Sender<()>,
    is_finished: bool,
}

impl<R: Runner> Attempt<R> {
    pub(super) fn begin(breaker: &mut Breaker, slot: &Arc<Slot>, runner: &R, goal: Goal) -> Self {
        let over = watch::Sender::new(());
        breaker.begin(runner.id(), goal.revision, Over::new(&over));
        Self {
            slot: Arc::clone(slot),
            runner: runner.clone(),
            goal,
            _over: over,
            is_finished: false,
        }
    }

    /// Waits until it is known where the config's server is, and what the config refers to. Returns
    /// `None` if the attempt is over: it has failed, or there is a newer config.
    pub(super) async fn settled(mut self) -> Option<Self> {
        let config = &self.goal.config;
        if config.is_read() && config.is_located() {
            return Some(self);
        }
        match self.slot.watched.settled(self.goal.revision).await {
            Some(Ok(())) => Some(self),
            Some(Err(failure)) => {
                // There is no client, and so no probation.
                drop(self.finish(Err(failure)));
                None
            }
            None => {
                self.is_finished = true;
                None
            }
        }
    }

    /// Looks again at what the config refers to, if the server does not take it. A password may have
    /// been rotated just now.
    pub(super) async fn look_again<C>(&self, opened: &Result<C, Failure>) {
        if let Err(failure) = opened
            && failure.may_be_outdated()
        {
            self.slot.watched.read_contents_again().await;
        }
    }

    /// Returns what the client is opened with.
    pub(super) fn opening(&self) -> Opening {
        Opening {
            config: Arc::new(self.slot.named(&self.goal.config)),
            policy: Arc::clone(self.slot.policy()),
            is_fixed: self.slot.is_fixed(),
            connections: self.slot.connections(),
            timeouts: self.timeouts(),
            subject: self.slot.subject.clone(),
            background: self.slot.background.clone(),
            shared: Arc::clone(&self.slot.shared),
        }
    }

    fn timeouts(&self) -> Timeouts {
        self.slot.timeouts().of(&self.goal.config)
    }

    /// Returns the client of a candidate that has this config, unless the executor has one that is to
    /// be replaced by a new one.
    pub(super) fn adopt(&self) -> Option<R::Client> {
        let of_goal = |published: &Published| published.config == self.goal.config;
        let in_force = self.slot.published().filter(|in_force| of_goal(in_force));
        if in_force.is_some_and(|in_force| self.runner.adopt(&in_force.clients).is_some()) {
            return None;
        }
        let candidate = self.slot.candidate()?;
        let published = candidate.slot().published()?;
        of_goal(&published).then(|| self.runner.adopt(&published.clients))?
    }

    /// Returns the place of the attempt, for what follows it.
    pub(super) fn slot(&self) -> Weak<Slot> {
        Arc::downgrade(&self.slot)
    }

    /// Publishes the client, or notes why there is none, and then reports it.
    pub(super) fn finish(mut self, opened: Result<R::Client, Failure>) -> Option<Probation> {
        let (event, recovery) = match opened {
            Ok(client) => self.publish(client),
            // It waited for a promotion, and the primary is elsewhere; or the password is another.
            Err(failure)
                if failure.cause == Cause::Replica && self.is_superseded()
                    || failure.may_be_outdated() && self.is_rotated() =>
            {
                (None, Recovery::None)
            }
            Err(failure) => (Some(self.fail(&failure)), Recovery::None),
        };
        let probation = (recovery == Recovery::OnProbation).then(|| Probation {
            slot: Arc::downgrade(&self.slot),
            executor: self.runner.id(),
            revision: self.goal.revision,
        });
        self.is_finished = true;
        #[cfg(feature = "metrics")]
        let slot = Arc::clone(&self.slot);
        drop(self);
        if let Some(event) = event {
            event.emit();
            #[cfg(feature = "metrics")]
            slot.show();
        }
        probation
    }

    fn publish(&self, client: R::Client) -> (Option<ServerEvent>, Recovery) {
        let mut state = self.slot.state();
        let id = self.runner.id();
        let recovery = state.breaker.recover(id, self.goal.revision);

        if state.is_shut_down {
            return (None, Recovery::None);
        }
        let old = self.slot.published();
        R::set_may_be_replica(&client, self.slot.is_candidate());
        let next = match &old {
            Some(old) if old.config == self.goal.config => {
                let mut next = Published::clone(old);
                let age = (next.generation, next.data_since);
                self.keep(&mut next.clients, client, age);
                // Calls may still use the replaced client: one of its several connections has
                // ended, or the server refused.
                state.remember(Retired::new(&old.without(&next.clients)));
                next
            }
            _ if self.slot.watched.target().config.as_ref() == Some(&self.goal.config) => {
                let generation = self.slot.generations.newest() + 1;
                let mut clients = Clients::default();
                let data_since = self.data_since(old.as_deref(), generation);
                self.keep(&mut clients, client, (generation, data_since));
                match &old {
                    // The server is the same after a rotation: calls have all the time there.
                    Some(old) if self.rotates(old) => state.remember(Retired::new(old)),
                    Some(old) => self.slot.retire(&mut state, old),
                    None => {}
                }
                Published {
                    generation,
                    data_since,
                    revision: self.goal.revision,
                    config: Arc::clone(&self.goal.config),
                    since: SystemTime::now(),
                    clients,
                }
            }
            // The config has changed again; the next attempt is for the newest.
            _ => return (None, Recovery::None),
        };
        // The generation comes first, so that a call that finds the new client finds it current.
        let generation = next.generation;
        self.slot.generations.begin(generation);
        self.slot.published.store(Some(Arc::new(next)));
        drop(state);
        self.slot.watched.note_in_force(&self.goal.config);
        let reason = match &old {
            Some(old) if old.config.differs_in_primary(&self.goal.config) => Reason::FailOver,
            Some(old) if self.rotates(old) => Reason::Rotation,
            _ => Reason::Config,
        };
        if reason != Reason::Rotation {
            // What waits at the same server can go on.
            self.slot.generations.announce_move();
        }

        let what = if old.as_ref().is_none_or(|old| old.generation != generation) {
            let previous = old.map(|old| old.config.address());
            Some(What::InForce {
                generation,
                previous,
                reason,
            })
        } else {
            (recovery == Recovery::Done).then_some(What::Back { generation })
        };
        let event = what.map(|what| self.slot.event(&self.goal.config, what));
        (event, recovery)
    }

    /// Returns since when the server of the config has its data, if the config becomes that
    /// generation.
    fn data_since(&self, old: Option<&Published>, generation: u64) -> u64 {
        let config = &self.goal.config;
        let has_same_data = |old: &Published| {
            old.config.differs_in_primary(config) || self.rotates(old) || self.slot.moves_to(config)
        };
        let kept = match self.slot.of.as_ref().and_then(Weak::upgrade) {
            Some(component) => component.published().map(|published| published.data_since),
            None => old
                .filter(|old| has_same_data(old))
                .map(|old| old.data_since),
        };
        kept.unwrap_or(generation)
    }

    fn keep(&self, clients: &mut Clients, client: R::Client, (generation, data_since): (u64, u64)) {
        // A candidate's slot ends with the candidate, and calls may still use the client.
        let component = self.slot.of.as_ref().and_then(Weak::upgrade);
        let home = component.as_ref().unwrap_or(&self.slot);
        let client = Arc::new(OfGeneration {
            client,
            generation,
            data_since,
            subject: self.slot.subject.clone(),
            config: Arc::clone(&self.goal.config),
            timeouts: self.timeouts(),
            generations: Arc::clone(&home.generations),
            succession: Arc::downgrade(home) as _,
        });
        let kept = Arc::downgrade(&client);
        self.runner.keep(clients, client);
        if kept.strong_count() > 0 {
            self.slot.renew_when_old(&self.runner, kept);
        }
    }

    /// Returns `true` if only what the config refers to is another than in `old`.
    fn rotates(&self, old: &Published) -> bool {
        old.config.differs_in_contents(&self.goal.config)
    }

    /// Returns `true` if nobody needs a client of this config any more.
    fn is_superseded(&self) -> bool {
        self.slot.watched.revision() != self.goal.revision
    }

    /// Returns `true` if what the config refers to is another by now.
    fn is_rotated(&self) -> bool {
        let newest = self.slot.watched.target();
        let newest = newest.config.as_ref();
        newest.is_some_and(|newest| newest.differs_in_contents(&self.goal.config))
    }

    fn fail(&self, failure: &Failure) -> ServerEvent {
        let breaker = &mut self.slot.state().breaker;
        let id = self.runner.id();
        self.slot.note_failure(breaker, &self.goal, id, failure)
    }
}

impl<R: Runner> Drop for Attempt<R> {
    fn drop(&mut self) {
        let mut event = None;
        if !self.is_finished {
            // The failure is noted for this executor only, so that its callers do not begin the
            // attempt again and again.
            event = Some(if thread::panicking() {
                self.fail(&Failure::without_drivers())
            } else {
                self.fail(&Failure::runtime_ended())
            });
        }
        let mut state = self.slot.state();
        state.breaker.end(self.runner.id(), self.goal.revision);
        // A subscriber may itself call the component, which takes the lock.
        drop(state);
        if let Some(event) = event.filter(|_| thread::panicking()) {
            event.emit();
        }
    }
}

/// The client of a server that has closed clients early. [End](Self::end) it when it has
/// [lasted](Self::LASTS).
#[derive(Debug)]
#[must_use = "a server is reported as back when its probation ends"]
pub(super) struct Probation {
    slot: Weak<Slot>,
    executor: ExecutorId,
    revision: u64,
}

impl Probation {
    /// A client that has lived this long was not closed early.
    pub(super) const LASTS: Duration = TOO_YOUNG;

    /// Reports that the server is back, if the client still lives.
    pub(super) fn end(self, lives: impl FnOnce(&Clients) -> bool) {
        let Some(slot) = self.slot.upgrade() else {
            return;
        };
        let mut state = slot.state();
        let Some(published) = slot.published() else {
            return;
        };
        let is_back =
            lives(&published.clients) && state.breaker.end_probation(self.executor, self.revision);
        drop(state);
        slot.watched.note_change();
        if is_back {
            let generation = published.generation;
            slot.event(&published.config, What::Back { generation })
                .emit();
        }
    }
}
