//! The connections that blocking calls share, each used by one call at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::{ConnectionLike, RedisError};

use super::open_blocking::{open_blocking, ping};
use super::{Failure, Timeouts};
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
    closed: AtomicBool,
}

#[derive(Default)]
struct State {
    idle: Vec<(redis::Connection, Instant)>,
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

/// A connection taken out of a pool until it is dropped.
pub(crate) struct Pooled {
    pool: Arc<Pool>,
    connection: Option<redis::Connection>,
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
            closed: AtomicBool::new(false),
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
        let mut pooled = Pooled {
            pool: Arc::clone(self),
            connection: None,
        };
        let idle = state.idle.pop();
        drop(state);

        pooled.connection = idle.and_then(|(connection, since)| still_answers(connection, since));
        if pooled.connection.is_none() {
            let opened = open_blocking(&self.config, self.timeouts).map_err(|failure| {
                self.close();
                Exhausted::Failed(failure)
            })?;
            pooled.connection = Some(opened);
        }
        Ok(pooled)
    }

    /// Whether the server was found to be gone: a new pool must be opened.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.lock().idle.clear();
    }

    fn give_back(&self, connection: Option<redis::Connection>) {
        let mut state = self.lock();
        state.in_use -= 1;
        match connection {
            Some(connection) if !self.is_closed() => state.idle.push((connection, Instant::now())),
            _ => {}
        }
        drop(state);
        self.returned.notify_one();
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

impl Pooled {
    /// Runs one request. A connection that failed in a way that leaves its state unknown is not used again.
    pub(crate) fn request<T>(
        &mut self,
        request: impl FnOnce(&mut redis::Connection) -> Result<T, RedisError>,
    ) -> Result<T, RedisError> {
        let Some(connection) = &mut self.connection else {
            return Err((
                redis::ErrorKind::Io,
                "the connection was closed by an earlier failure",
            )
                .into());
        };
        let result = request(connection);
        if let Err(error) = &result
            && (error.is_io_error() || error.is_unrecoverable_error())
        {
            self.connection = None;
            if error.is_connection_dropped() {
                // The others that lie idle ended with it, most likely.
                self.pool.lock().idle.clear();
            }
        }
        result
    }

    /// The connection, where no failure has closed it.
    pub(crate) fn get(&self) -> Option<&redis::Connection> {
        self.connection.as_ref()
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        self.pool.give_back(self.connection.take());
    }
}

fn still_answers(mut connection: redis::Connection, since: Instant) -> Option<redis::Connection> {
    let trusted =
        connection.is_open() && (since.elapsed() < TRUSTED_IDLE || ping(&mut connection).is_ok());
    trusted.then_some(connection)
}
