//! When a connection beside the watch is opened, and whether it may be kept.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::rest::UNUSED_FOR;
use crate::backoff::Backoff;

/// A connection that lives this long shows that the server is well.
const WELL_AFTER: Duration = Duration::from_secs(1);

/// Lets one attempt at a time open a connection, with a pause after each that fails.
///
/// Everything that opens, keeps or ends the connection happens under one lock. So nothing is kept
/// once this is closed, whatever was under way at that moment.
pub(super) struct Opening(Mutex<State>);

struct State {
    is_closed: bool,
    is_running: bool,
    /// When a call has last asked for a connection that was not there.
    asked: Option<Instant>,
    backoff: Backoff,
    not_before: Option<Instant>,
    opened: Option<Instant>,
}

impl Opening {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            is_closed: false,
            is_running: false,
            asked: None,
            backoff: Backoff::new(Backoff::SERVER_DOWN),
            not_before: None,
            opened: None,
        }))
    }

    /// Asks for a connection. Returns `true` if an attempt may begin now: its end must be noted. A
    /// call that comes alone opens none, because it would be unused until it is closed.
    pub(super) fn begin(&self) -> bool {
        self.begin_at(Instant::now())
    }

    fn begin_at(&self, now: Instant) -> bool {
        let mut state = self.state();
        let before = state.asked.replace(now);
        let is_alone = before.is_none_or(|before| now.duration_since(before) >= UNUSED_FOR);
        let is_early = state.not_before.is_some_and(|then| now < then);
        let begins = !(state.is_closed || state.is_running || is_alone || is_early);
        state.is_running |= begins;
        begins
    }

    /// Notes that an attempt has brought a connection, and calls `keep`, unless this is closed.
    pub(super) fn succeed(&self, keep: impl FnOnce()) -> bool {
        let mut state = self.state();
        state.is_running = false;
        if state.is_closed {
            return false;
        }
        state.opened = Some(Instant::now());
        keep();
        true
    }

    /// Notes that an attempt has failed.
    pub(super) fn fail(&self) {
        let mut state = self.state();
        state.is_running = false;
        state.pause();
    }

    /// Calls `keep`, which keeps a connection that was lent, unless this is closed.
    pub(super) fn give_back(&self, keep: impl FnOnce()) -> bool {
        let state = self.state();
        if !state.is_closed {
            keep();
        }
        !state.is_closed
    }

    /// Calls `take`, and notes a loss if that takes a connection.
    pub(super) fn lose<T>(&self, take: impl FnOnce() -> Option<T>) -> Option<T> {
        let mut state = self.state();
        let lost = take();
        if lost.is_some() {
            let opened = state.opened.take();
            if opened.is_some_and(|opened| opened.elapsed() >= WELL_AFTER) {
                state.backoff = Backoff::new(Backoff::SERVER_DOWN);
            } else {
                state.pause();
            }
        }
        lost
    }

    /// Calls `take`, which takes a connection that is not needed for a while.
    pub(super) fn rest<T>(&self, take: impl FnOnce() -> T) -> T {
        let _state = self.state();
        take()
    }

    /// Calls `take`, which takes the last connection.
    pub(super) fn close<T>(&self, take: impl FnOnce() -> T) -> T {
        self.state().is_closed = true;
        self.rest(take)
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Opening;
    use crate::config_server::strict::rest::UNUSED_FOR;

    #[test]
    fn r6_calls_that_come_seldom_open_no_connection() {
        let (opening, now) = (Opening::new(), Instant::now());
        for call in 0..10 {
            assert!(!opening.begin_at(now + UNUSED_FOR * call));
        }
        let moment = Duration::from_millis(1);
        assert!(opening.begin_at(now + UNUSED_FOR * 10 - moment));
        assert!(!opening.begin_at(now + UNUSED_FOR * 10), "one at a time");
    }

    #[test]
    fn r12_what_was_under_way_at_the_end_is_not_kept() {
        let (opening, now) = (Opening::new(), Instant::now());
        opening.begin_at(now);
        assert!(opening.begin_at(now));
        opening.close(|| ());
        assert!(!opening.succeed(|| panic!("it is kept")));
        assert!(!opening.give_back(|| panic!("it is kept")));
        opening.begin_at(now);
        assert!(!opening.begin_at(now), "it is opened again");
    }
}
