//! When a connection beside the watch's is opened.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::backoff::Backoff;

/// A connection that lives this long shows that the server is well.
const WELL_AFTER: Duration = Duration::from_secs(1);

/// Lets one attempt at a time open a connection, with a pause after each that fails.
pub(super) struct Opening(Mutex<State>);

struct State {
    is_running: bool,
    backoff: Backoff,
    not_before: Option<Instant>,
    opened: Option<Instant>,
}

impl Opening {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            is_running: false,
            backoff: Backoff::new(Backoff::SERVER_DOWN),
            not_before: None,
            opened: None,
        }))
    }

    /// Returns `true` if an attempt may begin now. Its end must be noted.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.state();
        let is_early = state.not_before.is_some_and(|then| Instant::now() < then);
        let begins = !state.is_running && !is_early;
        state.is_running |= begins;
        begins
    }

    /// Notes how an attempt has ended.
    pub(super) fn end(&self, is_open: bool) {
        let mut state = self.state();
        state.is_running = false;
        if is_open {
            state.opened = Some(Instant::now());
        } else {
            state.pause();
        }
    }

    /// Notes that a connection is given up.
    pub(super) fn note_loss(&self) {
        let mut state = self.state();
        let opened = state.opened.take();
        if opened.is_some_and(|opened| opened.elapsed() >= WELL_AFTER) {
            state.backoff = Backoff::new(Backoff::SERVER_DOWN);
        } else {
            state.pause();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pause(&mut self) {
        self.not_before = Some(Instant::now() + self.backoff.next());
    }
}
