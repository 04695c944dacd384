//! The connection that a blocking call gets.

mod request;
mod resend;
mod sending;
mod waiting;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::blocking::exhausted::Exhausted;
use crate::client::threads::{BlockingClient, Lease};
use crate::clock::Wait;
use crate::error::Error;
use crate::slot::Slot;
use crate::slot::published::{OfGeneration, UntilCut};
#[cfg(feature = "spans")]
use crate::telemetry::component::Subject;

/// A blocking connection to a component's server, for one call at a time; dropping it gives it
/// back.
///
/// It stays with the server it was made for. On a connection of the pool every command ends within
/// the response timeout; on a dedicated one it may wait for as long as the server answers PINGs.
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
        kind: Kind,
    },
    Own(redis::Connection),
}

/// Who uses a connection, and where.
#[derive(Clone)]
enum Kind {
    /// Other calls get it after this one.
    Shared,
    /// A single call has it, which stays on its server, unless it is cut there.
    Staying,
    /// A single call has it, which follows its component.
    Following(Following),
}

/// The place at which a call finds its component.
#[derive(Clone)]
struct Following {
    slot: Arc<Slot>,
    wait: Wait,
}

impl Connection {
    /// Takes a connection of the component's pool.
    pub(crate) fn take(slot: &Arc<Slot>, wait: Wait) -> Result<Self, Error> {
        Self::of_kind(Kind::Shared, slot, wait)
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
        Self::of_kind(Kind::Staying, slot, wait)
    }

    /// Opens a connection for a single call. While it waits, and when its server refuses what it
    /// sends, it follows the component.
    pub(crate) fn open_following(slot: &Arc<Slot>, wait: Wait) -> Result<Self, Error> {
        let following = Following {
            slot: Arc::clone(slot),
            wait,
        };
        Self::of_kind(Kind::Following(following), slot, wait)
    }

    fn of_kind(kind: Kind, slot: &Arc<Slot>, wait: Wait) -> Result<Self, Error> {
        let mut tries = 0;
        loop {
            let pool = slot.pool(wait)?;
            tries += 1;
            match kind.lease(&pool) {
                Ok(pooled) => {
                    return Ok(Self {
                        inner: Inner::Pooled { pooled, pool, kind },
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

    /// Returns the component that made the connection, if one did.
    #[cfg(feature = "spans")]
    pub(super) fn subject(&self) -> Option<&Subject> {
        match &self.inner {
            Inner::Pooled { pool, .. } => Some(&pool.subject),
            Inner::Own(_) => None,
        }
    }

    /// Returns `true` if the component still has the config that this connection was made from, and
    /// no failure has closed the connection. If not, a fresh connection is better.
    #[must_use]
    pub fn is_current(&self) -> bool {
        match &self.inner {
            Inner::Pooled { pooled, pool, .. } => pool.is_newest() && pooled.is_open(),
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
            function: None,
            is_used: false,
        }
    }
}

impl Kind {
    /// Takes or opens a connection of this kind to the server of a pool.
    fn lease(&self, pool: &Arc<OfGeneration<BlockingClient>>) -> Result<Lease, Exhausted> {
        let client = &pool.client;
        match self {
            Self::Shared => client.take(pool),
            Self::Staying => {
                let component = Arc::new(UntilCut::of(pool));
                client.open_dedicated(Some(component), Duration::ZERO)
            }
            Self::Following(Following { slot, .. }) => {
                let component = Arc::clone(pool) as _;
                client.open_dedicated(Some(component), slot.drain_deadline())
            }
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
