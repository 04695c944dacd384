//! The outcomes of calls, by kind of caller.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::fleet::Fleet;
use crate::record::class::{Class, Excuse};
use crate::record::times::{Percentiles, Times};

/// Counts and times, by kind of caller.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    classes: BTreeMap<Class, Counts>,
    excuses: BTreeMap<Excuse, u64>,
    faults: BTreeMap<&'static str, u64>,
    changes: BTreeMap<&'static str, u64>,
    unexpected: u64,
    /// Of a sample of the answered calls: how many had an excuse to fail, and how many had none.
    sampled: [u64; 2],
    had_their_time: u64,
    late: [Times; 2],
}

#[derive(Debug, Default)]
struct Counts {
    answered: u64,
    failed: u64,
    cancelled: u64,
    times: Times,
}

/// The figures of one kind of caller. Times include failed calls.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ClassFigures {
    pub(crate) callers: &'static str,
    pub(crate) answered: u64,
    pub(crate) failed: u64,
    pub(crate) cancelled: u64,
    pub(crate) milliseconds: Percentiles,
}

/// All figures of calls.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) calls: u64,
    pub(crate) failed_as_expected: BTreeMap<&'static str, u64>,
    pub(crate) failed_unexpectedly: u64,
    /// Of the answered calls: the share whose failure would have been unexpected.
    pub(crate) percent_that_had_to_succeed: f64,
    pub(crate) classes: Vec<ClassFigures>,
    /// How long after a move a call still began on the old server, for pushed and for polled
    /// configs.
    pub(crate) late_milliseconds: [Percentiles; 2],
    /// How many configs stayed long enough, without a fault, that calls had to run with them.
    pub(crate) had_their_time: u64,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    pub(crate) changes: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(crate) fn answered(&self, class: Class, took: Duration) {
        let mut inner = self.inner();
        let counts = inner.classes.entry(class).or_default();
        counts.answered += 1;
        counts.times.record(took);
    }

    /// Notes a failure, which is unexpected without an excuse.
    pub(crate) fn failed(&self, class: Class, took: Duration, excuse: Option<Excuse>) {
        let mut inner = self.inner();
        let counts = inner.classes.entry(class).or_default();
        counts.failed += 1;
        counts.times.record(took);
        match excuse {
            Some(excuse) => *inner.excuses.entry(excuse).or_default() += 1,
            None => inner.unexpected += 1,
        }
    }

    /// Notes an answered call of a sample, and if it had an excuse to fail.
    pub(crate) fn sampled(&self, could_fail: bool) {
        self.inner().sampled[usize::from(!could_fail)] += 1;
    }

    pub(crate) fn cancelled(&self, class: Class) {
        self.inner().classes.entry(class).or_default().cancelled += 1;
    }

    pub(crate) fn late(&self, fleet: Fleet, by: Duration) {
        self.inner().late[fleet as usize].record(by);
    }

    pub(crate) fn had_its_time(&self) {
        self.inner().had_their_time += 1;
    }

    pub(crate) fn fault(&self, kind: &'static str) {
        *self.inner().faults.entry(kind).or_default() += 1;
    }

    pub(crate) fn change(&self, kind: &'static str) {
        *self.inner().changes.entry(kind).or_default() += 1;
    }

    pub(crate) fn figures(&self) -> Figures {
        let inner = self.inner();
        let classes: Vec<_> = inner
            .classes
            .iter()
            .map(|(class, counts)| ClassFigures {
                callers: class.name(),
                answered: counts.answered,
                failed: counts.failed,
                cancelled: counts.cancelled,
                milliseconds: counts.times.percentiles(),
            })
            .collect();
        let excuses = inner.excuses.iter();
        let [could_fail, had_to_succeed] = inner.sampled;
        Figures {
            calls: classes
                .iter()
                .map(|class| class.answered + class.failed + class.cancelled)
                .sum(),
            failed_as_expected: excuses
                .map(|(excuse, count)| (excuse.name(), *count))
                .collect(),
            failed_unexpectedly: inner.unexpected,
            percent_that_had_to_succeed: 100.0 * had_to_succeed as f64
                / (could_fail + had_to_succeed).max(1) as f64,
            classes,
            late_milliseconds: inner.late.each_ref().map(Times::percentiles),
            had_their_time: inner.had_their_time,
            faults: inner.faults.clone(),
            changes: inner.changes.clone(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
