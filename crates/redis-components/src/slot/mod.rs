//! A component's place in this process: the config in force and the clients built from it.

mod attempt;
mod drain;
mod ending;
mod executor;
mod idle;
mod outlook;
mod published;
mod refusal;
mod report;
mod setback;
mod step;
mod trial;

use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use futures_util::future::select;

pub(crate) use self::drain::DrainPolicy;
pub(crate) use self::ending::Remains;
pub(crate) use self::executor::{Executor, OnRuntime, OnThreads};
use self::outlook::Outlook;
pub(crate) use self::published::{Numbered, Published};
use self::step::Step;
use crate::client::Timeouts;
use crate::clock::Wait;
use crate::config_server::{ConfigServer, Watched};
use crate::{ComponentConfig, Error};

/// For how long "there is no config" is believed: short, because somebody is about to SET the key.
const BELIEVED_MISSING: Wait = Wait::of(Duration::from_millis(100));

/// One component on one config server, shared by all who call its functions.
#[derive(Debug)]
pub(crate) struct Slot {
    component: String,
    key: String,
    /// None where the config is fixed.
    server: Option<Arc<ConfigServer>>,
    watched: Arc<Watched>,
    conduct: Conduct,
    /// How many multiplexed connections a client has: the most that anybody declared who uses the slot.
    connections: AtomicUsize,
    published: ArcSwapOption<Published>,
    /// The generation in `published`, for connections to compare theirs with.
    newest: Arc<AtomicU64>,
    outlook: Mutex<Outlook>,
}

/// How a slot treats its clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conduct {
    pub(crate) timeouts: Timeouts,
    pub(crate) drain: DrainPolicy,
}

impl Slot {
    /// A slot whose config is read from `server`.
    pub(crate) fn on_server(
        component: &str,
        key: &str,
        server: Arc<ConfigServer>,
        conduct: Conduct,
    ) -> Self {
        let watched = server.watched(key);
        Self::new(component, key, Some(server), watched, conduct)
    }

    /// A slot whose config is given once and for all.
    pub(crate) fn fixed(
        component: &str,
        key: &str,
        config: ComponentConfig,
        conduct: Conduct,
    ) -> Self {
        Self::new(
            component,
            key,
            None,
            Arc::new(Watched::fixed(config)),
            conduct,
        )
    }

    fn new(
        component: &str,
        key: &str,
        server: Option<Arc<ConfigServer>>,
        watched: Arc<Watched>,
        conduct: Conduct,
    ) -> Self {
        Self {
            component: component.to_owned(),
            key: key.to_owned(),
            server,
            watched,
            conduct,
            connections: AtomicUsize::new(1),
            published: ArcSwapOption::empty(),
            newest: Arc::default(),
            outlook: Mutex::default(),
        }
    }

    /// What [`acquire`](Self::acquire) gives, where nothing is to be waited for: almost always.
    #[inline]
    pub(crate) fn ready<X: Executor>(
        &self,
        executor: &X,
        wait: Wait,
    ) -> Option<Arc<Numbered<X::Client>>> {
        // In this order: the proof says how old what is loaded after it may be.
        if self.watched.is_proven(wait) {
            self.current(executor)
        } else {
            None
        }
    }

    /// The client for a call that begins now: one whose config is proven to have been current no more than `wait` ago,
    /// or the last good one where the config server does not answer or its config cannot be used.
    pub(crate) async fn acquire<X: Executor>(
        self: &Arc<Self>,
        executor: &X,
        wait: Wait,
    ) -> Result<Arc<Numbered<X::Client>>, Error> {
        if let Some(client) = self.ready(executor, wait) {
            return Ok(client);
        }
        let begun = Instant::now();
        self.renew_proof(executor, wait).await;
        loop {
            match self.step(executor, begun)? {
                Step::Use(client) => return Ok(client),
                Step::Wait(ended, revision) => {
                    let _following = self.watched.follow();
                    let elsewhere = pin!(self.watched.revised(revision));
                    select(pin!(ended.wait()), elsewhere).await;
                }
                // What to do meanwhile, the next turn decides.
                Step::Start(attempt) => executor.start(attempt),
            }
        }
    }

    /// The client on `executor`, where it is built from the newest config and lives.
    fn current<X: Executor>(&self, executor: &X) -> Option<Arc<Numbered<X::Client>>> {
        let revision = self.watched.revision();
        let published = self.published.load();
        let published = published.as_ref()?;
        if published.revision != revision {
            return None;
        }
        executor.find(&published.clients).cloned()
    }

    /// Reads the config where there is no proof that it is current, unless the server is known to be silent and there
    /// is a last good one to go on with.
    async fn renew_proof<X: Executor>(&self, executor: &X, wait: Wait) {
        let Some(server) = &self.server else { return };
        let (cold, broken) = match self.published.load().as_ref() {
            None => (true, false),
            Some(published) => {
                let lost =
                    executor.had(&published.clients) && executor.find(&published.clients).is_none();
                // A connection that ended is a reason to look whether the component has moved, once.
                (
                    false,
                    lost && !self.outlook().has_failed(executor.id(), published.revision),
                )
            }
        };
        let wait = if cold {
            wait.min(BELIEVED_MISSING)
        } else {
            wait
        };
        let is_due = || (broken || !self.watched.is_proven(wait)) && (cold || !server.is_lost());
        if is_due() && !(broken || cold || wait.is_zero()) {
            // One that somebody else waits for may have been sent no longer than `wait` ago.
            self.watched.finish_reads().await;
        }
        if is_due() {
            self.watched.read().await;
        }
    }

    /// Notes what a component that uses the slot declares. More connections come with the next client.
    pub(crate) fn expect(&self, wait: Duration, connections: usize) {
        self.watched.expect(wait);
        self.connections.fetch_max(connections, Ordering::Relaxed);
    }

    pub(crate) fn component(&self) -> &str {
        &self.component
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn server(&self) -> Option<&Arc<ConfigServer>> {
        self.server.as_ref()
    }

    pub(crate) fn watched(&self) -> &Watched {
        &self.watched
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        self.conduct.timeouts
    }

    pub(crate) fn published(&self) -> Option<Arc<Published>> {
        self.published.load_full()
    }

    fn outlook(&self) -> MutexGuard<'_, Outlook> {
        // Nothing that panics runs under this lock, and each change under it is complete in itself.
        self.outlook.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
