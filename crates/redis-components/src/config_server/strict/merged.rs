//! Reads that the tasks of one runtime share.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// Sends reads.
pub(crate) trait Source: Send + Sync + 'static {
    type Answer: Clone + Send + 'static;

    /// Begins to send a read. Returns `None` if it cannot be sent.
    fn begin(&self) -> Option<Reading<Self::Answer>>;
}

/// A read on the way. `None` says that there was no answer.
pub(crate) type Reading<A> = Pin<Box<dyn Future<Output = Option<A>> + Send>>;

/// Reads of one key: at most one in flight, and one that waits for it.
///
/// The reads are numbered as in [`Reads`](super::super::lock_free::reads::Reads). A task waits for
/// the next read that is not sent, and all tasks that ask until then share that read.
///
/// No task is needed to go on. The first one that asks sends the read, and whoever brings the reply
/// (the driver of the connection) wakes `self`. That ends the read, tells those who waited for it,
/// and sends the next one. So a task that asks and is then dropped, or is not polled any more, keeps
/// no other task waiting.
pub(crate) struct Merged<S: Source> {
    source: S,
    state: Mutex<State<S::Answer>>,
    /// How many times somebody has looked for work since nobody did it.
    looks: AtomicUsize,
}

struct State<A> {
    /// The number of the newest read that was sent.
    begun: u64,
    /// The number of the newest read that is complete, and its answer.
    done: u64,
    answer: Option<A>,
    reading: Option<Reading<A>>,
    /// Who waits for the read in flight, and who for the next: by the parity of its number.
    waiting: [Vec<Waker>; 2],
}

/// A task that asks for a read when it is first polled. Returns `None` if there is no answer.
pub(crate) struct Asked<'a, S: Source> {
    merged: &'a Arc<Merged<S>>,
    /// The number of the read, and the place among those who wait for it.
    place: Option<(u64, usize)>,
}

impl<S: Source> Merged<S> {
    pub(crate) fn new(source: S) -> Arc<Self> {
        let state = State {
            begun: 0,
            done: 0,
            answer: None,
            reading: None,
            waiting: Default::default(),
        };
        Arc::new(Self {
            source,
            state: Mutex::new(state),
            looks: AtomicUsize::new(0),
        })
    }

    pub(crate) fn source(&self) -> &S {
        &self.source
    }

    /// Asks for a read that is sent from now on.
    pub(crate) fn ask(self: &Arc<Self>) -> Asked<'_, S> {
        Asked {
            merged: self,
            place: None,
        }
    }

    /// Sends what is asked for and takes what has come. If somebody does so already, that is left to
    /// it: it looks again.
    fn look(self: &Arc<Self>) {
        if self.looks.fetch_add(1, Ordering::AcqRel) > 0 {
            return;
        }
        let mut seen = 1;
        loop {
            for waker in self.go_on() {
                // The others must be woken too if the waker of a foreign executor panics.
                let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
            }
            let unseen = self.looks.fetch_sub(seen, Ordering::AcqRel) - seen;
            if unseen == 0 {
                return;
            }
            seen = unseen;
        }
    }

    /// Returns those who have an answer now.
    fn go_on(self: &Arc<Self>) -> Vec<Waker> {
        let mut answered = Vec::new();
        let waker = Waker::from(Arc::clone(self));
        let mut context = Context::from_waker(&waker);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.reading.is_none() {
                if state.waiting[parity(state.begun + 1)].is_empty() {
                    return answered;
                }
                state.begun += 1;
                state.reading = self.source.begin();
            }
            let answer = match &mut state.reading {
                None => None,
                Some(reading) => match reading.as_mut().poll(&mut context) {
                    Poll::Pending => return answered,
                    Poll::Ready(answer) => answer,
                },
            };
            state.reading = None;
            state.done = state.begun;
            state.answer = answer;
            let done = parity(state.done);
            answered.append(&mut state.waiting[done]);
        }
    }
}

fn parity(number: u64) -> usize {
    usize::from(number % 2 == 1)
}

impl<S: Source> Wake for Merged<S> {
    fn wake(self: Arc<Self>) {
        self.look();
    }
}

impl<S: Source> Future for Asked<'_, S> {
    type Output = Option<S::Answer>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let merged = self.merged;
        let mut state = merged.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, place)) = self.place {
            if state.done >= number {
                return Poll::Ready(state.answer.clone());
            }
            state.waiting[parity(number)][place].clone_from(context.waker());
            return Poll::Pending;
        }
        let number = state.begun + 1;
        let waiting = &mut state.waiting[parity(number)];
        waiting.push(context.waker().clone());
        self.place = Some((number, waiting.len() - 1));
        let is_free = state.reading.is_none();
        drop(state);
        if is_free {
            merged.look();
        }
        Poll::Pending
    }
}
