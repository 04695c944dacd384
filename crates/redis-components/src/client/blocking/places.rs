//! The places of a pool: the callers that have one, the callers that wait, and the next step of the
//! caller whose turn it is.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use super::connection::BlockingConnection;
use super::growth::Growth;
use crate::clock::Tick;
#[cfg(feature = "metrics")]
use crate::telemetry::gauges::PoolUse;
use crate::transport::failure::Failure;

/// A connection that was idle for longer is PINGed before it is used, because its server may have
/// closed it.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// While the caller whose turn it is has not waited for this long, callers that run go first.
///
/// A connection that goes to a caller which has to be woken serves nobody meanwhile. With more
/// threads than connections, that would be so for each call.
const FAIR_AFTER: Duration = Duration::from_millis(10);

/// The mutable part of a pool.
#[derive(Default)]
pub(super) struct Places {
    size: usize,
    idle: Vec<Idle>,
    /// How many calls have a connection or open one.
    in_use: usize,
    /// The callers that wait, in the order in which they came. If there are none, no thread is
    /// woken, which would be a system call.
    queue: VecDeque<Waiting>,
    pub(super) growth: Growth,
}

/// A caller that waits.
struct Waiting {
    caller: Arc<Condvar>,
    begun: Instant,
    /// Whether it was woken, and has not looked since.
    is_woken: bool,
}

/// An idle connection.
pub(super) struct Idle {
    connection: BlockingConnection,
    /// `None` if another connection of the server has ended since.
    since: Option<Tick>,
    /// The thread that used it last. That thread gets it again if possible, because the
    /// connection's data is still near that thread's core, in the process and in the kernel.
    user: ThreadId,
}

/// The next step of the caller whose turn it is.
pub(super) enum Next {
    Use(Idle),
    /// Open one more connection.
    Open,
    /// Wait until a connection is given back, or until the next attempt to open one may begin.
    Wait(Option<Instant>),
}

impl Places {
    pub(super) fn new(size: usize, first: BlockingConnection) -> Self {
        Self {
            size,
            idle: vec![Idle::from(first)],
            ..Self::default()
        }
    }

    /// Takes a place with an idle connection, if there is one and no caller has waited for long.
    pub(super) fn take_idle(&mut self) -> Option<Idle> {
        let first = self.queue.front();
        if first.is_none_or(|first| first.begun.elapsed() < FAIR_AFTER) {
            self.use_idle()
        } else {
            None
        }
    }

    /// Takes a place with an idle connection, for the caller whose turn it is.
    pub(super) fn use_idle(&mut self) -> Option<Idle> {
        if self.are_taken() {
            return None;
        }
        let idle = self.pick()?;
        self.in_use += 1;
        Some(idle)
    }

    /// Returns the next step of the caller whose turn it is. An attempt to open a connection takes
    /// no longer than `bound`.
    pub(super) fn next(&mut self, prefers_new: bool, bound: Duration) -> Next {
        if self.are_taken() {
            return Next::Wait(None);
        }
        let now = Instant::now();
        let retry_at = self.growth.retry_at(now);
        if (retry_at.is_some() || !prefers_new)
            && let Some(idle) = self.use_idle()
        {
            return Next::Use(idle);
        }
        // If no connection is left, the last failure says little: the server may be gone, or have
        // been restarted.
        if retry_at.is_some() && self.in_use > 0 {
            return Next::Wait(retry_at);
        }
        self.growth.begin(now, bound);
        self.in_use += 1;
        Next::Open
    }

    /// Takes back a place and its connection, if the connection can be used again. The caller has
    /// to wake the result, if there is one.
    #[must_use = "the next caller waits until it is woken"]
    pub(super) fn give_back(
        &mut self,
        connection: Option<BlockingConnection>,
    ) -> Option<Arc<Condvar>> {
        self.in_use -= 1;
        self.idle.extend(connection.map(Idle::from));
        self.first_to_wake()
    }

    /// Makes a caller wait for its turn since `begun`. `is_back` says that it had its turn and got
    /// no connection.
    pub(super) fn enter(&mut self, caller: &Arc<Condvar>, begun: Instant, is_back: bool) {
        let waiting = Waiting {
            caller: Arc::clone(caller),
            begun,
            is_woken: false,
        };
        if is_back {
            self.queue.push_front(waiting);
        } else {
            self.queue.push_back(waiting);
        }
    }

    /// Returns `true` if it is this caller's turn. The caller looks now, so it may be woken again.
    pub(super) fn is_first(&mut self, caller: &Arc<Condvar>) -> bool {
        let mut waiting = self.queue.iter_mut();
        let place = waiting.position(|waiting| {
            let is_caller = Arc::ptr_eq(&waiting.caller, caller);
            waiting.is_woken &= !is_caller;
            is_caller
        });
        place == Some(0)
    }

