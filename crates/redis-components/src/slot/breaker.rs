//! A circuit breaker for each config's server: which attempts run, what has failed, and when to try
//! again.
//!
//! A config without a circuit is healthy. A circuit *fails* until its pause is over and an attempt
//! gives a client. A server that closed its clients early is then *on probation*: its client
//! serves, and the circuit is remembered for a second, so that the pauses grow on if it does so
//! again. The first early end of a client that had served is *forgiven*.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::circuit::{Circuit, ExecutorId, Failed, State};
use super::published::Published;
use crate::backoff::Backoff;
use crate::client::health::TOO_YOUNG;
use crate::config::ComponentConfig;
use crate::config_server::reading::Target;
use crate::error::Error;
use crate::transport::failure::Cause;

/// If no caller has tried again for this long after the pause, the last failure says little about
/// the next attempt.
const FORGOTTEN_AFTER: Duration = Duration::from_millis(100);

/// A config from which clients are built.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    pub(super) config: Arc<ComponentConfig>,
    pub(super) revision: u64,
}

/// The attempts and circuits of a slot.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    running: Vec<Running>,
    circuits: Vec<Circuit>,
}

/// The state of the attempts towards a goal, as a call sees it.
#[derive(Debug)]
pub(super) enum Attempts {
    /// None runs, and the next may begin.
    None,
    /// One runs and is worth waiting for.
    Running(Over),
    /// The last one failed. It is too early for the next, or a retry runs, or this call has waited
    /// for one before.
    Failed(Error),
}

/// The effect of a successful attempt on earlier failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    /// Nothing had failed.
    None,
    /// The failure is over.
    Done,
    /// The server had closed its clients early, and may do so again.
    OnProbation,
}

/// Tells when an attempt is over.
#[derive(Clone, Debug)]
pub(super) struct Over(watch::Receiver<()>);

#[derive(Debug)]
struct Running {
    executor: ExecutorId,
    revision: u64,
    over: Over,
    /// Whether the attempt before it failed just now: calls do not wait for the same again.
    retries_a_failure: bool,
}

impl Goal {
    /// Returns the newest config, if it is not the config in force.
    pub(super) fn new_config(target: &Target, published: Option<&Published>) -> Option<Self> {
        let config = target.config.as_ref()?;
        let differs = published.is_none_or(|published| published.config != *config);
        differs.then(|| Self {
            config: Arc::clone(config),
            revision: target.revision,
        })
    }

    /// Returns the config in force, for an executor that has no client of it.
    pub(super) fn same_config(published: &Published) -> Self {
        Self {
            config: Arc::clone(&published.config),
            revision: published.revision,
        }
    }
}

impl Over {
    pub(super) fn new(sender: &watch::Sender<()>) -> Self {
        Self(sender.subscribe())
    }

    /// Waits until the attempt is over.
    pub(super) async fn wait(mut self) {
        // The sender never sends. The error says that it is gone.
        let _ = self.0.changed().await;
    }
}

impl Breaker {
    /// Returns the state of the attempts for a call that began at `begun`.
    pub(super) fn attempts(&self, executor: ExecutorId, revision: u64, begun: Instant) -> Attempts {
        let failed = self.failed(executor, revision);
        let running = self
            .running
            .iter()
            .find(|attempt| attempt.executor == executor && attempt.revision == revision);
        match (running, failed) {
            // Otherwise a call would alternate forever between a silent new server and a silent old
            // one.
            (_, Some(failed)) if failed.at >= begun => Attempts::Failed(failed.error.clone()),
            (Some(running), Some(failed)) if running.retries_a_failure => {
                Attempts::Failed(failed.error.clone())
            }
            (Some(running), _) => Attempts::Running(running.over.clone()),
            (None, Some(failed)) if Instant::now() < failed.retry_at => {
                Attempts::Failed(failed.error.clone())
            }
            (None, _) => Attempts::None,
        }
    }

    /// Returns `true` if a client of the revision was tried, or is.
    pub(super) fn is_tried(&self, revision: u64) -> bool {
        let mut running = self.running.iter();
        let mut circuits = self.circuits.iter();
        running.any(|attempt| attempt.revision == revision)
            || circuits.any(|circuit| circuit.revision == revision)
    }

    /// Notes that an attempt begins.
    pub(super) fn begin(&mut self, executor: ExecutorId, revision: u64, over: Over) {
        let retries_a_failure = self
            .failed(executor, revision)
            .is_some_and(|failed| Instant::now() < failed.retry_at + FORGOTTEN_AFTER);
        self.running.push(Running {
            executor,
            revision,
            over,
            retries_a_failure,
        });
    }

    /// Notes that an attempt is over.
    pub(super) fn end(&mut self, executor: ExecutorId, revision: u64) {
        self.running
            .retain(|attempt| attempt.executor != executor || attempt.revision != revision);
    }

