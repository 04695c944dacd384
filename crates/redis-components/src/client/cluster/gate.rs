//! Whether a node's client may be opened now, and why not.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::backoff::Backoff;
use crate::transport::failure::Failure;

/// If no caller has tried again for this long after the pause, the last failure says little about
/// the next attempt.
const FORGOTTEN_AFTER: Duration = Duration::from_millis(100);

/// The attempts to open one node's client: one at a time, with back-off.
#[derive(Debug)]
pub(super) struct Gate {
    opening: Option<Opening>,
    failed: Option<Failed>,
    backoff: Backoff,
}

#[derive(Debug)]
struct Opening {
    over: watch::Receiver<()>,
    /// Whether the attempt before it failed just now: callers do not wait for the same again.
    retries_a_failure: bool,
}

#[derive(Debug)]
struct Failed {
    failure: Failure,
    at: Instant,
    retry_at: Instant,
}

/// What a caller without a client does.
#[derive(Debug)]
pub(super) enum Step {
    /// Open a client. Dropping the sender ends the attempt.
    Open(watch::Sender<()>),
    /// Wait until the attempt is over, and look again.
    Wait(watch::Receiver<()>),
    /// Nothing: the node cannot be used for the moment.
    Fail(Failure),
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            opening: None,
            failed: None,
            backoff: Backoff::new(Backoff::SERVER_DOWN),
        }
    }

    /// Returns the next step of a call that began at `begun`. The call does not wait again for an
    /// attempt that has failed since then.
    pub(super) fn step(&mut self, begun: Instant) -> Step {
        self.step_at(begun, Instant::now())
    }

    fn step_at(&mut self, begun: Instant, now: Instant) -> Step {
        match (&self.opening, &self.failed) {
            (_, Some(failed)) if failed.at >= begun => Step::Fail(failed.failure.clone()),
            (Some(opening), Some(failed)) if opening.retries_a_failure => {
                Step::Fail(failed.failure.clone())
            }
            (Some(opening), _) => Step::Wait(opening.over.clone()),
            (None, Some(failed)) if now < failed.retry_at => Step::Fail(failed.failure.clone()),
            (None, failed) => {
                let retries_a_failure = failed
                    .as_ref()
                    .is_some_and(|failed| now < failed.retry_at + FORGOTTEN_AFTER);
                let over = watch::Sender::new(());
                self.opening = Some(Opening {
                    over: over.subscribe(),
                    retries_a_failure,
                });
                Step::Open(over)
            }
        }
    }

    /// Notes that the attempt is over. Callers that wait find out when its sender is dropped.
    pub(super) fn finish(&mut self, failure: Option<Failure>) {
        self.opening = None;
        match failure {
            Some(failure) => self.fail(failure),
            None => self.failed = None,
        }
    }

    /// Notes that a client has ended: early, or after it had served.
    pub(super) fn note_end(&mut self, early: Option<Failure>) {
        match early {
            Some(failure) => self.fail(failure),
            None => self.backoff = Backoff::new(Backoff::SERVER_DOWN),
        }
    }

    /// Returns why the last attempt failed, if it did.
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.failed.as_ref().map(|failed| &failed.failure)
    }

    fn fail(&mut self, failure: Failure) {
        self.backoff = self.backoff.with_cap(failure.cause.longest_pause());
        let at = Instant::now();
        self.failed = Some(Failed {
            failure,
            at,
            retry_at: at + self.backoff.next(),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{FORGOTTEN_AFTER, Gate, Step};
    use crate::transport::failure::Failure;

    fn is_open(step: &Step) -> bool {
        matches!(step, Step::Open(_))
    }

    #[test]
    fn r6_one_attempt_runs_at_a_time() {
        let mut gate = Gate::new();
        let open = gate.step(Instant::now());
        assert!(is_open(&open));
        assert!(matches!(gate.step(Instant::now()), Step::Wait(_)));
        gate.finish(None);
        assert!(is_open(&gate.step(Instant::now())));
    }

    #[test]
    fn r10_a_node_that_failed_fails_fast_until_its_pause_is_over() {
        let mut gate = Gate::new();
        let begun = Instant::now();
        assert!(is_open(&gate.step(begun)));
        gate.finish(Some(Failure::unreachable("gone")));
        assert!(gate.failure().is_some());
        assert!(matches!(gate.step(begun), Step::Fail(_)));
        let retry_at = gate.failed.as_ref().unwrap().retry_at;
        let before = retry_at - Duration::from_millis(1);
        assert!(matches!(gate.step_at(before, before), Step::Fail(_)));
        assert!(is_open(&gate.step_at(retry_at, retry_at)));
        // The retry is not waited for, because the same failure is likely.
        assert!(matches!(gate.step_at(retry_at, retry_at), Step::Fail(_)));
    }

    #[test]
    fn r10_a_failure_of_long_ago_keeps_no_call_from_waiting() {
        let mut gate = Gate::new();
        assert!(is_open(&gate.step(Instant::now())));
        gate.finish(Some(Failure::unreachable("gone")));
        let later = gate.failed.as_ref().unwrap().retry_at + FORGOTTEN_AFTER;
        assert!(is_open(&gate.step_at(later, later)));
        assert!(matches!(gate.step_at(later, later), Step::Wait(_)));
    }
}
