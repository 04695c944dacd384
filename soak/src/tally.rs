//! What became of the calls, by kind of caller.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::soak::Fleet;

/// Longer calls count as so long.
const LONGEST_MICROSECONDS: u64 = 600_000_000;

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Task,
    Thread,
    Cancelled,
    Runtime,
    Scope,
    Push,
    Pop,
    Subscriber,
}

impl Class {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Task => "tasks",
            Self::Thread => "threads",
            Self::Cancelled => "tasks that cancel",
            Self::Runtime => "short-lived runtimes",
            Self::Scope => "scopes",
            Self::Push => "pushes",
            Self::Pop => "pops (dedicated)",
            Self::Subscriber => "subscribers",
        }
    }
}

/// Why a call was to be expected to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Excuse {
    Server,
    Disabled,
    Cold,
}

impl Excuse {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "a fault of the server it may have run on",
            Self::Disabled => "the component was switched off",
            Self::Cold => "a new scope that found no config",
        }
    }
}

/// Counts and times, by who called.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    classes: BTreeMap<Class, Counts>,
    excuses: BTreeMap<Excuse, u64>,
    faults: BTreeMap<&'static str, u64>,
    changes: BTreeMap<&'static str, u64>,
    unexpected: u64,
    had_their_time: u64,
    late: [Option<Histogram<u64>>; 2],
}

#[derive(Debug, Default)]
struct Counts {
    answered: u64,
    failed: u64,
    cancelled: u64,
    times: Option<Histogram<u64>>,
}

/// The figures of one kind of caller. Times are of all calls, also those that failed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ClassFigures {
    pub(crate) callers: &'static str,
    pub(crate) answered: u64,
    pub(crate) failed: u64,
    pub(crate) cancelled: u64,
    pub(crate) milliseconds: Percentiles,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) count: u64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

/// All figures of calls.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) calls: u64,
    pub(crate) failed_as_expected: BTreeMap<&'static str, u64>,
    pub(crate) failed_unexpectedly: u64,
    pub(crate) classes: Vec<ClassFigures>,
    /// Calls that began on a server after its component had moved on: how long after, where changes are pushed, and where
    /// configs are polled.
    pub(crate) late_milliseconds: [Percentiles; 2],
    /// Configs that stayed for so long, without a fault, that calls had to run with them.
    pub(crate) had_their_time: u64,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    pub(crate) changes: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(crate) fn answered(&self, class: Class, took: Duration) {
        let mut inner = self.inner();
        let counts = inner.classes.entry(class).or_default();
        counts.answered += 1;
        record(&mut counts.times, took);
    }

    /// Notes a failure; without an excuse it was not to be expected.
    pub(crate) fn failed(&self, class: Class, took: Duration, excuse: Option<Excuse>) {
        let mut inner = self.inner();
        let counts = inner.classes.entry(class).or_default();
        counts.failed += 1;
        record(&mut counts.times, took);
        match excuse {
            Some(excuse) => *inner.excuses.entry(excuse).or_default() += 1,
            None => inner.unexpected += 1,
        }
    }

    pub(crate) fn cancelled(&self, class: Class) {
        self.inner().classes.entry(class).or_default().cancelled += 1;
    }

    pub(crate) fn late(&self, fleet: Fleet, by: Duration) {
        record(&mut self.inner().late[fleet as usize], by);
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
                milliseconds: percentiles(counts.times.as_ref()),
            })
            .collect();
        let excuses = inner.excuses.iter();
        Figures {
            calls: classes
                .iter()
                .map(|class| class.answered + class.failed + class.cancelled)
                .sum(),
            failed_as_expected: excuses
                .map(|(excuse, count)| (excuse.name(), *count))
                .collect(),
            failed_unexpectedly: inner.unexpected,
            classes,
            late_milliseconds: inner.late.each_ref().map(|late| percentiles(late.as_ref())),
            had_their_time: inner.had_their_time,
            faults: inner.faults.clone(),
            changes: inner.changes.clone(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn record(histogram: &mut Option<Histogram<u64>>, duration: Duration) {
    if histogram.is_none() {
        // An error says that the bounds make no sense.
        *histogram = Histogram::new_with_bounds(1, LONGEST_MICROSECONDS, 2).ok();
    }
    if let Some(histogram) = histogram {
        histogram.saturating_record(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }
}

fn percentiles(histogram: Option<&Histogram<u64>>) -> Percentiles {
    let Some(histogram) = histogram else {
        return Percentiles::default();
    };
    let at = |quantile| milliseconds(histogram.value_at_quantile(quantile));
    Percentiles {
        count: histogram.len(),
        p50: at(0.5),
        p99: at(0.99),
        p999: at(0.999),
        max: milliseconds(histogram.max()),
    }
}

fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1000.0
}
