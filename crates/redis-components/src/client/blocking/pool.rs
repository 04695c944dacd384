//! The connections that blocking calls share, each used by one call at a time.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use redis::RedisResult;

use super::connection::BlockingConnection;
use super::exhausted::Exhausted;
use super::places::{Idle, Next, Places};
use super::turn::Turn;
use crate::client::health::{Answer, Health, TOO_YOUNG, Verdict};
use crate::client::patience::until_primary_blocking;
use crate::fork::Process;
use crate::settings::timeouts::Timeouts;
use crate::telemetry::component::{Subject, cannot_grow};
#[cfg(feature = "metrics")]
use crate::telemetry::gauges::PoolUse;
use crate::transport::failure::{Cause, Failure};
use crate::transport::node::Node;

/// How many connections a pool opens if the config does not say.
const DEFAULT_SIZE: usize = 32;

/// A bounded pool of blocking connections to one server.
///
/// A pool that cannot open one more connection keeps its other connections. It closes itself if
/// none is left, or if the answers to its calls show that the server is gone or does not serve.
pub(crate) struct Pool {
    node: Arc<Node>,
    timeouts: Timeouts,
    /// The subject of events.
    subject: Subject,
    process: Process,
    peer: Option<SocketAddr>,
    places: Mutex<Places>,
    health: Health,
    /// The failure to connect because of which the pool closed itself.
    ended_by: OnceLock<Failure>,
}

impl Pool {
    /// Connects, logs in and probes. The pool begins with that connection, and grows to
    /// `max_connections`.
    pub(crate) fn open(
        node: Arc<Node>,
        max_connections: Option<usize>,
        timeouts: Timeouts,
        subject: Subject,
    ) -> Result<Self, Failure> {
        let open = || BlockingConnection::open(&node, timeouts);
        let first = until_primary_blocking(timeouts.connect, open)?;
        let size = max_connections.unwrap_or(DEFAULT_SIZE);
        Ok(Self {
            node,
            timeouts,
            subject,
            process: Process::current(),
            peer: first.peer()?,
            places: Mutex::new(Places::new(size, first)),
            health: Health::new(),
            ended_by: OnceLock::new(),
        })
    }

    /// Takes a place with an idle connection, if the caller need not wait. This is the usual case.
    pub(super) fn take_idle(&self) -> Option<Idle> {
        self.places().take_idle()
    }

    /// Takes a place, with an idle connection unless the caller has to open one. Waits until it is
    /// the caller's turn and a place is free.
    ///
    /// # Errors
    ///
    /// Returns an error if no place is free within the connect timeout, or if there is nothing to
    /// wait for.
    pub(super) fn take_in_turn(&self, turn: &mut Turn) -> Result<Option<Idle>, Exhausted> {
        let caller = Arc::new(Condvar::new());
        let deadline = turn.begun + self.timeouts.connect;
        let mut places = self.places();
        places.enter(&caller, turn.begun, turn.is_back);
        turn.is_back = true;
        let taken = loop {
            if self.is_closed() {
                break Err(Exhausted::Failed(self.why_closed()));
            }
            let is_first = places.is_first(&caller);
            if Instant::now() >= deadline {
                // A server that was silent to this caller gets no more of the caller's time.
                let idle = (is_first && !turn.found_dead).then(|| places.use_idle());
                break idle
                    .flatten()
                    .map(Some)
                    .ok_or_else(|| self.timed_out(&places));
            }
            let retry_at = if is_first {
                match places.next(turn.found_dead, self.timeouts.connect) {
                    Next::Use(idle) => break Ok(Some(idle)),
                    Next::Open => break Ok(None),
                    Next::Wait(retry_at) => retry_at,
                }
            } else {
                None
            };
            if retry_at.is_some()
                && let Some(failure) = places.growth.news()
            {
                let in_use = places.in_use();
                // A subscriber may panic, block or itself call the component, so nobody waits
                // behind this caller meanwhile.
                places.leave(&caller);
                drop(places);
                self.tell(in_use, &failure);
                places = self.places();
                places.enter(&caller, turn.begun, turn.is_back);
                continue;
            }
            let until = retry_at.map_or(deadline, |retry_at| retry_at.min(deadline));
            let left = until.saturating_duration_since(Instant::now());
            let waited = caller.wait_timeout(places, left);
            places = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        places.leave(&caller);
        taken
    }

    /// Opens a connection in a place that is taken. If that fails, the place is given back.
    pub(super) fn grow(&self, turn: &Turn) -> Option<BlockingConnection> {
        match BlockingConnection::open(&self.node, self.timeouts) {
            Ok(connection) => {
                self.note_grown();
                Some(connection)
            }
            Err(failure) => {
                let mut places = self.places();
                places.growth.fail(failure.clone());
                let next = places.give_back(None);
                let is_silent = turn.found_silent && !failure.is_refusal();
                let is_replica = failure.cause == Cause::Replica;
                let is_gone = is_silent || is_replica || places.are_empty();
                drop(places);
                if is_gone {
                    self.end(&failure);
                }
                if let Some(next) = next {
                    next.notify_one();
                }
                None
            }
        }
    }

    /// Opens a connection that has no place in the pool.
    pub(super) fn open_beside(&self) -> Result<BlockingConnection, Exhausted> {
        let paused = {
            let places = self.places();
            let retry_at = places.growth.retry_at(Instant::now());
            retry_at.and(places.growth.failure().cloned())
        };
        if let Some(failure) = paused {
            return Err(Exhausted::Failed(failure));
        }
        match BlockingConnection::open(&self.node, self.timeouts) {
            Ok(connection) => {
                self.note_grown();
                Ok(connection)
            }
            Err(failure) => {
                self.places().growth.fail(failure.clone());
                self.note_refused(&failure);
                Err(Exhausted::Failed(failure))
            }
        }
    }

    /// Notes that a connection outside of the pool could not be opened. Closes the pool if its own
    /// connections do not answer either.
    pub(crate) fn note_refused(&self, failure: &Failure) {
        if failure.cause == Cause::Replica {
            self.end(failure);
        }
        // A server that answers is up.
        if failure.is_refusal() {
            return;
        }
        let idle = self.take_idle();
        let is_gone = match idle.map(Idle::into_proven) {
            Some(Ok(connection)) => {
                self.give_back(Some(connection));
                false
            }
            Some(Err(_)) => {
                self.give_back(None);
                true
            }
            // If connections are in use, their users find out.
            None => self.places().are_empty(),
        };
        if is_gone {
            self.end(failure);
        }
    }

    fn note_grown(&self) {
        let mut places = self.places();
        places.growth.succeed();
        // Other callers may open connections too.
        places.wake_first();
    }

    /// Returns `true` if the server answers over a new connection.
    pub(super) fn is_served(&self) -> bool {
        match self.open_apart() {
            Ok(_) => true,
            Err(failure) => failure.is_refusal(),
        }
    }

    /// Opens a connection that the pool knows nothing of, even if the pool is closed.
    pub(super) fn open_apart(&self) -> Result<BlockingConnection, Failure> {
        BlockingConnection::open(&self.node, self.timeouts)
    }

    /// Takes back a place and its connection, unless the connection has failed or its session has
    /// changed.
    pub(super) fn give_back(&self, connection: Option<BlockingConnection>) {
        let connection = connection.filter(|connection| connection.is_clean() && !self.is_closed());
        // A separate variable, so that the lock is released before the next caller is woken.
        let next = self.places().give_back(connection);
        if let Some(next) = next {
            next.notify_one();
        }
    }

    /// Returns `true` if this process made the pool, and not an earlier process from which it was
    /// forked.
    pub(super) fn is_of_this_process(&self) -> bool {
        self.process.is_current()
    }

    /// Returns the address of the server. A unix socket has none.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Returns the server's `host:port`, as the config names it.
    pub(crate) fn address(&self) -> String {
        self.node.address().to_string()
    }

    /// Returns `true` if calls need another pool, because the server was found to be gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.health.is_closed()
    }

