//! Reads that threads share.

use std::sync::{Arc, OnceLock, PoisonError};

use crate::sync::Mutex;
use crate::sync::thread::{Thread, current, park};

/// Reads of several keys: at most one in flight, and one that waits for it.
///
/// A thread joins the batch that is not sent. The first thread that finds none in flight sends it,
/// and threads that come meanwhile make up the next.
pub(crate) struct Batches<K, A> {
    state: Mutex<State<K, A>>,
}

struct State<K, A> {
    /// The keys of the batch that is not sent.
    keys: Vec<K>,
    next: Arc<Batch<A>>,
    is_reading: bool,
}

struct Batch<A> {
    /// One for each key, or none if there was no answer.
    answers: OnceLock<Vec<Option<A>>>,
    /// The threads to wake when the batch is complete.
    waiting: Mutex<Vec<Thread>>,
}

impl<K: PartialEq, A: Clone> Batches<K, A> {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                keys: Vec::new(),
                next: Arc::new(Batch::new()),
                is_reading: false,
            }),
        }
    }

    /// Waits for a read of `key` that is sent from now on. `send` sends a batch and returns its
    /// answers, and may be called for the keys of other threads.
    pub(crate) fn read(&self, key: K, send: impl FnOnce(&[K]) -> Vec<Option<A>>) -> Option<A> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let known = state.keys.iter().position(|known| *known == key);
        let place = known.unwrap_or(state.keys.len());
        if known.is_none() {
            state.keys.push(key);
        }
        let batch = Arc::clone(&state.next);
        while state.is_reading {
            // Under the lock, so that whoever ends the read in flight finds this thread.
            let waits = batch.waits_for_answers();
            drop(state);
            if waits {
                park();
            }
            if let Some(answers) = batch.answers.get() {
                return answers.get(place).cloned().flatten();
            }
            // It may be this thread's turn to send the batch.
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(answers) = batch.answers.get() {
            return answers.get(place).cloned().flatten();
        }
        // Nobody has sent it.
        let keys = std::mem::take(&mut state.keys);
        state.next = Arc::new(Batch::new());
        state.is_reading = true;
        drop(state);
        let mut sent = Sent {
            batches: self,
            batch: &batch,
            answers: Vec::new(),
        };
        sent.answers = send(&keys);
        sent.answers.get(place).cloned().flatten()
    }
}

impl<A> Batch<A> {
    fn new() -> Self {
        Self {
            answers: OnceLock::new(),
            waiting: Mutex::new(Vec::new()),
        }
    }

    /// Notes that this thread waits, unless there are answers.
    fn waits_for_answers(&self) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = self.answers.get().is_none();
        if waits {
            waiting.push(current());
        }
        waits
    }

    fn waiting(&self, take: impl FnOnce(&mut Vec<Thread>) -> Vec<Thread>) -> Vec<Thread> {
        take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A batch in flight. It is complete when this is dropped, also if its thread panics.
struct Sent<'a, K, A> {
    batches: &'a Batches<K, A>,
    batch: &'a Batch<A>,
    answers: Vec<Option<A>>,
}

impl<K, A> Drop for Sent<'_, K, A> {
    fn drop(&mut self) {
        // There is no error: only this thread sets the answers.
        let _ = self.batch.answers.set(std::mem::take(&mut self.answers));
        let state = self.batches.state.lock();
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.is_reading = false;
        let next = Arc::clone(&state.next);
        drop(state);
        // Whoever sends the next batch goes first.
        let sends = next.waiting(|waiting| waiting.pop().into_iter().collect());
        let answered = self.batch.waiting(std::mem::take);
        for thread in sends.into_iter().chain(answered) {
            thread.unpark();
        }
    }
}
