//! The connection that a blocking call gets.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use redis::{Cmd, ConnectionLike, RedisResult, Value};

use self::resend::{All, One};
use crate::client::blocking::exhausted::Exhausted;
use crate::client::blocking::session::Waits;
use crate::client::commands::may_wait;
use crate::client::threads::{BlockingClient, Lease};
use crate::client::waiting::{Rest, rest};
use crate::clock::Wait;
use crate::connection::give_dedicated;
use crate::error::{Error, ErrorKind};
use crate::slot::Slot;
use crate::slot::published::OfGeneration;
use crate::telemetry::component::Subject;
use crate::transport::error_codes::is_ended_by_demotion;

/// A blocking connection to a component's server, for one call at a time; dropping it gives it
/// back.
///
/// It stays with the server it was made for, and every command ends within the response timeout.
/// A command that may wait longer than that (`BLPOP`) is refused before it is sent, with
/// [`ErrorKind::NeedsDedicated`](crate::ErrorKind::NeedsDedicated), unless the function has
/// `connection = "dedicated"` in `components.toml`.
/// After a timeout or a broken connection it is closed and every further command fails; the
/// component's next call gets another. No other call uses it meanwhile, so `WATCH`, `MULTI` and
/// `redis::transaction` are fine. If a call changes its session (`SELECT`, an open
/// transaction), the connection is closed.
pub struct Connection {
    inner: Inner,
    /// The function that this was made for, if a wrapper made it.
    function: Option<&'static str>,
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

/// A server looks ten times a second which calls have waited for long enough.
const LOOKED_EVERY: Duration = Duration::from_millis(100);

/// How often a call that its server has ended looks whether its component has moved.
const MOVES_WITHIN: Duration = Duration::from_millis(5);

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

