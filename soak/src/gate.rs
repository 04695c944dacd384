//! Lets callers and faults run, rest or stop.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const RUN: u8 = 0;
const REST: u8 = 1;
const STOP: u8 = 2;

/// How often a resting actor checks if the gate is open.
const LOOKED_EVERY: Duration = Duration::from_millis(20);

/// The gate that each actor passes before each turn.
#[derive(Debug)]
pub(crate) struct Gate {
    state: AtomicU8,
    turns: AtomicUsize,
}

/// A turn in progress. A rest begins once there is none.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a Gate);

impl Gate {
    /// Returns a gate that is closed.
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU8::new(REST),
            turns: AtomicUsize::new(0),
        }
    }

    pub(crate) fn open(&self) {
        self.change(REST, RUN);
    }

    pub(crate) fn rest(&self) {
        self.change(RUN, REST);
    }

    pub(crate) fn stop(&self) {
        self.state.store(STOP, Ordering::SeqCst);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.state.load(Ordering::SeqCst) == STOP
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state.load(Ordering::SeqCst) == RUN
    }

    /// Returns the number of turns in progress.
    pub(crate) fn turns(&self) -> usize {
        self.turns.load(Ordering::SeqCst)
    }

    /// Waits until the gate is open. Returns `None` if the gate was stopped.
    pub(crate) async fn pass(&self) -> Option<Turn<'_>> {
        loop {
            match self.try_pass() {
                Ok(turn) => return turn,
                Err(()) => tokio::time::sleep(LOOKED_EVERY).await,
            }
        }
    }

    /// Waits as [`pass`](Self::pass) does, for threads.
    pub(crate) fn pass_blocking(&self) -> Option<Turn<'_>> {
        loop {
            match self.try_pass() {
                Ok(turn) => return turn,
                Err(()) => thread::sleep(LOOKED_EVERY),
            }
        }
    }

    /// Waits for `length`, or until the gate closes.
    pub(crate) fn pause(&self, length: Duration) {
        let deadline = Instant::now() + length;
        while self.is_open() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(LOOKED_EVERY));
        }
    }

    fn try_pass(&self) -> Result<Option<Turn<'_>>, ()> {
        // The order matters: once the gate is closed and no turn is counted, no turn can follow.
        self.turns.fetch_add(1, Ordering::SeqCst);
        let turn = Turn(self);
        match self.state.load(Ordering::SeqCst) {
            RUN => Ok(Some(turn)),
            STOP => Ok(None),
            _ => Err(()),
        }
    }

    fn change(&self, from: u8, to: u8) {
        // An error means that the gate was stopped, which is final.
        let _ = self
            .state
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.turns.fetch_sub(1, Ordering::SeqCst);
    }
}
