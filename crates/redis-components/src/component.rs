//! A component: one kind of Redis data, on a server of its own.

use std::future::poll_fn;
use std::ops::Deref;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;
use once_cell::sync::OnceCell;

use crate::client::{Exhausted, Pool, Pooled};
use crate::clock::Wait;
use crate::registry::Registry;
use crate::slot::{OnRuntime, OnThreads, Slot};
use crate::{Connection, Error, ErrorKind, blocking, scope};

/// A component of an application, as `components.toml` declares it. The generator makes one for each: `logs::COMPONENT`.
#[derive(Debug)]
pub struct Component {
    declaration: Declaration,
    /// [`Declaration::wait`], for each call to compare with.
    wait: Wait,
    /// The slot of the settings that hold for the whole process; scopes have their own.
    slot: OnceCell<Arc<Slot>>,
}

/// What `components.toml` says of a component.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Declaration {
    /// The component's name.
    pub name: &'static str,
    /// The key of its config on the config server, under the manifest's prefix.
    pub key: &'static str,
    /// Whether the manifest gives the key itself, which the settings' prefix then does not change.
    pub has_own_key: bool,
    /// For how long a config is used without asking the config server again.
    pub wait: Duration,
    /// How many multiplexed sockets a client has on each runtime.
    pub connections: usize,
    /// The manifest's config server, used when neither code nor environment names one.
    pub config_server: Option<&'static str>,
}

impl Component {
    pub(crate) const fn new(declaration: Declaration) -> Self {
        Self {
            wait: Wait::of(declaration.wait),
            declaration,
            slot: OnceCell::new(),
        }
    }

    /// The component's name, which is that of its generated module.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.declaration.name
    }

    /// The key of the component's config on the config server, under the settings that hold here: that of the manifest, unless
    /// they have a [`key_prefix`](crate::Settings::key_prefix).
    #[must_use]
    pub fn key(&self) -> &'static str {
        Registry::in_force().map_or(self.declaration.key, |registry| {
            registry.key(&self.declaration)
        })
    }

    /// How old the proof of the config may be when a call begins; zero reads the config for every call.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.declaration.wait
    }

    /// A connection to the server where the component is now, for asynchronous code.
    ///
    /// # Errors
    ///
    /// Where there is no connection to be had: see [`ErrorKind`]. It comes in bounded time: about the connect time-out for
    /// the first call, at once while a server is known to be down.
    pub fn connection(&self) -> impl Future<Output = Result<Connection, Error>> + Send {
        // In a box of its own, so that the future that every call carries along is small.
        let mut acquiring: Option<BoxFuture<'_, _>> = None;
        poll_fn(move |context| match &mut acquiring {
            Some(acquiring) => acquiring.as_mut().poll(context),
            None => match self.ready() {
                Some(connection) => Poll::Ready(Ok(connection)),
                None => acquiring
                    .insert(Box::pin(self.acquire()))
                    .as_mut()
                    .poll(context),
            },
        })
    }

    /// What [`acquire`](Self::acquire) gives, where there is nothing to be waited for, made or explained: almost always.
    fn ready(&self) -> Option<Connection> {
        let slot = self.remembered()?;
        let executor = OnRuntime::current()?;
        slot.ready(&executor, self.wait).map(Connection::new)
    }

    async fn acquire(&self) -> Result<Connection, Error> {
        let slot = self.slot()?;
        let executor =
            OnRuntime::demand().map_err(|error| error.about(self.name(), self.key(), None))?;
        let client = slot.acquire(&executor, self.wait).await?;
        Ok(Connection::new(client))
    }

    /// A connection to the server where the component is now, for blocking code; no tokio runtime is needed.
    ///
    /// # Errors
    ///
    /// As [`connection`](Self::connection), and [`ErrorKind::PoolExhausted`] when all connections stay in use.
    pub fn blocking_connection(&self) -> Result<blocking::Connection, Error> {
        self.blocking_connection_by(Pool::check_out)
    }

    /// A blocking connection for one call alone.
    pub(crate) fn dedicated_blocking_connection(&self) -> Result<blocking::Connection, Error> {
        self.blocking_connection_by(Pool::open_dedicated)
    }

    fn blocking_connection_by(
        &self,
        take: fn(&Arc<Pool>) -> Result<Pooled, Exhausted>,
    ) -> Result<blocking::Connection, Error> {
        let slot = self.slot()?;
        let mut tries = 0;
        loop {
            let pool = match slot.ready(&OnThreads, self.wait) {
                Some(pool) => pool,
                None => pollster::block_on(slot.acquire(&OnThreads, self.wait))?,
            };
            tries += 1;
            match take(&pool.client) {
                Ok(pooled) => return Ok(blocking::Connection::new(pooled, pool)),
                // The pool has closed itself: the next turn looks where the component is and opens another, or says
                // why it cannot.
                Err(Exhausted::Failed(_)) if tries == 1 => {}
                Err(exhausted) => return Err(self.exhausted(exhausted)),
            }
        }
    }

    /// The component's slot, where it has been asked for and there are no scopes.
    fn remembered(&self) -> Option<&Arc<Slot>> {
        if scope::in_use() {
            None
        } else {
            self.slot.get()
        }
    }

    /// The component's slot under the settings that hold here.
    pub(crate) fn slot(&self) -> Result<SlotRef<'_>, Error> {
        if let Some(slot) = self.remembered() {
            return Ok(SlotRef::Global(slot));
        }
        let slot = match Registry::scoped()? {
            Some(registry) => registry.slot(&self.declaration).map(SlotRef::Scoped),
            None => self
                .slot
                .get_or_try_init(|| Registry::global().slot(&self.declaration))
                .map(SlotRef::Global),
        };
        slot.map_err(|error| error.about(self.name(), self.key(), None))
    }

    fn exhausted(&self, exhausted: Exhausted) -> Error {
        let (kind, message) = match exhausted {
            Exhausted::InUse { size, waited } => (
                ErrorKind::PoolExhausted,
                format!(
                    "all {size} blocking connections stayed in use for {waited:?}; raise `max_connections` \
                     in the config under `{}`, or call from fewer threads at once",
                    self.key()
                ),
            ),
            Exhausted::Failed(failure) => (
                ErrorKind::ServerUnreachable,
                format!(
                    "one more connection could not be opened: {}",
                    failure.message
                ),
            ),
        };
        Error::new(kind, message).about(self.name(), self.key(), None)
    }
}

/// A slot that the component remembers, or one of the scope in which it is asked for.
pub(crate) enum SlotRef<'a> {
    Global(&'a Arc<Slot>),
    Scoped(Arc<Slot>),
}

impl Deref for SlotRef<'_> {
    type Target = Arc<Slot>;

    fn deref(&self) -> &Arc<Slot> {
        match self {
            Self::Global(slot) => slot,
            Self::Scoped(slot) => slot,
        }
    }
}
