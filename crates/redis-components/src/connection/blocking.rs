//! The connection that a blocking call gets.

use std::fmt;
use std::sync::Arc;

use redis::{Cmd, ConnectionLike, RedisResult, Value};

use crate::client::blocking::exhausted::Exhausted;
use crate::client::commands::may_wait;
use crate::client::threads::{BlockingClient, Lease};
use crate::clock::{Tick, Wait};
use crate::connection::was_refused;
use crate::error::Error;
use crate::slot::Slot;
use crate::slot::published::OfGeneration;
use crate::telemetry::component::resent;

/// A blocking connection to a component's server, for one call at a time; dropping it gives it
/// back.
///
/// It stays with the server it was made for, and every command ends within the response timeout.
/// After a timeout or a broken connection it is closed and every further command fails; the
/// component's next call gets another. No other call uses it meanwhile, so `WATCH`, `MULTI` and
/// `redis::transaction` are fine. If a call changes its session (`SELECT`, an open
/// transaction), the connection is closed.
pub struct Connection {
    inner: Inner,
    /// Whether a command was sent over it.
    is_used: bool,
}

enum Inner {
    Pooled {
        pooled: Lease,
        pool: Arc<OfGeneration<BlockingClient>>,
        /// How a call that waits follows the component, if it does.
        following: Option<Following>,
    },
    Own(redis::Connection),
}

/// The place at which a call that waits finds its component.
struct Following {
    slot: Arc<Slot>,
    wait: Wait,
}

impl Connection {
    /// Takes a connection of the component's pool.
    pub(crate) fn take(slot: &Arc<Slot>, wait: Wait) -> Result<Self, Error> {
        Self::by(slot, wait, |pool| {
            pool.client.take(|| Arc::new(pool.move_watch()))
        })
    }

    /// Opens a connection for a single call, which stays on its server.
    pub(crate) fn open_staying(slot: &Arc<Slot>, wait: Wait) -> Result<Self, Error> {
        let deadline = slot.drain_deadline();
        let stays = || false;
        Self::by(slot, wait, |pool| {
            pool.client.open_dedicated(stays, deadline)
        })
    }

    /// Opens a connection for a single call. A command that waits follows the component.
    pub(crate) fn open_following(slot: &Arc<Slot>, wait: Wait) -> Result<Self, Error> {
        let deadline = slot.drain_deadline();
        let mut opened = Self::by(slot, wait, |pool| {
            pool.client.open_dedicated(pool.move_watch(), deadline)
        })?;
        if let Inner::Pooled { following, .. } = &mut opened.inner {
            let slot = Arc::clone(slot);
            *following = Some(Following { slot, wait });
        }
        Ok(opened)
    }

    /// Takes a connection from the pool of the component's current server, by `take`.
    fn by(
        slot: &Arc<Slot>,
        wait: Wait,
        take: impl Fn(&OfGeneration<BlockingClient>) -> Result<Lease, Exhausted>,
    ) -> Result<Self, Error> {
        let mut tries = 0;
        loop {
            let pool = slot.pool(wait)?;
            tries += 1;
            match take(&pool) {
                Ok(pooled) => {
                    let inner = Inner::Pooled {
                        pooled,
                        pool,
                        following: None,
                    };
                    return Ok(Self {
                        inner,
                        is_used: false,
                    });
                }
                // The pool has closed itself. The next turn looks where the component is and opens
                // another pool, or says why it cannot.
                Err(Exhausted::Failed(_)) if tries == 1 && pool.client.is_closed() => {}
                Err(exhausted) => return Err(pool.exhausted(exhausted)),
            }
        }
    }

