//! What is underway in a slot and what has failed, so that callers neither repeat nor await it in vain.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::attempt::Ended;
use super::drain::Retired;
use super::executor::ExecutorId;
use super::published::Published;
use crate::backoff::Backoff;
use crate::client::TOO_YOUNG;
use crate::config_server::Target;
use crate::{ComponentConfig, Error};

/// When nobody has tried again for so long, a failure says little of the next attempt.
const FORGOTTEN_AFTER: Duration = Duration::from_millis(100);

/// The mutable part of a slot, under its lock.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    underway: Vec<Underway>,
    failures: Vec<Failed>,
    retired: Vec<Retired>,
    /// Whose clients, of which config, were ended by the server in the last second, though they had served.
    cut_short: Vec<(ExecutorId, u64, Instant)>,
    shut_down: bool,
}

/// A config that clients are to be built from.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    pub(super) config: Arc<ComponentConfig>,
    pub(super) revision: u64,
}

/// What is to be expected of an attempt towards a goal.
pub(super) enum Prospect {
    /// Nothing speaks against one.
    Open,
    /// It is being made, and worth waiting for.
    Underway(Ended),
    /// The last one failed: it is too early for the next, or that is being made with little hope, or this call has waited
    /// for one already.
    Failed(Error),
}

/// An attempt that is being made.
#[derive(Debug)]
struct Underway {
    executor: ExecutorId,
    revision: u64,
    ended: Ended,
    /// Whether the one before failed just now: callers need not wait for the same once more.
    hopeless: bool,
}

#[derive(Debug)]
struct Failed {
    revision: u64,
    /// Whom it concerns, where it is not the server's doing.
    executor: Option<ExecutorId>,
    error: Error,
    backoff: Backoff,
    at: Instant,
    retry_at: Instant,
    /// Whether a client was made and ended at once, so that the next may do so too.
    hung_up: bool,
    /// Since when there is a client again, of a server that has hung up.
    on_trial: Option<Instant>,
}

/// A failure to be noted.
#[derive(Debug)]
pub(super) struct Setback {
    pub(super) revision: u64,
    /// Whom it concerns, where it is not the server's doing.
    pub(super) executor: Option<ExecutorId>,
    pub(super) error: Error,
    pub(super) longest_pause: Duration,
    /// Whether a client was made and ended at once.
    pub(super) hung_up: bool,
}

/// What it means that a client could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comeback {
    /// Nothing had failed.
    None,
    /// What had failed is over.
    Certain,
    /// The server had hung up, and may do so again.
    OnTrial,
}

impl Goal {
    /// The config that is wanted, where it is not the one in force.
    pub(super) fn new_config(target: &Target, published: Option<&Published>) -> Option<Self> {
        let config = target.config.as_ref()?;
        let differs = published.is_none_or(|published| published.config != *config);
        differs.then(|| Self {
            config: Arc::clone(config),
            revision: target.revision,
        })
    }

    /// The config in force, for an executor that has no client of it.
    pub(super) fn same_config(published: &Published) -> Self {
        Self {
            config: Arc::clone(&published.config),
            revision: published.revision,
        }
    }
}

impl Outlook {
    /// What a call that began to look at `begun` is to expect.
    pub(super) fn prospect(&self, executor: ExecutorId, goal: &Goal, begun: Instant) -> Prospect {
        let failed = self.failed(executor, goal.revision);
        let underway = self
            .underway
            .iter()
            .find(|attempt| attempt.executor == executor && attempt.revision == goal.revision);
        match (underway, failed) {
            // Or a call whose new server and old one are both silent would try them in turns, for ever.
            (_, Some(failed)) if failed.at >= begun => Prospect::Failed(failed.error.clone()),
            (Some(underway), Some(failed)) if underway.hopeless => {
                Prospect::Failed(failed.error.clone())
            }
            (Some(underway), _) => Prospect::Underway(underway.ended.clone()),
            (None, Some(failed)) if Instant::now() < failed.retry_at => {
                Prospect::Failed(failed.error.clone())
            }
            (None, _) => Prospect::Open,
        }
    }

    pub(super) fn begin(&mut self, executor: ExecutorId, revision: u64, ended: Ended) {
        let hopeless = self
            .failed(executor, revision)
            .is_some_and(|failed| Instant::now() < failed.retry_at + FORGOTTEN_AFTER);
        self.underway.push(Underway {
            executor,
            revision,
            ended,
            hopeless,
        });
    }

    pub(super) fn end(&mut self, executor: ExecutorId, revision: u64) {
        self.underway
            .retain(|attempt| attempt.executor != executor || attempt.revision != revision);
    }

