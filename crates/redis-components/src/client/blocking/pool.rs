//! The connections that blocking calls share, each used by one call at a time.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use redis::RedisResult;

use super::connection::BlockingConnection;
use crate::client::health::{Answer, Health, TOO_YOUNG, Verdict};
use crate::clock::Tick;
use crate::config::ComponentConfig;
use crate::settings::timeouts::Timeouts;
use crate::transport::failure::{EarlyEnd, Failure};

/// How many connections a pool opens if the config does not say.
const DEFAULT_SIZE: usize = 32;

/// A connection that was idle for longer is PINGed before it is used, because its server may have closed it.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A bounded pool of blocking connections to one server.
pub(crate) struct Pool {
    config: Arc<ComponentConfig>,
    timeouts: Timeouts,
    size: usize,
    peer: SocketAddr,
    state: Mutex<State>,
    returned: Condvar,
    health: Health,
}

#[derive(Default)]
struct State {
    idle: Vec<Idle>,
    in_use: usize,
    /// How many callers wait for a connection. If none does, nobody is woken, which would be a system call.
    waiting: usize,
}

/// A connection that nobody uses.
pub(super) struct Idle {
    connection: BlockingConnection,
    since: Tick,
    /// The thread that used it last gets it again if possible: what belongs to the connection is still near that thread's
    /// core, in the process and in the kernel.
    user: ThreadId,
}

/// Why a pool gives no connection.
#[derive(Debug)]
pub(crate) enum Exhausted {
    /// Every connection stayed in use for the whole timeout.
    InUse { size: usize, waited: Duration },
    /// A further connection could not be opened.
    Failed(Failure),
}

impl Pool {
    /// Connects, logs in and probes: the pool begins with that one connection.
    pub(crate) fn open(config: Arc<ComponentConfig>, timeouts: Timeouts) -> Result<Self, Failure> {
        let first = BlockingConnection::open(&config, timeouts)?;
        Ok(Self {
            size: config.max_connections().unwrap_or(DEFAULT_SIZE),
            config,
            timeouts,
            peer: first.peer()?,
            state: Mutex::new(State {
                idle: vec![Idle::from(first)],
                in_use: 0,
                waiting: 0,
            }),
            returned: Condvar::new(),
            health: Health::new(),
        })
    }

    /// Takes a place in the pool, and an idle connection if there is one. Waits if all places are taken.
    pub(super) fn take_place(&self) -> Result<Option<Idle>, Exhausted> {
        let mut state = self.lock();
        if state.in_use >= self.size {
            state = self.wait_for_place(state)?;
        }
        state.in_use += 1;
        Ok(state.take_idle())
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

    /// Opens one more connection. If that fails, the pool is closed.
    pub(super) fn connect(&self) -> Result<BlockingConnection, Exhausted> {
        BlockingConnection::open(&self.config, self.timeouts).map_err(|failure| {
            self.close();
            Exhausted::Failed(failure)
        })
    }

    /// Takes back a place and its connection, unless that has failed or is not as it was.
    pub(super) fn give_back(&self, connection: Option<BlockingConnection>) {
        let connection = connection.filter(|connection| connection.is_clean() && !self.is_closed());
        let mut state = self.lock();
        state.in_use -= 1;
        state.idle.extend(connection.map(Idle::from));
        let is_awaited = state.waiting > 0;
        drop(state);
        if is_awaited {
            self.returned.notify_one();
        }
    }

    /// Returns the address of the server.
    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Returns `true` if calls need another pool, because the server was found to be gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.health.is_closed()
    }

    /// Returns how the pool ended if it ended too young, or because its connections did. Only the first caller is told.
    pub(crate) fn take_early_end(&self) -> Option<EarlyEnd> {
        self.health.take_early_end()
    }

    /// Gives up the server: the next call looks where the component is, and connects anew.
    pub(crate) fn close(&self) {
        self.health.lose();
        self.drop_idle();
    }

    /// Notes how a request ended. If that speaks against the server, the pool is closed.
    pub(super) fn note<T: Answer>(&self, result: &RedisResult<T>) {
        match self.health.note(result) {
            Verdict::Well => {}
            Verdict::Doubtful | Verdict::Replace => self.close(),
        }
    }

    /// Notes that the server has closed a connection of this age. Idle connections have most likely ended too.
    ///
    /// A server that closes every connection soon closes the pool. Otherwise each call would connect for nothing.
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

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("config", &self.config)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl State {
    /// Takes the connection that this thread used last, or else the one that was used last.
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
impl From<BlockingConnection> for Idle {
    fn from(connection: BlockingConnection) -> Self {
        Self {
            connection,
            since: Tick::now(),
            user: thread::current().id(),
        }
    }
}

impl Idle {
    /// Returns the connection, unless its server has closed it while it was idle.
    pub(super) fn still_answers(mut self) -> Option<BlockingConnection> {
        let trusted = self.since.elapsed() < TRUSTED_IDLE || self.connection.ping().is_ok();
        trusted.then_some(self.connection)
    }
}
