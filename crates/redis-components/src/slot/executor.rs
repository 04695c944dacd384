//! Where calls run, and so where their clients must live: a tokio runtime, or plain threads.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::attempt::Runner;
use super::published::{Clients, OfGeneration};
use crate::client::asynchronous::AsyncClient;
use crate::client::threads::BlockingClient;
use crate::config_server::ConfigServer;
use crate::config_server::strict::answer::Answer;
use crate::config_server::watched_key::WatchedKey;
use crate::error::{Error, ErrorKind};
use crate::transport::failure::Failure;

/// A place where calls run.
pub(crate) trait Executor: Runner {
    /// Returns the living client of this executor.
    fn find<'a>(&self, clients: &'a Clients) -> Option<&'a Arc<OfGeneration<Self::Client>>>;

    /// Returns a client of this executor that has lost connections, and serves on the others.
    fn find_reduced<'a>(&self, clients: &'a Clients)
    -> Option<&'a Arc<OfGeneration<Self::Client>>>;

    /// Returns `true` if this executor has a client, living or not.
    fn had(&self, clients: &Clients) -> bool;

    /// Waits for a read of the config that is sent from now on, beside the watch. Returns `None` if
    /// the watch has to be asked.
    fn read_beside(
        &self,
        server: &ConfigServer,
        watched: &WatchedKey,
        key: &str,
    ) -> impl Future<Output = Option<Answer>> + Send;

    /// Returns why the client of this executor ended if it ended too young. Only the first caller
    /// is told.
    fn take_early_end(&self, clients: &Clients) -> Option<Failure>;
}

/// The tokio runtime of an asynchronous call.
#[derive(Clone, Debug)]
pub(crate) struct OnRuntime(pub(super) Handle);

/// Blocking calls, which may come from any thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnThreads;

impl OnRuntime {
    /// Returns the runtime that this code runs on, if there is one.
    pub(crate) fn current() -> Option<Self> {
        Handle::try_current().ok().map(Self)
    }

    /// Returns the runtime that this code runs on.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none.
    pub(crate) fn demand() -> Result<Self, Error> {
        Self::current().ok_or_else(|| {
            Error::new(
                ErrorKind::NoRuntime,
                "an asynchronous connection was asked for outside a tokio runtime; \
                 call from a task, or use the blocking form",
            )
        })
    }
}

impl Executor for OnRuntime {
    fn find<'a>(&self, clients: &'a Clients) -> Option<&'a Arc<OfGeneration<AsyncClient>>> {
        let id = self.0.id();
        clients
            .runtimes
            .iter()
            .find(|(runtime, client)| *runtime == id && !client.client.is_closed())
            .map(|(_, client)| client)
    }

    fn find_reduced<'a>(&self, clients: &'a Clients) -> Option<&'a Arc<OfGeneration<AsyncClient>>> {
        let id = self.0.id();
        clients
            .runtimes
            .iter()
            .find(|(runtime, client)| *runtime == id && !client.client.has_ended())
            .map(|(_, client)| client)
    }

    fn had(&self, clients: &Clients) -> bool {
        let id = self.0.id();
        clients.runtimes.iter().any(|(runtime, _)| *runtime == id)
    }

    async fn read_beside(
        &self,
        server: &ConfigServer,
        watched: &WatchedKey,
        key: &str,
    ) -> Option<Answer> {
        server.read_beside(watched, key, self.0.id()).await
    }

    fn take_early_end(&self, clients: &Clients) -> Option<Failure> {
        let id = self.0.id();
        let mut own = clients
            .runtimes
            .iter()
            .filter(|(runtime, _)| *runtime == id);
        let end = own.find_map(|(_, client)| client.client.take_early_end())?;
        Some(Failure::closed_early(end))
    }
}

impl Executor for OnThreads {
    fn find<'a>(&self, clients: &'a Clients) -> Option<&'a Arc<OfGeneration<BlockingClient>>> {
        clients
            .pool
            .as_ref()
            .filter(|pool| !pool.client.is_closed())
    }

    /// A pool replaces its connections one by one.
    fn find_reduced<'a>(&self, _: &'a Clients) -> Option<&'a Arc<OfGeneration<BlockingClient>>> {
        None
    }

    fn had(&self, clients: &Clients) -> bool {
        clients.pool.is_some()
    }

    /// Blocks, as everything does for these calls.
    async fn read_beside(
        &self,
        server: &ConfigServer,
        watched: &WatchedKey,
        key: &str,
    ) -> Option<Answer> {
        server.read_beside_blocking(watched, key)
    }

    fn take_early_end(&self, clients: &Clients) -> Option<Failure> {
        clients.pool.as_ref()?.client.take_early_end()
    }
}