    /// Notes a failure, of one executor or of the server, and says whether it is the first towards this config.
    pub(super) fn fail(&mut self, setback: Setback) -> bool {
        let Setback {
            revision,
            executor,
            error,
            longest_pause,
            hung_up,
        } = setback;
        let is_same = |failed: &Failed| failed.revision == revision && failed.executor == executor;
        let mut earlier = self.failures.iter();
        let earlier = earlier.find(|failed| is_same(failed) && !failed.is_acquitted());
        let earlier = earlier.map(|failed| (failed.backoff, failed.hung_up));
        let (backoff, hung_up_before) =
            earlier.unwrap_or_else(|| (Backoff::new(longest_pause), false));
        let mut backoff = backoff.with_cap(longest_pause);
        let at = Instant::now();
        let retry_at = at + backoff.next();
        self.failures.retain(|failed| !is_same(failed));
        self.failures.push(Failed {
            revision,
            executor,
            error,
            backoff,
            at,
            retry_at,
            hung_up: hung_up || hung_up_before,
            on_trial: None,
        });
        earlier.is_none()
    }

    pub(super) fn forget_failures_except(&mut self, keep: impl Fn(u64) -> bool) {
        self.failures.retain(|failed| keep(failed.revision));
    }

    /// A client could be made: forgets what has failed for its executor, unless the server had hung up on others. Then it
    /// is on trial, and its failures are remembered, so that the pauses grow on if it hangs up again.
    pub(super) fn recover(&mut self, executor: ExecutorId, revision: u64) -> Comeback {
        let mut comeback = Comeback::None;
        self.failures.retain_mut(|failed| {
            if failed.revision != revision || !failed.concerns(executor) {
                return true;
            }
            if failed.hung_up {
                failed.on_trial.get_or_insert_with(Instant::now);
                comeback = Comeback::OnTrial;
            } else if comeback == Comeback::None {
                comeback = Comeback::Certain;
            }
            failed.hung_up
        });
        comeback
    }

    /// Notes that a server has ended a client that had served but was young, and says whether that is excused: once, because
    /// a lost connection alone is no reason to let calls fail.
    pub(super) fn excuses(&mut self, executor: ExecutorId, revision: u64) -> bool {
        let now = Instant::now();
        self.cut_short.retain(|(_, _, at)| now - *at < TOO_YOUNG);
        let is_same =
            |(whose, of, _): &(ExecutorId, u64, Instant)| (*whose, *of) == (executor, revision);
        let is_first = !self.cut_short.iter().any(is_same);
        self.cut_short.retain(|earlier| !is_same(earlier));
        self.cut_short.push((executor, revision, now));
        is_first
    }

    /// Ends the trial of a server that has not hung up any more, and says whether there was one.
    pub(super) fn acquit(&mut self, executor: ExecutorId, revision: u64) -> bool {
        let before = self.failures.len();
        self.failures.retain(|failed| {
            failed.revision != revision || !failed.concerns(executor) || !failed.is_acquitted()
        });
        self.failures.len() < before
    }

    pub(super) fn has_failed(&self, executor: ExecutorId, revision: u64) -> bool {
        self.failed(executor, revision).is_some()
    }

    /// Why a config is not in force, for people.
    pub(super) fn failure(&self, revision: u64) -> Option<&Error> {
        let failed = self
            .failures
            .iter()
            .find(|failed| failed.revision == revision && !failed.is_acquitted());
        failed.map(|failed| &failed.error)
    }

    fn failed(&self, executor: ExecutorId, revision: u64) -> Option<&Failed> {
        self.failures
            .iter()
            .filter(|failed| failed.revision == revision && failed.on_trial.is_none())
            .find(|failed| failed.concerns(executor))
    }

    /// Remembers clients that were replaced for as long as somebody uses them, or they are open.
    pub(super) fn retire(&mut self, retired: Retired) {
        self.retired
            .retain(|retired| retired.connections() + retired.closing() > 0);
        self.retired.push(retired);
    }

    pub(super) fn old_connections(&self) -> usize {
        self.retired.iter().map(Retired::connections).sum()
    }

    /// How many connections are open that nobody uses.
    pub(super) fn closing(&self) -> usize {
        self.retired.iter().map(Retired::closing).sum()
    }

    /// Ends connections that nobody uses and whose runtimes do not.
    pub(super) fn end_unused(&self) {
        self.retired.iter().for_each(Retired::end_unused);
    }

    /// No client is to be built any more.
    pub(super) fn shut_down(&mut self) {
        self.shut_down = true;
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.shut_down
    }
}

impl Failed {
    fn concerns(&self, executor: ExecutorId) -> bool {
        self.executor.is_none_or(|concerned| concerned == executor)
    }

    /// Whether its trial has lasted long enough.
    fn is_acquitted(&self) -> bool {
        self.on_trial
            .is_some_and(|since| since.elapsed() >= TOO_YOUNG)
    }
}
