//! Where calls run, and so where their clients must live: a tokio runtime, or plain threads.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::runtime::{Handle, Id};

use super::attempt::Attempt;
use super::published::{Clients, Numbered};
use super::trial::Trial;
use crate::client::{EarlyEnd, Failure, Multiplexed, Pool};
use crate::{Error, ErrorKind};

/// Which executor something belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExecutorId {
    Runtime(Id),
    Threads,
    Watch,
}

/// A place where calls run.
pub(crate) trait Executor: Clone + Send + Sync + 'static {
    /// What calls that run here share.
    type Client: Send + Sync + 'static;

    fn id(&self) -> ExecutorId;

    /// The living client of this executor.
    fn find<'a>(&self, clients: &'a Clients) -> Option<&'a Arc<Numbered<Self::Client>>>;

    /// Whether there is a client of this executor, living or not.
    fn had(&self, clients: &Clients) -> bool;

    /// Whether the client of this executor has ended too young; told to the first who asks.
    fn take_early_end(&self, clients: &Clients) -> Option<EarlyEnd>;

    /// Adds the client, in the place of one that is dead.
    fn put(&self, clients: &mut Clients, client: Arc<Numbered<Self::Client>>);

    /// Runs the attempt in the background, so that a caller who gives up does not end it for the others.
    fn start(&self, attempt: Attempt<Self>);
}

/// The tokio runtime of an asynchronous call.
#[derive(Clone, Debug)]
pub(crate) struct OnRuntime(Handle);

impl OnRuntime {
    /// The runtime that this code runs on, if any.
    pub(crate) fn current() -> Option<Self> {
        Handle::try_current().ok().map(Self)
    }

    /// The runtime that this code runs on, without which it does not work.
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
    type Client = Multiplexed;

    fn id(&self) -> ExecutorId {
        ExecutorId::Runtime(self.0.id())
    }

    fn find<'a>(&self, clients: &'a Clients) -> Option<&'a Arc<Numbered<Multiplexed>>> {
        let id = self.0.id();
        clients
            .runtimes
            .iter()
            .find(|(runtime, numbered)| *runtime == id && !numbered.client.is_closed())
            .map(|(_, numbered)| numbered)
    }

    fn had(&self, clients: &Clients) -> bool {
        let id = self.0.id();
        clients.runtimes.iter().any(|(runtime, _)| *runtime == id)
    }

    fn take_early_end(&self, clients: &Clients) -> Option<EarlyEnd> {
        let id = self.0.id();
        let mut own = clients
            .runtimes
            .iter()
            .filter(|(runtime, _)| *runtime == id);
        own.find_map(|(_, numbered)| numbered.client.take_early_end())
    }

    fn put(&self, clients: &mut Clients, client: Arc<Numbered<Multiplexed>>) {
        let id = self.0.id();
        // Dead ones of other runtimes go too: nobody calls from a runtime that has ended.
        clients
            .runtimes
            .retain(|(runtime, numbered)| *runtime != id && !numbered.client.is_closed());
        clients.runtimes.push((id, client));
    }

    fn start(&self, attempt: Attempt<Self>) {
        self.0.spawn(async move {
            let opened = Multiplexed::open(
                attempt.config(),
                attempt.connections(),
                attempt.timeouts(),
                attempt.errands(),
            );
            let opened = opened.await;
            if let Some(trial) = attempt.finish(opened) {
                tokio::time::sleep(Trial::LASTS).await;
                trial.end();
            }
        });
    }
}

/// Blocking calls, which may come from any thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnThreads;

impl Executor for OnThreads {
    type Client = Arc<Pool>;

    fn id(&self) -> ExecutorId {
        ExecutorId::Threads
    }

    fn find<'a>(&self, clients: &'a Clients) -> Option<&'a Arc<Numbered<Arc<Pool>>>> {
        clients
            .pool
            .as_ref()
            .filter(|numbered| !numbered.client.is_closed())
    }

    fn had(&self, clients: &Clients) -> bool {
        clients.pool.is_some()
    }

    fn take_early_end(&self, clients: &Clients) -> Option<EarlyEnd> {
        clients.pool.as_ref()?.client.take_early_end()
    }

    fn put(&self, clients: &mut Clients, client: Arc<Numbered<Arc<Pool>>>) {
        clients.pool = Some(client);
    }

    fn start(&self, attempt: Attempt<Self>) {
        // Shared, because a thread that does not start drops what it was given.
        let shared = Arc::new(Mutex::new(Some(attempt)));
        let take = |shared: &Mutex<Option<Attempt<Self>>>| {
            shared.lock().unwrap_or_else(PoisonError::into_inner).take()
        };
        let theirs = Arc::clone(&shared);
        let started = thread::Builder::new()
            .name("redis-components-connect".into())
            .spawn(move || {
                if let Some(attempt) = take(&theirs) {
                    let opened = Pool::open(Arc::clone(attempt.config()), attempt.timeouts());
                    if let Some(trial) = attempt.finish(opened.map(Arc::new)) {
                        thread::sleep(Trial::LASTS);
                        trial.end();
                    }
                }
            });
        if let Err(error) = started
            && let Some(attempt) = take(&shared)
        {
            attempt.finish(Err(Failure::unreachable(format!(
                "the thread that connects cannot be started: {error}"
            ))));
        }
    }
}
