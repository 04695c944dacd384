//! One attempt to build a client: build, probe, publish.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::SystemTime;

use tokio::sync::watch;

use super::drain::Retired;
use super::outlook::{Comeback, Goal, Outlook};
use super::published::{Clients, Numbered, Published};
use super::report::{Event, Report};
use super::trial::Trial;
use super::{Executor, Slot};
use crate::ComponentConfig;
use crate::client::{Failure, Timeouts};
use crate::config_server::Errands;

/// An attempt that is underway. When it is dropped it is over, and those who wait look again.
pub(crate) struct Attempt<X: Executor> {
    slot: Arc<Slot>,
    executor: X,
    goal: Goal,
    over: watch::Sender<()>,
    is_finished: bool,
}

/// Tells when an attempt is over.
#[derive(Clone, Debug)]
pub(super) struct Ended(watch::Receiver<()>);

impl Ended {
    pub(super) async fn wait(mut self) {
        // The sender never sends; the error says that it is gone.
        let _ = self.0.changed().await;
    }
}

impl<X: Executor> Attempt<X> {
    pub(super) fn begin(outlook: &mut Outlook, slot: &Arc<Slot>, executor: &X, goal: Goal) -> Self {
        let attempt = Self {
            slot: Arc::clone(slot),
            executor: executor.clone(),
            goal,
            over: watch::Sender::new(()),
            is_finished: false,
        };
        outlook.begin(executor.id(), attempt.goal.revision, attempt.ended());
        attempt
    }

    pub(super) fn ended(&self) -> Ended {
        Ended(self.over.subscribe())
    }

    pub(super) fn config(&self) -> &Arc<ComponentConfig> {
        &self.goal.config
    }

    /// How many multiplexed connections the client shall have.
    pub(super) fn connections(&self) -> usize {
        self.slot.connections.load(Ordering::Relaxed)
    }

    pub(super) fn timeouts(&self) -> Timeouts {
        self.slot.conduct.timeouts.of(&self.goal.config)
    }

    /// Who ends the client's connection when nobody uses it any more.
    pub(super) fn errands(&self) -> Option<Errands> {
        self.slot.server().map(|server| server.errands().clone())
    }

    /// Publishes the client, or notes why there is none, and then tells of it. A client that is on trial is to be judged
    /// later.
    pub(super) fn finish(mut self, opened: Result<X::Client, Failure>) -> Option<Trial<X>> {
        let (report, comeback) = match opened {
            Ok(client) => self.publish(client),
            Err(failure) => (Some(self.fail(&failure)), Comeback::None),
        };
        let is_on_trial = comeback == Comeback::OnTrial;
        let trial = is_on_trial.then(|| Trial::of(&self.slot, &self.executor, &self.goal));
        self.is_finished = true;
        drop(self);
        if let Some(report) = report {
            report.emit();
        }
        trial
    }

    fn publish(&self, client: X::Client) -> (Option<Report>, Comeback) {
        let mut outlook = self.slot.outlook();
        let comeback = outlook.recover(self.executor.id(), self.goal.revision);

        if outlook.is_shut_down() {
            return (None, Comeback::None);
        }
        let old = self.slot.published();
        let next = match &old {
            Some(old) if old.config == self.goal.config => {
                let mut next = Published::clone(old);
                self.put(&mut next.clients, client, next.generation);
                // Calls may be under way on what is replaced: of several connections one has ended, or the server refused.
                outlook.retire(Retired::new(&old.without(&next.clients)));
                next
            }
            _ if self.slot.watched.target().config.as_ref() == Some(&self.goal.config) => {
                let generation = self.slot.newest.load(Ordering::Acquire) + 1;
                let mut clients = Clients::default();
                self.put(&mut clients, client, generation);
                if let Some(old) = &old {
                    self.slot.retire(&mut outlook, old);
                }
                Published {
                    generation,
                    revision: self.goal.revision,
                    config: Arc::clone(&self.goal.config),
                    since: SystemTime::now(),
                    clients,
                }
            }
            // The config has changed once more meanwhile; the next attempt is for the newest.
            _ => return (None, Comeback::None),
        };
        // The generation first: who finds the new client finds it current.
        let generation = next.generation;
        self.slot.newest.store(generation, Ordering::Release);
        self.slot.published.store(Some(Arc::new(next)));
        drop(outlook);

        let event = if old.as_ref().is_none_or(|old| old.generation != generation) {
            let previous = old.map(|old| old.config.address());
            Some(Event::InForce {
                generation,
                previous,
            })
        } else {
            (comeback == Comeback::Certain).then_some(Event::Back { generation })
        };
        (event.map(|event| self.report(event)), comeback)
    }

    fn put(&self, clients: &mut Clients, client: X::Client, generation: u64) {
        let newest = Arc::clone(&self.slot.newest);
        let numbered = Arc::new(Numbered::new(client, generation, newest));
        self.executor.put(clients, numbered);
    }

    fn fail(&self, failure: &Failure) -> Report {
        let mut outlook = self.slot.outlook();
        let id = self.executor.id();
        self.slot
            .note_failure(&mut outlook, &self.goal, id, failure)
    }

    fn report(&self, event: Event) -> Report {
        self.slot.report(&self.goal.config, event)
    }
}

impl<X: Executor> Drop for Attempt<X> {
    fn drop(&mut self) {
        let mut report = None;
        if !self.is_finished {
            // Noted for this executor alone, so that its callers do not begin it again and again.
            report = Some(if thread::panicking() {
                self.fail(&Failure::without_drivers())
            } else {
                self.fail(&Failure::runtime_ended())
            });
        }
        let mut outlook = self.slot.outlook();
        outlook.end(self.executor.id(), self.goal.revision);
        drop(outlook);
        if let Some(report) = report.filter(|_| thread::panicking()) {
            report.emit();
        }
    }
}
