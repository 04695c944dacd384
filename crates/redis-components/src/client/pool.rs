//! The connections that blocking calls share, each used by one call at a time.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use redis::RedisResult;

use super::health::{Answer, EarlyEnd, Health, Verdict};
use super::open_blocking::open_blocking;
use super::wire::Wire;
use super::{Failure, Pooled, TOO_YOUNG, Timeouts};
use crate::ComponentConfig;
use crate::clock::Tick;

/// How many connections a pool opens where the config does not say.
const DEFAULT_SIZE: usize = 32;

/// A connection that was idle for longer is PINGed before it is used, because its server may have closed it.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A bounded pool of blocking connections to one server.
pub(crate) struct Pool {
    config: Arc<ComponentConfig>,
    timeouts: Timeouts,
    size: usize,
    state: Mutex<State>,
    returned: Condvar,
    health: Health,
}

#[derive(Default)]
struct State {
    idle: Vec<Idle>,
    in_use: usize,
    /// How many wait for a connection. Where nobody does, nobody is told of one, which would be a system call.
    waiting: usize,
}

/// A connection that nobody uses.
struct Idle {
    wire: Wire,
    since: Tick,
    /// Who used it last. To that thread it is given again where it can be, because what belongs to the connection is still
    /// near the thread's core, in the process and in the kernel.
    user: ThreadId,
}

/// Why a pool gives no connection.
#[derive(Debug)]
pub(crate) enum Exhausted {
    /// Every connection stayed in use for the whole time-out.
    InUse { size: usize, waited: Duration },
    /// A further connection could not be opened.
    Failed(Failure),
}

impl Pool {
    /// Connects, logs in and probes: the pool begins with that one connection.
    pub(crate) fn open(config: Arc<ComponentConfig>, timeouts: Timeouts) -> Result<Self, Failure> {
        let first = open_blocking(&config, timeouts)?;
        Ok(Self {
            size: config.max_connections().unwrap_or(DEFAULT_SIZE),
            config,
            timeouts,
            state: Mutex::new(State {
                idle: vec![Idle::from(first)],
                in_use: 0,
                waiting: 0,
            }),
            returned: Condvar::new(),
            health: Health::new(),
        })
    }

    /// Takes an idle connection, opens one more, or waits for one to be returned.
    pub(crate) fn check_out(self: &Arc<Self>) -> Result<Pooled, Exhausted> {
        let mut state = self.lock();
        if state.in_use >= self.size {
            state = self.wait_for_place(state)?;
        }
        state.in_use += 1;
        // From here on the place in `in_use` is given back by dropping `pooled`, whatever happens.
        let mut pooled = Pooled::new(Arc::clone(self));
        let idle = state.take_idle();
        drop(state);

        let wire = match idle.and_then(Idle::still_answers) {
            Some(wire) => wire,
            None => open_blocking(&self.config, self.timeouts).map_err(|failure| {
                self.close();
                Exhausted::Failed(failure)
            })?,
        };
        pooled.fill(wire);
        Ok(pooled)
    }

    /// Waits until fewer connections are in use than there may be.
    fn wait_for_place<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
    ) -> Result<MutexGuard<'a, State>, Exhausted> {
        let waited = self.timeouts.connect;
        state.waiting += 1;
        let (mut state, outcome) = self
            .returned
            .wait_timeout_while(state, waited, |state| state.in_use >= self.size)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        if outcome.timed_out() {
            let size = self.size;
            return Err(Exhausted::InUse { size, waited });
        }
        Ok(state)
    }

    /// Opens a connection beside those of the pool, for one call that may wait for as long as it likes. While it waits, the
    /// server is asked over the pool's connections whether it is there.
    pub(crate) fn open_dedicated(self: &Arc<Self>) -> Result<Pooled, Exhausted> {
        let failed = |failure| {
            self.close();
            Exhausted::Failed(failure)
        };
        let mut wire = open_blocking(&self.config, self.timeouts).map_err(failed)?;
        let pool = Arc::clone(self);
        let is_served = move || match pool.check_out() {
            Ok(mut pooled) => pooled.ping().is_ok(),
            // Who uses them all is served.
            Err(Exhausted::InUse { .. }) => true,
            Err(Exhausted::Failed(_)) => false,
        };
        wire.wait_while(is_served)
            .map_err(|error| failed(error.into()))?;
        Ok(Pooled::beside(Arc::clone(self), wire))
    }

    /// Whether the server was found to be gone: a new pool must be opened.
    pub(crate) fn is_closed(&self) -> bool {
        self.health.is_closed()
    }

    /// Whether the pool has ended too young, or ended because its connections did; told to the first who asks.
    pub(crate) fn take_early_end(&self) -> Option<EarlyEnd> {
        self.health.take_early_end()
    }

    /// Gives up the server: the next call looks where the component is, and connects anew.
    pub(crate) fn close(&self) {
        self.health.lose();
        self.drop_idle();
    }

    /// Takes back a place and its connection, unless that has failed or is not as it was.
    pub(super) fn give_back(&self, wire: Option<Wire>) {
        let wire = wire.filter(|wire| wire.is_clean() && !self.is_closed());
        let mut state = self.lock();
        state.in_use -= 1;
        state.idle.extend(wire.map(Idle::from));
        let waited_for = state.waiting > 0;
        drop(state);
        if waited_for {
            self.returned.notify_one();
        }
    }

    /// Notes how a request ended. Where that speaks against the server, the next call looks where the component is, and
    /// connects anew.
    pub(super) fn note<T: Answer>(&self, result: &RedisResult<T>) {
        match self.health.note(result) {
            Verdict::Well => {}
            Verdict::Doubtful | Verdict::Replace => self.close(),
        }
    }

    /// Notes that the server has ended a connection that was made so long ago. Those that lie idle have most likely ended
    /// too. Where it ends every one soon, the pool is given up: calls shall not connect, each for itself, for nothing.
    pub(super) fn note_end(&self, age: Duration) {
        self.drop_idle();
        if age < TOO_YOUNG && self.health.note_hang_up() == Verdict::Replace {
            self.close();
        }
    }

    fn drop_idle(&self) {
        self.lock().idle.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave `State` half-changed, so a poisoned lock is as good as any.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("config", &self.config)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl State {
    /// The connection that this thread used last, or else the one that was used last.
    fn take_idle(&mut self) -> Option<Idle> {
        let thread = thread::current().id();
        let number = (0..self.idle.len()).max_by_key(|number| {
            let idle = &self.idle[*number];
            (idle.user == thread, idle.since)
        })?;
        Some(self.idle.swap_remove(number))
    }
}

/// From now on, used last by this thread.
impl From<Wire> for Idle {
    fn from(wire: Wire) -> Self {
        Self {
            wire,
            since: Tick::now(),
            user: thread::current().id(),
        }
    }
}

impl Idle {
    /// The connection, unless its server has closed it while it was idle.
    fn still_answers(mut self) -> Option<Wire> {
        let trusted = self.since.elapsed() < TRUSTED_IDLE || self.wire.ping().is_ok();
        trusted.then_some(self.wire)
    }
}
