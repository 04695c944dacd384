use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Attempts, Breaker, Over, Recovery};
use crate::error::{Error, ErrorKind};
use crate::slot::circuit::ExecutorId;
use crate::transport::failure::{Cause, EarlyEnd};

const THREADS: ExecutorId = ExecutorId::Threads;
const WATCH: ExecutorId = ExecutorId::Watch;
const REVISION: u64 = 7;

fn fail(breaker: &mut Breaker, executor: Option<ExecutorId>, closes_clients: bool) -> bool {
    let error = Error::new(ErrorKind::ServerUnreachable, "down");
    let cause = match closes_clients {
        true => Cause::ClosedEarly(EarlyEnd::Unused),
        false => Cause::Unreachable,
    };
    breaker.fail(executor, REVISION, error, cause)
}

#[test]
fn r6_a_failure_of_the_server_concerns_every_executor_and_only_the_first_is_news() {
    let mut breaker = Breaker::default();
    assert!(fail(&mut breaker, None, false));
    assert!(!fail(&mut breaker, None, false));
    assert!(breaker.has_failed(THREADS, REVISION) && breaker.has_failed(WATCH, REVISION));
    assert!(!breaker.has_failed(THREADS, REVISION + 1));
    assert_eq!(breaker.recover(WATCH, REVISION), Recovery::Done);
    assert!(breaker.problem(REVISION).is_none());
    assert_eq!(breaker.recover(WATCH, REVISION), Recovery::None);
}

#[test]
fn r6_a_failure_of_an_executor_concerns_it_alone() {
    let mut breaker = Breaker::default();
    fail(&mut breaker, Some(THREADS), false);
    assert!(breaker.has_failed(THREADS, REVISION) && !breaker.has_failed(WATCH, REVISION));
}

#[test]
fn r10_a_call_that_has_seen_a_failure_does_not_wait_for_the_retry() {
    let mut breaker = Breaker::default();
    let before = Instant::now();
    fail(&mut breaker, None, false);
    let (sender, _) = watch::channel(());
    breaker.begin(THREADS, REVISION, Over::new(&sender));
    for begun in [before, Instant::now() + Duration::from_secs(1)] {
        let attempts = breaker.attempts(THREADS, REVISION, begun);
        assert!(matches!(attempts, Attempts::Failed(_)), "{attempts:?}");
    }
    breaker.end(THREADS, REVISION);
    let other = breaker.attempts(THREADS, REVISION + 1, before);
    assert!(matches!(other, Attempts::None), "{other:?}");
}

#[test]
fn r10_a_server_that_closes_its_clients_is_on_probation() {
    let mut breaker = Breaker::default();
    assert!(fail(&mut breaker, None, true));
    assert_eq!(breaker.recover(THREADS, REVISION), Recovery::OnProbation);
    // Its client serves, and the failure is still shown.
    assert!(!breaker.has_failed(THREADS, REVISION));
    assert!(breaker.problem(REVISION).is_some());
    assert!(!breaker.end_probation(THREADS, REVISION), "too early");
    // The row goes on.
    assert!(!fail(&mut breaker, None, false));
    assert_eq!(breaker.recover(THREADS, REVISION), Recovery::OnProbation);
}

#[test]
fn r10_one_early_end_in_a_second_is_forgiven_to_each_executor() {
    let mut breaker = Breaker::default();
    assert!(breaker.forgive_first(THREADS, REVISION));
    assert!(!breaker.forgive_first(THREADS, REVISION));
    assert!(breaker.forgive_first(WATCH, REVISION));
    assert!(breaker.forgive_first(THREADS, REVISION + 1));
    assert!(breaker.problem(REVISION).is_none());
}
