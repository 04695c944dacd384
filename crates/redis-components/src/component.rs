//! A component: one kind of Redis data, on its own server.

use std::future::poll_fn;
use std::ops::Deref;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::client::asynchronous::AsyncClient;
use crate::client::threads::BlockingClient;
use crate::clock::Wait;
use crate::connection::{Connection, blocking};
use crate::declaration::Declaration;
use crate::error::Error;
use crate::fork::PerProcess;
use crate::scope;
use crate::slot::Slot;
use crate::slot::executor::OnRuntime;
use crate::slot::published::OfGeneration;

/// A component of an application, as `components.toml` declares it. The generator makes one for
/// each: `logs::COMPONENT`.
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

    /// Returns the component's name, which is also the name of its generated module.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.declaration.name
    }

    /// Returns the key of the component's config on the config server, under the settings that hold
    /// here: the manifest's key, unless the settings have a
    /// [`key_prefix`](crate::Settings::key_prefix).
    #[must_use]
    pub fn key(&self) -> &'static str {
        scope::registry_in_force().map_or(self.declaration.key, |registry| {
            registry.key(&self.declaration)
        })
    }

    /// Returns how old the proof of the config may be when a call begins. Zero reads the config for
    /// every call.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.declaration.wait
    }

    /// Returns a connection to the server where the component is now, for asynchronous code.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection is available; see [`ErrorKind`](crate::ErrorKind). It
    /// comes in bounded time: after about the connect timeout for the first call, and at once while
    /// a server is known to be down.
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

    /// Returns the same as [`client`](Self::client), if there is nothing to wait for, to make or to
    /// explain. This is the usual case.
    fn ready(&self) -> Option<Arc<OfGeneration<AsyncClient>>> {
        let slot = self.remembered()?;
        let executor = OnRuntime::current()?;
        slot.ready(&executor, self.wait)
    }

    /// Returns the component's client on the current runtime.
    pub(crate) async fn client(&self) -> Result<Arc<OfGeneration<AsyncClient>>, Error> {
        let slot = self.slot()?;
        let executor =
            OnRuntime::demand().map_err(|error| error.about(self.name(), self.key(), None))?;
        slot.acquire(&executor, self.wait).await
    }

    /// Returns a connection to the server where the component is now, for blocking code. No tokio
    /// runtime is needed.
    ///
    /// # Errors
    ///
    /// As [`connection`](Self::connection), and
    /// [`ErrorKind::PoolExhausted`](crate::ErrorKind::PoolExhausted) if all connections stay in
    /// use.
    pub fn blocking_connection(&self) -> Result<blocking::Connection, Error> {
        let slot = self.slot()?;
        blocking::Connection::take(&slot, self.wait)
    }

    /// Returns a blocking connection for a single call, which follows the component or stays on its
    /// server.
    pub(crate) fn dedicated_blocking_connection(
        &self,
        follows: bool,
    ) -> Result<blocking::Connection, Error> {
        let slot = self.slot()?;
        if follows {
            blocking::Connection::open_following(&slot, self.wait)
        } else {
            blocking::Connection::open_staying(&slot, self.wait)
        }
    }

    /// Returns the pool that blocking calls share.
    pub(crate) fn pool(&self) -> Result<Arc<OfGeneration<BlockingClient>>, Error> {
        self.slot()?.pool(self.wait)
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
