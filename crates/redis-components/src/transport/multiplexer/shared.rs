//! What the callers of a connection share with its driver.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use redis::{RedisError, RedisResult, Value};
use tokio::sync::Notify;

use super::awaited::Awaited;
use super::slots::{SlotNumber, Slots};
use crate::fork::Process;
use crate::transport::shared_socket::SharedSocket;

/// While the socket takes nothing, callers wait if so many bytes are still to be written.
const MOST_UNWRITTEN: usize = 64 * 1024;

/// A larger buffer is given back when it is empty.
pub(super) const KEPT_BUFFER: usize = 64 * 1024;

/// What callers and driver share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Whether callers have to wait before they add a request.
    is_full: AtomicBool,
    /// Tells callers that there is room again.
    pub(super) room: Notify,
    /// The bound of each request.
    pub(super) response: Duration,
    process: Process,
}

/// What callers have left for the driver.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The socket, if requests go to it as they are. With TLS they do not.
    socket: Option<SharedSocket>,
    pub(super) slots: Slots,
    /// Requests that were not written, or not as a whole.
    pub(super) requests: Vec<u8>,
    /// The requests, also written ones, that the driver has not seen.
    pub(super) sent: VecDeque<Awaited>,
    driver: Option<Waker>,
    /// Whether the driver will look at the rest.
    is_awake: bool,
    /// Whether the driver has requests that the socket does not take yet.
    is_blocked: bool,
    /// Whether the driver will look before any deadline of a new request.
    is_timed: bool,
    /// Whether the last handle is gone.
    is_unused: bool,
    /// How the connection ended.
    end: Option<RedisError>,
}

/// What the driver has done.
#[derive(Debug)]
pub(super) struct Rest {
    /// Whether the socket does not take all requests yet.
    pub(super) is_blocked: bool,
    /// Whether the driver will look at the next deadline.
    pub(super) is_timed: bool,
    /// Whether nobody waits for a reply.
    pub(super) is_idle: bool,
    /// Whether the driver will look again in any case.
    pub(super) goes_on: bool,
}

/// What the driver does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Look,
    Sleep,
    End,
}

impl Shared {
    pub(super) fn new(response: Duration, socket: Option<SharedSocket>) -> Self {
        Self {
            state: Mutex::new(State {
                socket,
                ..State::default()
            }),
            is_full: AtomicBool::new(false),
            room: Notify::new(),
            response,
            process: Process::current(),
        }
    }

    /// A child of the process must not lock it.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_of_this_process(&self) -> bool {
        self.process.is_current()
    }

    /// Returns `true` if callers have to wait for room.
    pub(super) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Acquire)
    }

    /// Sees to it that a request which was added gets written.
    pub(super) fn send(&self, mut state: MutexGuard<'_, State>) {
        if state.is_blocked && state.requests.len() > MOST_UNWRITTEN {
            self.is_full.store(true, Ordering::Release);
        }
        if state.is_awake {
            return;
        }
        // A caller among others leaves the writing to the driver, which writes for all of them.
        let is_alone = state.slots.taken() <= 1 && !state.is_blocked;
        if is_alone && state.is_timed && state.write() {
            return;
        }
        let waker = state.wake();
        drop(state);
        wake(waker);
    }

    /// Hands what callers have left to the driver: the order of all requests and, if the driver has
    /// written the earlier ones, the bytes of these.
    pub(super) fn take(
        &self,
        waker: &Waker,
        in_flight: &mut VecDeque<Awaited>,
        writing: Option<&mut Vec<u8>>,
    ) {
        let mut state = self.state();
        state.is_awake = true;
        match &mut state.driver {
            Some(driver) => driver.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        in_flight.append(&mut state.sent);
        if let Some(writing) = writing {
            std::mem::swap(writing, &mut state.requests);
            drop(state);
            if self.is_full() {
                self.is_full.store(false, Ordering::Release);
                self.room.notify_waiters();
            }
        }
    }

    /// Hands the order of requests that callers have written themselves to the driver.
    pub(super) fn take_sent(&self, in_flight: &mut VecDeque<Awaited>) {
        in_flight.append(&mut self.state().sent);
    }

    /// Returns `true` if several requests are in flight, so that others are likely to come. The
    /// driver will look at them.
    pub(super) fn gives_way(&self) -> bool {
        let mut state = self.state();
        let gives_way = state.slots.taken() > 1;
        state.is_awake |= gives_way;
        gives_way
    }

    /// Puts results in their places and wakes the callers.
    pub(super) fn deliver(&self, results: &mut Vec<(SlotNumber, RedisResult<Value>)>) {
        if results.is_empty() {
            return;
        }
        let mut state = self.state();
        let slots = &mut state.slots;
        let wakers: Vec<_> = results
            .drain(..)
            .filter_map(|(slot, result)| slots.deliver(slot, result))
            .collect();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Lets the driver sleep if there is nothing for it to do.
    pub(super) fn rest(&self, rest: &Rest) -> Next {
        let mut state = self.state();
        state.is_blocked = rest.is_blocked;
        state.is_timed = rest.is_timed;
        if state.is_unused && rest.is_idle && state.sent.is_empty() {
            return Next::End;
        }
        let has_requests = !state.requests.is_empty() && !rest.is_blocked;
        let is_untimed = !state.sent.is_empty() && !rest.is_timed;
        if rest.goes_on || has_requests || is_untimed {
            return Next::Look;
        }
        state.is_awake = false;
        Next::Sleep
    }

    /// Notes that nobody has a handle any more. The driver ends after the last reply.
    pub(super) fn leave(&self) {
        let mut state = self.state();
        state.is_unused = true;
        let waker = state.wake();
        drop(state);
        wake(waker);
    }

    /// Ends all requests, and those to come, with an error.
    pub(super) fn end(&self, error: RedisError) {
        let mut state = self.state();
        if state.end.is_some() {
            return;
        }
        state.end = Some(error.clone());
        let wakers = state.slots.deliver_all(&Err(error));
        // Either keeps the files of its runtime, also when that is gone.
        let of_runtime = (state.socket.take(), state.driver.take());
        state.requests = Vec::new();
        state.sent = VecDeque::new();
        drop(state);
        drop(of_runtime);
        wakers.into_iter().for_each(Waker::wake);
        self.is_full.store(false, Ordering::Release);
        self.room.notify_waiters();
    }
}

impl State {
    /// Returns how the connection ended, if it has.
    pub(super) fn end(&self) -> Option<RedisError> {
        self.end.clone()
    }

    /// Writes as much as the socket takes now. Returns `true` if that is all. Errors are left to the
    /// driver, which meets them too.
    fn write(&mut self) -> bool {
        let Some(socket) = &self.socket else {
            return false;
        };
        let written = socket.write(&self.requests).unwrap_or(0);
        if written < self.requests.len() {
            self.requests.drain(..written);
            return false;
        }
        self.requests.clear();
        self.requests.shrink_to(KEPT_BUFFER);
        true
    }

    /// Returns the driver, to be woken without a lock.
    fn wake(&mut self) -> Option<Waker> {
        self.is_awake = true;
        self.driver.clone()
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The error of a connection that has ended, as in redis-rs.
pub(super) fn closed() -> RedisError {
    io::Error::from(io::ErrorKind::BrokenPipe).into()
}
