//! A component: one kind of Redis data, on a server of its own.

use std::future::poll_fn;
use std::ops::Deref;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::client::blocking::pool::{Exhausted, Pool};
use crate::client::blocking::pooled::Pooled;
use crate::client::multiplexed::Multiplexed;
use crate::clock::Wait;
use crate::connection::{Connection, blocking};
use crate::declaration::Declaration;
use crate::error::{Error, ErrorKind};
use crate::fork::PerProcess;
use crate::scope;
use crate::slot::Slot;
use crate::slot::executor::{OnRuntime, OnThreads};
use crate::slot::published::OfGeneration;

/// A component of an application, as `components.toml` declares it. The generator makes one for each: `logs::COMPONENT`.
#[derive(Debug)]
pub struct Component {
    declaration: Declaration,
    /// The declaration's `wait`, for each call to compare with.
    wait: Wait,
    /// The slot of the process. Scopes have their own.
    slot: PerProcess<Arc<Slot>>,
}

impl Component {
    pub(crate) const fn new(declaration: Declaration) -> Self {
        Self {
            wait: Wait::of(declaration.wait),
            declaration,
            slot: PerProcess::new(),
        }
    }

    /// Returns the component's name, which is that of its generated module.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.declaration.name
    }

    /// Returns the key of the component's config on the config server, under the settings that hold here: the manifest's key,
    /// unless the settings have a [`key_prefix`](crate::Settings::key_prefix).
    #[must_use]
    pub fn key(&self) -> &'static str {
        scope::registry_in_force().map_or(self.declaration.key, |registry| {
            registry.key(&self.declaration)
        })
    }

    /// Returns how old the proof of the config may be when a call begins. Zero reads the config for every call.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.declaration.wait
    }

    /// Returns a connection to the server where the component is now, for asynchronous code.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection is available; see [`ErrorKind`]. It comes in bounded time: after about the connect
    /// timeout for the first call, at once while a server is known to be down.
    pub fn connection(&self) -> impl Future<Output = Result<Connection, Error>> + Send {
        // In a box, so that the future that every call carries along is small.
        let mut acquiring: Option<BoxFuture<'_, Result<_, Error>>> = None;
        poll_fn(move |context| {
            let client = match &mut acquiring {
                Some(acquiring) => acquiring.as_mut().poll(context),
                None => match self.ready() {
                    Some(client) => Poll::Ready(Ok(client)),
                    None => acquiring
                        .insert(Box::pin(self.client()))
                        .as_mut()
                        .poll(context),
                },
            };
            client.map_ok(Connection::new)
        })
    }

    /// Returns what [`client`](Self::client) would, if there is nothing to wait for, to make or to explain: almost always.
    fn ready(&self) -> Option<Arc<OfGeneration<Multiplexed>>> {
        let slot = self.remembered()?;
        let executor = OnRuntime::current()?;
        slot.ready(&executor, self.wait)
    }

    /// Returns the component's client on the current runtime.
    pub(crate) async fn client(&self) -> Result<Arc<OfGeneration<Multiplexed>>, Error> {
        let slot = self.slot()?;
        let executor =
            OnRuntime::demand().map_err(|error| error.about(self.name(), self.key(), None))?;
        slot.acquire(&executor, self.wait).await
    }

    /// Returns a connection to the server where the component is now, for blocking code. No tokio runtime is needed.
    ///
    /// # Errors
    ///
    /// As [`connection`](Self::connection), and [`ErrorKind::PoolExhausted`] if all connections stay in use.
    pub fn blocking_connection(&self) -> Result<blocking::Connection, Error> {
        self.blocking_connection_by(Pooled::take)
    }

    /// Returns a blocking connection for one call alone.
    pub(crate) fn dedicated_blocking_connection(&self) -> Result<blocking::Connection, Error> {
        self.blocking_connection_by(Pooled::open_dedicated)
    }

    fn blocking_connection_by(
        &self,
        take: fn(&Arc<Pool>) -> Result<Pooled, Exhausted>,
    ) -> Result<blocking::Connection, Error> {
        let slot = self.slot()?;
        let mut tries = 0;
        loop {
            let pool = self.pool_of(&slot)?;
            tries += 1;
            match take(&pool.client) {
                Ok(pooled) => return Ok(blocking::Connection::new(pooled, pool)),
                // The pool has closed itself: the next turn looks where the component is and opens another pool, or says
                // why it cannot.
                Err(Exhausted::Failed(_)) if tries == 1 && pool.client.is_closed() => {}
                Err(exhausted) => return Err(self.exhausted(exhausted, &pool.client)),
            }
        }
    }

    /// Returns the pool that blocking calls share.
    pub(crate) fn pool(&self) -> Result<Arc<OfGeneration<Arc<Pool>>>, Error> {
        self.pool_of(&*self.slot()?)
    }

    fn pool_of(&self, slot: &Arc<Slot>) -> Result<Arc<OfGeneration<Arc<Pool>>>, Error> {
        match slot.ready(&OnThreads, self.wait) {
            Some(pool) => Ok(pool),
            None => pollster::block_on(slot.acquire(&OnThreads, self.wait)),
        }
    }

    /// Returns the component's slot, if it was asked for before and there are no scopes.
    fn remembered(&self) -> Option<&Arc<Slot>> {
        if scope::in_use() {
            None
        } else {
            self.slot.get()
        }
    }

    /// Returns the component's slot under the settings that hold here.
    pub(crate) fn slot(&self) -> Result<SlotRef<'_>, Error> {
        if let Some(slot) = self.remembered() {
            return Ok(SlotRef::Remembered(slot));
        }
        let slot = match scope::scoped()? {
            Some(registry) => registry.slot(&self.declaration).map(SlotRef::Scoped),
            None => self
                .slot
                .get_or_try_init(|| scope::of_process().slot(&self.declaration))
                .map(SlotRef::Remembered),
        };
        slot.map_err(|error| error.about(self.name(), self.key(), None))
    }

    fn exhausted(&self, exhausted: Exhausted, pool: &Pool) -> Error {
        let (key, server) = (self.key(), pool.address());
        let (message, failure) = match exhausted {
            Exhausted::InUse { in_use, waited } => {
                let message = format!(
                    "all {in_use} blocking connections stayed in use for {waited:?}; raise `max_connections` \
                     in the config under `{key}`, or call from fewer threads at once"
                );
                let error = Error::new(ErrorKind::PoolExhausted, message);
                return error.about(self.name(), key, None);
            }
            Exhausted::CannotGrow {
                in_use,
                waited,
                failure,
            } => {
                let reason = &failure.message;
                let message = format!(
                    "all {in_use} blocking connections stayed in use for {waited:?}, and one more to {server} could \
                     not be opened: {reason}"
                );
                (message, failure)
            }
            Exhausted::Failed(failure) => {
                let reason = &failure.message;
                let message =
                    format!("one more connection to {server} could not be opened: {reason}");
                (message, failure)
            }
        };
        let kind = failure.cause.error_kind();
        let error = Error::new(kind, message).about(self.name(), key, Some(&server));
        match failure.shown_source() {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

/// A slot that the component remembers, or the slot of the current scope.
pub(crate) enum SlotRef<'a> {
    Remembered(&'a Arc<Slot>),
    Scoped(Arc<Slot>),
}

impl Deref for SlotRef<'_> {
    type Target = Arc<Slot>;

    fn deref(&self) -> &Arc<Slot> {
        match self {
            Self::Remembered(slot) => slot,
            Self::Scoped(slot) => slot,
        }
    }
}