    /// Sends a command that waits, and sends it again where the component is if it moves meanwhile.
    fn wait_for(&mut self, command: &Cmd) -> RedisResult<Value> {
        loop {
            let Inner::Pooled {
                pooled,
                pool,
                following: Some(Following { slot, wait }),
            } = &mut self.inner
            else {
                return self.send(command);
            };
            let follows = pooled.is_clean();
            if follows && pool.has_moved() {
                *self = Self::open_following(slot, *wait)?;
                continue;
            }
            match pooled.wait_for(command, follows) {
                Ok(Value::ServerError(error))
                    if follows && error.code() == "UNBLOCKED" && pool.has_moved() => {}
                Err(error) if error.is_timeout() && pool.has_moved() => {
                    return Err(pool.stayed_too_long().into());
                }
                answer => return answer,
            }
        }
    }

    /// Sends a command. If it is the first of its connection and is refused, it is sent once more
    /// where the component is now.
    fn send_or_resend(&mut self, command: &Cmd) -> RedisResult<Value> {
        let first = !std::mem::replace(&mut self.is_used, true);
        let sent = first.then(Tick::now);
        let result = self.send(command);
        if let Some(sent) = sent
            && let Inner::Pooled { pool, .. } = &self.inner
            && was_refused(command, &result)
            && sent.elapsed() < pool.timeouts.response
            && let Some(next) = pool.successor().filter(|next| !Arc::ptr_eq(next, pool))
            && sent.elapsed() < pool.timeouts.response
            && let Ok(pooled) = next.client.take(|| Arc::new(next.move_watch()))
        {
            resent(&pool.subject);
            self.inner = Inner::Pooled {
                pooled,
                pool: next,
                following: None,
            };
            return self.send(command);
        }
        result
    }

    fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match &mut self.inner {
            Inner::Pooled { pooled, .. } => pooled.send(command),
            Inner::Own(connection) => connection.req_command(command),
        }
    }

    /// Returns `true` if the component still has the config that this connection was made from.
    #[must_use]
    pub fn is_current(&self) -> bool {
        match &self.inner {
            Inner::Pooled { pool, .. } => pool.is_newest(),
            Inner::Own(_) => true,
        }
    }

    /// Returns the generation of the component's config in this process: 1 for the first, one more
    /// with every change.
    ///
    /// Returns 0 for a connection that was made from a `redis::Connection` and not by a component.
    #[must_use]
    pub fn generation(&self) -> u64 {
        match &self.inner {
            Inner::Pooled { pool, .. } => pool.generation,
            Inner::Own(_) => 0,
        }
    }
}

/// For tests: calls a component's function with the test's own connection.
impl From<redis::Connection> for Connection {
    fn from(connection: redis::Connection) -> Self {
        Self {
            inner: Inner::Own(connection),
            is_used: false,
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command(&mut self, command: &[u8]) -> RedisResult<Value> {
        match &mut self.inner {
            Inner::Pooled { pooled, .. } => pooled.request(command),
            Inner::Own(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands(
        &mut self,
        commands: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        match &mut self.inner {
            Inner::Pooled { pooled, .. } => pooled.requests(commands, offset, count),
            Inner::Own(connection) => connection.req_packed_commands(commands, offset, count),
        }
    }

    fn req_command(&mut self, command: &Cmd) -> RedisResult<Value> {
        match &mut self.inner {
            Inner::Pooled { pooled, .. } if command.is_no_response() => pooled.send_only(command),
            _ if may_wait(command) => self.wait_for(command),
            _ => self.send_or_resend(command),
        }
    }

    fn get_db(&self) -> i64 {
        match &self.inner {
            Inner::Pooled { pooled, .. } => pooled.db(),
            Inner::Own(connection) => connection.get_db(),
        }
    }

    fn check_connection(&mut self) -> bool {
        redis::cmd("PING").exec(self).is_ok()
    }

    fn is_open(&self) -> bool {
        match &self.inner {
            Inner::Pooled { pooled, .. } => pooled.is_open(),
            Inner::Own(connection) => connection.is_open(),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("generation", &self.generation())
            .field("is_current", &self.is_current())
            .finish_non_exhaustive()
    }
}