    /// Returns how its connections are used.
    #[cfg(feature = "metrics")]
    pub(crate) fn pool_use(&self) -> PoolUse {
        self.places().pool_use()
    }

    /// Returns why the pool could not open one more connection recently.
    pub(crate) fn growth_problem(&self) -> Option<String> {
        let places = self.places();
        let failure = places.growth.recent_failure()?;
        Some(format!(
            "one more blocking connection to {} could not be opened: {}",
            self.address(),
            failure.message
        ))
    }

    /// Returns why the pool ended, if the pool or its connections ended too young. Only the first
    /// caller is told.
    pub(crate) fn take_early_end(&self) -> Option<Failure> {
        let end = self.health.take_early_end()?;
        let known = self.ended_by.get().cloned();
        Some(known.unwrap_or_else(|| Failure::closed_early(end)))
    }

    /// Sets whether the server may refuse writes, because it is still a replica.
    pub(crate) fn set_may_be_replica(&self, may_be: bool) {
        self.health.set_may_be_replica(may_be);
    }

    /// Notes how a request ended. Closes the pool if the result shows that the server is gone or does
    /// not serve.
    pub(super) fn note<T: Answer>(&self, result: &RedisResult<T>) {
        match self.health.note(result) {
            Verdict::Well => {}
            Verdict::Doubtful | Verdict::Replace => self.close(),
        }
    }

    /// Notes that the server has closed a connection of this age. Idle connections may have ended
    /// too.
    ///
    /// A server that closes every connection soon closes the pool. Otherwise each call would
    /// connect for nothing.
    pub(super) fn note_end(&self, age: Duration) {
        self.places().distrust_idle();
        if age < TOO_YOUNG && self.health.note_hang_up() == Verdict::Replace {
            self.close();
        }
    }

    /// Closes the pool because it could not open a connection.
    fn end(&self, failure: &Failure) {
        if !self.is_closed() {
            // An error says that another caller was first.
            let _ = self.ended_by.set(failure.clone());
        }
        self.close();
    }

    /// Gives up the server. The next call looks up the component's server, and connects again.
    fn close(&self) {
        self.health.lose();
        let mut places = self.places();
        let idle = places.drain_idle();
        places.wake_all();
        drop(places);
        drop(idle);
    }

    fn why_closed(&self) -> Failure {
        let known = self.ended_by.get().cloned();
        known.unwrap_or_else(|| Failure::unreachable("its connections do not answer any more"))
    }

    fn timed_out(&self, places: &Places) -> Exhausted {
        let (in_use, waited) = (places.in_use(), self.timeouts.connect);
        match places.growth.failure() {
            Some(failure) if !places.are_taken() => Exhausted::CannotGrow {
                in_use,
                waited,
                failure: failure.clone(),
            },
            _ => Exhausted::InUse { in_use, waited },
        }
    }

    /// Reports that the pool cannot grow.
    fn tell(&self, in_use: usize, failure: &Failure) {
        let (kind, reason) = (failure.cause.error_kind(), &failure.message);
        cannot_grow(&self.subject, &self.address(), in_use, kind, reason);
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        // A panic cannot leave `Places` half-changed, so a poisoned lock is as good as any.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}