    /// Notes a failure of one executor or, without one, of the server. Returns `true` if it is the
    /// first in a row.
    pub(super) fn fail(
        &mut self,
        executor: Option<ExecutorId>,
        revision: u64,
        error: Error,
        cause: Cause,
    ) -> bool {
        let is_same = |circuit: &Circuit| {
            circuit.revision == revision
                && circuit.executor == executor
                && circuit.failure().is_some()
        };
        let earlier = self
            .circuits
            .iter()
            .find(|circuit| is_same(circuit) && !circuit.has_passed_probation())
            .and_then(|circuit| circuit.failure().cloned());
        let is_first = earlier.is_none();
        let (backoff, closed_before) = earlier.map_or_else(
            || (Backoff::new(cause.longest_pause()), false),
            |failed| (failed.backoff, failed.closes_clients),
        );
        let mut backoff = backoff.with_cap(cause.longest_pause());
        let at = Instant::now();
        let retry_at = at + backoff.next();
        self.circuits.retain(|circuit| !is_same(circuit));
        self.circuits.push(Circuit {
            revision,
            executor,
            state: State::Failed(Failed {
                error,
                backoff,
                at,
                retry_at,
                closes_clients: closed_before || matches!(cause, Cause::ClosedEarly(_)),
                cause,
            }),
        });
        is_first
    }

    /// Forgets all revisions for which `keep` returns `false`.
    pub(super) fn forget_except(&mut self, keep: impl Fn(u64) -> bool) {
        self.circuits.retain(|circuit| keep(circuit.revision));
    }

    /// Notes that an attempt gave a client. The failure of its executor is over, or on probation.
    pub(super) fn recover(&mut self, executor: ExecutorId, revision: u64) -> Recovery {
        let mut recovery = Recovery::None;
        self.circuits.retain_mut(|circuit| {
            if circuit.revision != revision || !circuit.concerns(executor) {
                return true;
            }
            match &circuit.state {
                State::Forgiven { .. } => true,
                State::OnProbation { .. } => {
                    recovery = Recovery::OnProbation;
                    true
                }
                State::Failed(failed) if failed.closes_clients => {
                    recovery = Recovery::OnProbation;
                    circuit.state = State::OnProbation {
                        since: Instant::now(),
                        failed: failed.clone(),
                    };
                    true
                }
                State::Failed(_) => {
                    if recovery == Recovery::None {
                        recovery = Recovery::Done;
                    }
                    false
                }
            }
        });
        recovery
    }

    /// Notes that the server has closed a young client that had served. Returns `true` if that is
    /// forgiven: once a second, because a lost connection alone is no reason to let calls fail.
    pub(super) fn forgive_first(&mut self, executor: ExecutorId, revision: u64) -> bool {
        let now = Instant::now();
        let mut is_first = true;
        self.circuits.retain(|circuit| match &circuit.state {
            State::Forgiven { at } => {
                let is_recent = now - *at < TOO_YOUNG;
                let is_same = circuit.revision == revision && circuit.executor == Some(executor);
                is_first &= !(is_recent && is_same);
                is_recent && !is_same
            }
            _ => true,
        });
        self.circuits.push(Circuit {
            revision,
            executor: Some(executor),
            state: State::Forgiven { at: now },
        });
        is_first
    }

    /// Ends the probation of a server that has closed no more clients. Returns `true` if there was
    /// one.
    pub(super) fn end_probation(&mut self, executor: ExecutorId, revision: u64) -> bool {
        let before = self.circuits.len();
        self.circuits.retain(|circuit| {
            circuit.revision != revision
                || !circuit.concerns(executor)
                || !circuit.has_passed_probation()
        });
        self.circuits.len() < before
    }

    /// Returns `true` if the last attempt failed.
    pub(super) fn has_failed(&self, executor: ExecutorId, revision: u64) -> bool {
        self.failed(executor, revision).is_some()
    }

    /// Returns `true` if the last attempt failed because the server is up and takes no further
    /// connection.
    pub(super) fn is_refused(&self, executor: ExecutorId, revision: u64) -> bool {
        let failed = self.failed(executor, revision);
        failed.is_some_and(|failed| failed.cause.is_of_living_server())
    }

    /// Returns why a config is not in force, for people to read.
    pub(super) fn problem(&self, revision: u64) -> Option<&Error> {
        self.failure(revision).map(|failed| &failed.error)
    }

    /// Returns the last failure with a config, unless it is over.
    pub(super) fn failure(&self, revision: u64) -> Option<&Failed> {
        self.circuits
            .iter()
            .filter(|circuit| circuit.revision == revision && !circuit.has_passed_probation())
            .find_map(Circuit::failure)
    }

    fn failed(&self, executor: ExecutorId, revision: u64) -> Option<&Failed> {
        self.circuits
            .iter()
            .filter(|circuit| circuit.revision == revision && circuit.concerns(executor))
            .find_map(|circuit| match &circuit.state {
                State::Failed(failed) => Some(failed),
                _ => None,
            })
    }
}

#[cfg(test)]
mod tests;
