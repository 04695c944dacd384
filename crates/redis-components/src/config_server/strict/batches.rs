//! Reads that threads share.

use std::sync::{Arc, PoisonError};

use crate::sync::{Condvar, Mutex};

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
    /// One for each key, or none if there was no answer. Changed only under the lock of the state.
    answers: Mutex<Option<Vec<Option<A>>>>,
    /// Tells the threads that wait for this batch that it is complete, or one of them to send it.
    told: Condvar,
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
        loop {
            if let Some(answers) = &*batch.answers() {
                return answers.get(place).cloned().flatten();
            }
            if !state.is_reading {
                break;
            }
            let told = batch.told.wait(state);
            state = told.unwrap_or_else(PoisonError::into_inner);
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
            answers: Mutex::new(None),
            told: Condvar::new(),
        }
    }

    fn answers(&self) -> impl std::ops::DerefMut<Target = Option<Vec<Option<A>>>> + '_ {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
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
        let state = self.batches.state.lock();
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.is_reading = false;
        *self.batch.answers() = Some(std::mem::take(&mut self.answers));
        let next = Arc::clone(&state.next);
        drop(state);
        self.batch.told.notify_all();
        next.told.notify_one();
    }
}
