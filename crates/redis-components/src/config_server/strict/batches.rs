//! Reads that threads share.

use std::sync::{Arc, OnceLock, PoisonError};
use std::thread::panicking;

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::thread::{Thread, current, park};

/// Sends batches of reads over one connection, one after the other.
pub(crate) trait Connection {
    type Key: PartialEq;
    type Answer: Clone;

    /// Sends a batch. Returns `false` if it cannot be sent.
    fn send(&self, keys: &[Self::Key]) -> bool;

    /// Waits for the answers to the batch that was sent: one for each of its keys, or none.
    fn receive(&self) -> Vec<Option<Self::Answer>>;
}

/// Reads of several keys: at most one in flight, and one that waits for it.
///
/// A thread joins the batch that is not sent. If none is in flight, it sends the batch. Otherwise the
/// thread that receives the answers in flight sends the next batch at once, and one of the threads
/// that wait for that receives its answers. So each thread is woken once.
pub(crate) struct Batches<C: Connection> {
    connection: C,
    state: Mutex<State<C>>,
}

struct State<C: Connection> {
    /// The keys of the batch that is not sent.
    keys: Vec<C::Key>,
    next: Arc<Batch<C::Answer>>,
    is_reading: bool,
}

struct Batch<A> {
    /// One for each key, or none if there was no answer.
    answers: OnceLock<Vec<Option<A>>>,
    /// The threads to wake when the batch is complete.
    waiting: Mutex<Vec<Thread>>,
    /// Whether one of these has to receive the answers.
    is_left: AtomicBool,
}

impl<C: Connection> Batches<C> {
    pub(crate) fn new(connection: C) -> Self {
        Self {
            connection,
            state: Mutex::new(State {
                keys: Vec::new(),
                next: Arc::new(Batch::new()),
                is_reading: false,
            }),
        }
    }

    pub(crate) fn connection(&self) -> &C {
        &self.connection
    }

    /// Waits for a read of `key` that is sent from now on. Returns `None` if there is no answer.
    pub(crate) fn read(&self, key: C::Key) -> Option<C::Answer> {
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
            if batch.is_left.swap(false, Ordering::AcqRel) {
                Sent::new(self, &batch).receive();
            }
            if let Some(answers) = batch.answers.get() {
                return answers.get(place).cloned().flatten();
            }
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        }
        if batch.answers.get().is_none() {
            let keys = state.take();
            state.is_reading = true;
            drop(state);
            let sent = Sent::new(self, &batch);
            if self.connection.send(&keys) {
                sent.receive();
            }
        }
        let answers = batch.answers.get();
        answers.and_then(|answers| answers.get(place).cloned().flatten())
    }

    /// Sends the batch that waits, if there is one. Returns the threads to wake.
    fn send_next(&self) -> Vec<Thread> {
        let mut wakes = Vec::new();
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.keys.is_empty() {
                state.is_reading = false;
                return wakes;
            }
            let next = Arc::clone(&state.next);
            if panicking() {
                // Let one of its threads send it.
                state.is_reading = false;
                drop(state);
                wakes.append(&mut next.take_waiting());
                return wakes;
            }
            let keys = state.take();
            drop(state);
            if self.connection.send(&keys) {
                next.is_left.store(true, Ordering::Release);
                wakes.extend(next.waiting(Vec::pop));
                return wakes;
            }
            next.answers.get_or_init(Vec::new);
            wakes.append(&mut next.take_waiting());
        }
    }
}

impl<C: Connection> State<C> {
    /// Takes the batch that is not sent. From now on nobody joins it.
    fn take(&mut self) -> Vec<C::Key> {
        self.next = Arc::new(Batch::new());
        std::mem::take(&mut self.keys)
    }
}

impl<A> Batch<A> {
    fn new() -> Self {
        Self {
            answers: OnceLock::new(),
            waiting: Mutex::new(Vec::new()),
            is_left: AtomicBool::new(false),
        }
    }

    /// Notes that this thread waits, unless there are answers.
    fn waits_for_answers(&self) -> bool {
        self.waiting(|waiting| {
            let waits = self.answers.get().is_none();
            if waits {
                waiting.push(current());
            }
            waits
        })
    }

    fn take_waiting(&self) -> Vec<Thread> {
        self.waiting(std::mem::take)
    }

    fn waiting<T>(&self, with: impl FnOnce(&mut Vec<Thread>) -> T) -> T {
        with(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A batch in flight. It is complete when this is dropped, also if its thread panics. Then the next
/// one is sent.
struct Sent<'a, C: Connection> {
    batches: &'a Batches<C>,
    batch: &'a Batch<C::Answer>,
}

impl<'a, C: Connection> Sent<'a, C> {
    fn new(batches: &'a Batches<C>, batch: &'a Batch<C::Answer>) -> Self {
        Self { batches, batch }
    }

    /// Receives the answers.
    fn receive(self) {
        let answers = self.batches.connection.receive();
        // There were none.
        let _ = self.batch.answers.set(answers);
    }
}

impl<C: Connection> Drop for Sent<'_, C> {
    fn drop(&mut self) {
        self.batch.answers.get_or_init(Vec::new);
        // The next batch is on the way while the threads of this one are woken.
        let mut wakes = self.batches.send_next();
        wakes.append(&mut self.batch.take_waiting());
        wakes.iter().for_each(Thread::unpark);
    }
}