    /// Ends the wait of a caller. Wakes the next caller if there may be something for it.
    pub(super) fn leave(&mut self, caller: &Arc<Condvar>) {
        self.queue
            .retain(|other| !Arc::ptr_eq(&other.caller, caller));
        if !self.are_taken() {
            self.wake_first();
        }
    }

    /// Wakes the caller whose turn it is, so that it looks again.
    pub(super) fn wake_first(&mut self) {
        if let Some(first) = self.first_to_wake() {
            first.notify_one();
        }
    }

    /// Returns the caller whose turn it is, unless it has been woken and has not looked since.
    fn first_to_wake(&mut self) -> Option<Arc<Condvar>> {
        let first = self.queue.front_mut()?;
        let is_woken = std::mem::replace(&mut first.is_woken, true);
        (!is_woken).then(|| Arc::clone(&first.caller))
    }

    pub(super) fn wake_all(&self) {
        self.queue
            .iter()
            .for_each(|waiting| waiting.caller.notify_one());
    }

    /// Has each idle connection PINGed before it is used.
    pub(super) fn distrust_idle(&mut self) {
        self.idle.iter_mut().for_each(|idle| idle.since = None);
    }

    /// Takes out all idle connections, to be closed when the lock is released.
    pub(super) fn drain_idle(&mut self) -> Vec<Idle> {
        std::mem::take(&mut self.idle)
    }

    /// Returns `true` if no connection is in use and none is idle.
    pub(super) fn are_empty(&self) -> bool {
        self.in_use == 0 && self.idle.is_empty()
    }

    /// Returns `true` if the pool has no free place.
    pub(super) fn are_taken(&self) -> bool {
        self.in_use >= self.size
    }

    pub(super) fn in_use(&self) -> usize {
        self.in_use
    }

    /// Returns how the connections are used.
    #[cfg(feature = "metrics")]
    pub(super) fn pool_use(&self) -> PoolUse {
        PoolUse {
            idle: self.idle.len(),
            in_use: self.in_use,
            waiting: self.queue.len(),
            size: self.size,
        }
    }

    /// Takes out the connection that this thread used last, or else the connection that was used
    /// most recently.
    fn pick(&mut self) -> Option<Idle> {
        let (thread, idle) = (this_thread(), &self.idle);
        let own = idle.iter().rposition(|idle| idle.user == thread);
        let newest = || (0..idle.len()).max_by_key(|number| idle[*number].since);
        let number = own.or_else(newest)?;
        Some(self.idle.swap_remove(number))
    }
}

/// Returns the current thread's number. To ask the standard library each time would change a count
/// that threads share.
fn this_thread() -> ThreadId {
    thread_local!(static THIS: ThreadId = thread::current().id());
    THIS.with(|id| *id)
}

/// The connection counts as used last now, by this thread.
impl From<BlockingConnection> for Idle {
    fn from(connection: BlockingConnection) -> Self {
        Self {
            connection,
            since: Some(Tick::now()),
            user: this_thread(),
        }
    }
}

impl Idle {
    /// Returns the connection, or the reason why its server does not answer over it.
    pub(super) fn into_living(self) -> Result<BlockingConnection, Failure> {
        let is_trusted = self
            .since
            .is_some_and(|since| since.elapsed() < TRUSTED_IDLE);
        if is_trusted {
            Ok(self.connection)
        } else {
            self.into_proven()
        }
    }

    /// Returns the connection if its server answers over it now, or else the reason.
    pub(super) fn into_proven(mut self) -> Result<BlockingConnection, Failure> {
        self.connection.ping()?;
        Ok(self.connection)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Condvar};
    use std::time::Instant;

    use super::Places;

    #[test]
    fn a_caller_that_looked_when_it_was_not_its_turn_is_woken_again() {
        let mut places = Places {
            size: 2,
            in_use: 2,
            ..Places::default()
        };
        let (waits, comes_back) = (Arc::default(), Arc::<Condvar>::default());
        places.enter(&waits, Instant::now(), false);
        let woken = places.give_back(None).expect("the first");
        assert!(Arc::ptr_eq(&woken, &waits));
        assert!(places.give_back(None).is_none(), "it was woken already");
        places.enter(&comes_back, Instant::now(), true);
        assert!(!places.is_first(&waits));
        places.queue.pop_front();
        places.in_use = 1;
        let woken = places.give_back(None).expect("it has looked since");
        assert!(Arc::ptr_eq(&woken, &waits));
    }
}
