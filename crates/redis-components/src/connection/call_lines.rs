//! The connections of a dedicated call, which all handles to them share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::line::Line;

/// The connections of a dedicated call: one to each server that it uses. Any handle may open one,
/// and the call closes all.
#[derive(Clone)]
pub(super) struct CallLines(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    lines: Vec<Line>,
    is_closed: bool,
}

/// Closes the connections of a call when it is dropped.
pub(super) struct Owner(CallLines);

impl CallLines {
    pub(super) fn new() -> (Self, Owner) {
        let lines = Self(Arc::default());
        (lines.clone(), Owner(lines))
    }

    /// Adds handles to all connections that are not among `known`.
    pub(super) fn add_to(&self, known: &mut Vec<Line>) {
        let state = self.state();
        // A session that was lost with its connection is not forgotten.
        let counts = |line: &&Line| !line.closer().is_closed() || !line.session().is_clean();
        for line in state.lines.iter().filter(counts) {
            if !known.iter().any(|other| other.is(line)) {
                known.push(line.handle());
            }
        }
    }

    /// Keeps a connection until the call ends. Returns a handle to it, or to the one that another
    /// handle has opened meanwhile; `None` if the call has ended.
    pub(super) fn keep(&self, line: Line) -> Option<Line> {
        let mut state = self.state();
        if state.is_closed {
            return None;
        }
        state
            .lines
            .retain(|line| !line.closer().is_closed() || !line.session().is_clean());
        let leads_there = |other: &&Line| !other.closer().is_closed() && other.leads_to(&line);
        if let Some(other) = state.lines.iter().find(leads_there) {
            return Some(other.handle());
        }
        let handle = line.handle();
        state.lines.push(line);
        Some(handle)
    }

    /// Returns `true` if no handle has left anything in a session.
    pub(super) fn are_clean(&self) -> bool {
        let state = self.state();
        state.lines.iter().all(|line| line.session().is_clean())
    }

    /// Returns `true` if the call has ended.
    pub(super) fn are_closed(&self) -> bool {
        self.state().is_closed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_closed = true;
        let lines = std::mem::take(&mut state.lines);
        drop(state);
        drop(lines);
    }
}
