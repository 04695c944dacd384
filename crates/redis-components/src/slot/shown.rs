//! The gauges of a slot as they are shown.
//!
//! One thread at a time sets them, to how the slot stands then. So an old report never comes after a
//! newer one. There is no lock meanwhile: a recorder is other people's code.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::telemetry::component::Subject;
use crate::telemetry::gauges::{Figures, Passing, PoolUse, set};

/// The gauges of a slot. They outlive it, because reports of it may still wait.
#[derive(Debug)]
pub(super) struct Gauges {
    subject: Subject,
    turn: Mutex<Turn>,
}

#[derive(Debug, Default)]
struct Turn {
    /// Whether a thread sets the gauges now.
    is_taken: bool,
    /// Whether that thread has to set them again.
    is_stale: bool,
    /// The digest that is shown as in force.
    digest: Option<String>,
    /// Whether the use of a pool is shown.
    has_pool: bool,
    /// Whether the slot is shown as gone.
    is_gone: bool,
}

impl Gauges {
    pub(super) fn new(subject: Subject) -> Self {
        let turn = Mutex::default();
        Self { subject, turn }
    }

    /// Shows how the slot stands now, or that it is gone. If another thread is about it, that thread
    /// does so.
    pub(super) fn show(&self, now: impl Fn() -> Option<Figures>) {
        let Some(taken) = Taken::take(self) else {
            return;
        };
        while taken.is_stale() {
            let figures = now();
            let next = self.turn().next(figures);
            if let Some(figures) = next {
                set(&self.subject, figures);
            }
        }
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Returns what to set, with zeros for what was shown and is no longer there.
    fn next(&mut self, figures: Option<Figures>) -> Option<Figures> {
        let is_gone = figures.is_none();
        if is_gone && self.is_gone {
            return None;
        }
        self.is_gone = is_gone;
        let gone = || Figures {
            passing: Some(Passing::default()),
            ..Figures::default()
        };
        let mut figures = figures.unwrap_or_else(gone);
        let before = std::mem::replace(&mut self.digest, figures.digest.clone());
        figures.left = before.filter(|before| Some(before) != figures.digest.as_ref());
        if let Some(passing) = &mut figures.passing {
            let none_left = self.has_pool.then(PoolUse::default);
            passing.pool = passing.pool.or(none_left);
            self.has_pool = passing.pool.is_some();
        }
        Some(figures)
    }
}

/// The turn of this thread. It ends even if a recorder panics.
struct Taken<'a>(&'a Gauges);

impl<'a> Taken<'a> {
    /// Takes the turn, unless another thread has it, which then sets the gauges again.
    fn take(gauges: &'a Gauges) -> Option<Self> {
        let mut turn = gauges.turn();
        turn.is_stale = true;
        let is_free = !std::mem::replace(&mut turn.is_taken, true);
        is_free.then_some(Self(gauges))
    }

    /// Returns `true` if the gauges are to be set again. Otherwise the turn is over.
    fn is_stale(&self) -> bool {
        let mut turn = self.0.turn();
        let is_stale = std::mem::take(&mut turn.is_stale);
        turn.is_taken = is_stale;
        is_stale
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.turn().is_taken = false;
        }
    }
}
