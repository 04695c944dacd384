//! The connections that blocking calls share, each used by one call at a time.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::RedisResult;

use super::health::{Answer, EarlyEnd, Health, Verdict};
use super::open_blocking::open_blocking;
use super::wire::Wire;
use super::{Failure, Pooled, TOO_YOUNG, Timeouts};
use crate::ComponentConfig;

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
    idle: Vec<(Wire, Instant)>,
    in_use: usize,
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
                idle: vec![(first, Instant::now())],
                in_use: 0,
            }),
            returned: Condvar::new(),
            health: Health::new(),
        })
    }

    /// Takes an idle connection, opens one more, or waits for one to be returned.
    pub(crate) fn check_out(self: &Arc<Self>) -> Result<Pooled, Exhausted> {
        let deadline = Instant::now() + self.timeouts.connect;
        let mut state = self.lock();
        while state.in_use >= self.size {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Exhausted::InUse {
                    size: self.size,
                    waited: self.timeouts.connect,
                });
            }
            state = self
                .returned
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state.in_use += 1;
        // From here on the place in `in_use` is given back by dropping `pooled`, whatever happens.
        let mut pooled = Pooled::new(Arc::clone(self));
        let idle = state.idle.pop();
        drop(state);

        let idle = idle.and_then(|(wire, since)| still_answers(wire, since));
        let wire = match idle {
            Some(wire) => wire,
            None => open_blocking(&self.config, self.timeouts).map_err(|failure| {
                self.close();
                Exhausted::Failed(failure)
            })?,
        };
        pooled.fill(wire);
        Ok(pooled)
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
        state.idle.extend(wire.map(|wire| (wire, Instant::now())));
        drop(state);
        self.returned.notify_one();
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

/// The connection, unless its server has closed it while it was idle.
fn still_answers(mut wire: Wire, since: Instant) -> Option<Wire> {
    let trusted = since.elapsed() < TRUSTED_IDLE || wire.ping().is_ok();
    trusted.then_some(wire)
}