    /// Returns the connection for a call of `function`.
    pub(crate) fn of_function(self, function: &'static str) -> Self {
        Self {
            function: Some(function),
            ..self
        }
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
                        function: None,
                        is_used: false,
                    });
                }
                // The pool has closed itself. The next turn looks where the component is and opens
                // another pool, or says why it cannot.
                Err(Exhausted::Failed(_)) if tries == 1 && pool.client.is_closed() => {}
                Err(exhausted) => return Err(slot.exhausted(&pool, exhausted)),
            }
        }
    }

    /// Sends a command that waits, and sends it again where the component is if it moves meanwhile.
    fn wait_for(&mut self, command: &Cmd) -> RedisResult<Value> {
        let (begun, mut shorter) = (Instant::now(), None);
        loop {
            let command_now = shorter.as_ref().unwrap_or(command);
            let Inner::Pooled {
                pooled,
                pool,
                following: Some(Following { slot, wait }),
            } = &mut self.inner
            else {
                return self.send_one_packed(&command_now.get_packed_command());
            };
            let follows = pooled.is_clean();
            if follows && pool.has_moved() {
                *self = Self::open_following(slot, *wait)?;
                continue;
            }
            match pooled.wait_for(command_now, follows) {
                Ok(answer @ Value::ServerError(_))
                    if follows
                        && is_unblocked(&answer)
                        && has_moved_by_now(slot, pool, &answer) =>
                {
                    match rest(command, begun.elapsed()) {
                        Rest::Whole => {}
                        Rest::Part(part) => shorter = Some(part),
                        Rest::Nothing => return Ok(Value::Nil),
                    }
                }
                Err(error) if error.is_timeout() && pool.has_moved() => {
                    return Err(pool.stayed_too_long().into());
                }
                answer => return answer,
            }
        }
    }

    /// Sends encoded commands that may wait, on the server where the connection is. Some of them
    /// may have been executed when the component moves, so that they are not sent again.
    fn send_packed<T>(
        &mut self,
        packed: &[u8],
        request: impl FnOnce(&mut Lease) -> RedisResult<T>,
        request_own: impl FnOnce(&mut redis::Connection) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let (pooled, pool, follows) = match &mut self.inner {
            Inner::Pooled {
                pooled,
                pool,
                following,
            } => (pooled, pool, following.is_some()),
            Inner::Own(connection) => return request_own(connection),
        };
        let Some(waits) = pooled.wait_of(packed) else {
            return request(pooled);
        };
        if pooled.is_member() && !is_short(&waits, pool.timeouts.response) {
            return Err(refusal(self.function, &waits, pool).into());
        }
        match pooled.while_waiting(request) {
            Err(error) if error.is_timeout() && follows && pool.has_moved() => {
                Err(pool.stayed_too_long().into())
            }
            answer => answer,
        }
    }

    fn send_one_packed(&mut self, command: &[u8]) -> RedisResult<Value> {
        self.send_packed(
            command,
            |pooled| pooled.request(command),
            |own| own.req_packed_command(command),
        )
    }

    fn send_all_packed(
        &mut self,
        commands: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let bounds = self.begin();
        let result = self.send_packed(
            commands,
            |pooled| pooled.requests(commands, offset, count),
            |own| own.req_packed_commands(commands, offset, count),
        );
        let request = All {
            packed: commands,
            offset,
            count,
        };
        self.resend(&request, bounds, result)
    }

    fn send_one(&mut self, command: &Cmd) -> RedisResult<Value> {
        match &mut self.inner {
            Inner::Pooled { pooled, .. } if command.is_no_response() => pooled.send_only(command),
            _ if may_wait(command) => self.wait_for(command),
            _ => {
                let bounds = self.begin();
                let result = self.send(command);
                self.resend(&One(command), bounds, result)
            }
        }
    }

    fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match &mut self.inner {
            Inner::Pooled { pooled, .. } => pooled.send(command),
            Inner::Own(connection) => connection.req_command(command),
        }
    }

    /// Returns the component that made the connection, if one did.
    #[cfg(feature = "spans")]
    pub(super) fn subject(&self) -> Option<&Subject> {
        match &self.inner {
            Inner::Pooled { pool, .. } => Some(&pool.subject),
            Inner::Own(_) => None,
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

fn is_unblocked(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if error.code() == "UNBLOCKED")
}

/// Returns `true` if the component has moved. If its server has become a replica and ended what
/// waited there, that comes within moments: there is a candidate, or sentinels say so.
fn has_moved_by_now(slot: &Slot, pool: &OfGeneration<BlockingClient>, answer: &Value) -> bool {
    let begun = Instant::now();
    let has_successor = slot.candidate().is_some() || pool.config.sentinels().is_some();
    while is_ended_by_demotion(answer)
        && has_successor
        && !pool.has_moved()
        && begun.elapsed() < pool.timeouts.response
    {
        thread::sleep(MOVES_WITHIN);
    }
    pool.has_moved()
}

/// Returns `true` if all answers are there before a response is overdue.
fn is_short(waits: &Waits<'_>, response: Duration) -> bool {
    let bound = waits.bound.map(|bound| bound.saturating_add(LOOKED_EVERY));
    bound.is_some_and(|bound| bound < response)
}

/// Returns the error for commands that may wait longer than their connection does.
fn refusal(
    function: Option<&'static str>,
    waits: &Waits<'_>,
    pool: &OfGeneration<BlockingClient>,
) -> Error {
    let Subject { component, key } = &pool.subject;
    let command = String::from_utf8_lossy(waits.command).to_ascii_uppercase();
    let response = pool.timeouts.response;
    let advice = give_dedicated(function);
    let text = format!(
        "`{command}` may wait for longer than the response timeout ({response:?}) and could then take something that \
         no caller gets, so it was not sent; {advice}, or a shorter timeout"
    );
    Error::new(ErrorKind::NeedsDedicated, text).about(component, key, None)
}

/// For tests: calls a component's function with the test's own connection.
impl From<redis::Connection> for Connection {
    fn from(connection: redis::Connection) -> Self {
        Self {
            inner: Inner::Own(connection),
            function: None,
            is_used: false,
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command(&mut self, command: &[u8]) -> RedisResult<Value> {
        #[cfg(feature = "spans")]
        if let Some(span) = self.span_of_packed(command) {
            return span.around_blocking(|| self.send_one_packed(command));
        }
        self.send_one_packed(command)
    }

    fn req_packed_commands(
        &mut self,
        commands: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        #[cfg(feature = "spans")]
        if let Some(span) = self.span_of_all(offset, count) {
            return span.around_blocking(|| self.send_all_packed(commands, offset, count));
        }
        self.send_all_packed(commands, offset, count)
    }

    fn req_command(&mut self, command: &Cmd) -> RedisResult<Value> {
        #[cfg(feature = "spans")]
        if let Some(span) = self.span_of(command) {
            return span.around_blocking(|| self.send_one(command));
        }
        self.send_one(command)
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

mod resend;
