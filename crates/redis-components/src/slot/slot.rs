//! The data of a slot.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use super::breaker::Breaker;
use super::circuit::ExecutorId;
use super::digests::Digests;
use super::generations::Generations;
use super::published::Published;
use super::retired::Retired;
#[cfg(feature = "metrics")]
use super::shown::Gauges;
use crate::background::Background;
use crate::client::opening::Shared;
use crate::config::ComponentConfig;
use crate::config_server::ConfigServer;
use crate::config_server::control::offers::Offer;
use crate::config_server::receipts::identity::Identity;
use crate::config_server::watched_key::WatchedKey;
use crate::settings::Settings;
use crate::settings::drain::DrainPolicy;
use crate::settings::policy::Policy;
use crate::settings::timeouts::Timeouts;
use crate::telemetry::component::Subject;

/// One component on one config server, shared by all callers of its functions.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(super) subject: Subject,
    /// The name of connections whose config has none.
    client_name: String,
    /// None if the config is fixed.
    pub(super) server: Option<Arc<ConfigServer>>,
    /// Runs work that outlives calls. None if a fixed config names its server.
    pub(super) background: Option<Background>,
    pub(super) watched: Arc<WatchedKey>,
    timeouts: Timeouts,
    policy: Arc<Policy>,
    pub(super) drain: DrainPolicy,
    /// The age at which a client is replaced.
    pub(super) max_age: Option<Duration>,
    /// How many multiplexed connections a client has: the most that any user of the slot declared.
    connections: AtomicUsize,
    /// What the clients of the component share, whatever config they are built from.
    pub(super) shared: Arc<Shared>,
    pub(super) published: ArcSwapOption<Published>,
    /// The config that is made ready to come next, if there is one.
    pub(super) candidate: watch::Sender<Option<Arc<Candidate>>>,
    /// The component's own slot, if this is a candidate's.
    pub(super) of: Option<Weak<Self>>,
    /// The generation in `published`, which connections compare with theirs.
    pub(super) generations: Arc<Generations>,
    state: Mutex<State>,
    /// Those that receipts tell and gauges show.
    pub(super) digests: Digests,
    #[cfg(feature = "metrics")]
    pub(super) gauges: Arc<Gauges>,
}

/// A config that is made ready to come next.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(super) offer: Arc<Offer>,
    pub(super) slot: Arc<Slot>,
}

/// The mutable part of a slot.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) breaker: Breaker,
    /// Clients that are no longer handed out, while somebody uses them or they are open.
    pub(super) retired: Vec<Retired>,
    /// Whether no client is built any more.
    pub(super) is_shut_down: bool,
    /// The executors on which a task keeps the candidate's clients warm.
    pub(super) warmers: Vec<ExecutorId>,
}

impl Slot {
    /// Returns a slot whose config is read from `server`.
    pub(crate) fn on_server(
        component: &str,
        key: &str,
        server: Arc<ConfigServer>,
        settings: &Settings,
    ) -> Self {
        let watched = server.watched(component, key);
        let background = Some(server.background().clone());
        let identity = server.identity().clone();
        let server = Some(server);
        Self::new(
            component, key, &identity, server, background, watched, settings,
        )
    }

    /// Returns a slot whose config never changes.
    pub(crate) fn fixed(
        component: &str,
        key: &str,
        watched: Arc<WatchedKey>,
        background: Option<Background>,
        settings: &Settings,
    ) -> Self {
        let identity = Identity::new(settings.application_name(), "");
        Self::new(
            component, key, &identity, None, background, watched, settings,
        )
    }

    fn new(
        component: &str,
        key: &str,
        identity: &Identity,
        server: Option<Arc<ConfigServer>>,
        background: Option<Background>,
        watched: Arc<WatchedKey>,
        settings: &Settings,
    ) -> Self {
        let subject = Subject {
            component: component.to_owned(),
            key: key.to_owned(),
        };
        Self {
            #[cfg(feature = "metrics")]
            gauges: Arc::new(Gauges::new(subject.clone())),
            subject,
            client_name: identity.client_name(component),
            server,
            background,
            watched,
            timeouts: settings.timeouts(),
            policy: Arc::clone(settings.allowed()),
            drain: settings.drain_policy(),
            max_age: settings.max_age(),
            connections: AtomicUsize::new(1),
            shared: Arc::default(),
            published: ArcSwapOption::empty(),
            candidate: watch::Sender::new(None),
            of: None,
            generations: Arc::default(),
            state: Mutex::default(),
            digests: Digests::default(),
        }
    }

    /// Returns a slot for a candidate of the component. The clients of the candidate are of the
    /// generation that would be the component's next.
    pub(super) fn for_candidate(self: &Arc<Self>, watched: &Arc<WatchedKey>) -> Self {
        let generations = Generations::default();
        generations.begin(self.generations.newest());
        Self {
            subject: self.subject.clone(),
            client_name: self.client_name.clone(),
            server: None,
            background: self.background.clone(),
            watched: Arc::clone(watched),
            timeouts: self.timeouts,
            policy: Arc::clone(&self.policy),
            drain: self.drain,
            max_age: self.max_age,
            connections: AtomicUsize::new(self.connections()),
            shared: Arc::clone(&self.shared),
            published: ArcSwapOption::empty(),
            candidate: watch::Sender::new(None),
            of: Some(Arc::downgrade(self)),
            generations: Arc::new(generations),
            state: Mutex::default(),
            digests: Digests::default(),
            #[cfg(feature = "metrics")]
            gauges: Arc::clone(&self.gauges),
        }
    }

    /// Returns a config whose connections have a name.
    pub(super) fn named(&self, config: &ComponentConfig) -> ComponentConfig {
        config.or_client_name(&self.client_name)
    }

    /// Returns `true` if the settings give the config.
    pub(super) fn is_fixed(&self) -> bool {
        self.server.is_none() && !self.is_candidate()
    }

    /// Returns `true` if this is the slot of a candidate.
    pub(super) fn is_candidate(&self) -> bool {
        self.of.is_some()
    }

    /// Notes what a component that uses the slot declares. More connections come with the next
    /// client.
    pub(crate) fn expect(&self, wait: Duration, connections: usize) {
        self.watched.expect(wait);
        self.connections.fetch_max(connections, Ordering::Relaxed);
    }

    pub(crate) fn component(&self) -> &str {
        &self.subject.component
    }

    pub(crate) fn key(&self) -> &str {
        &self.subject.key
    }

    pub(crate) fn server(&self) -> Option<&Arc<ConfigServer>> {
        self.server.as_ref()
    }

    pub(crate) fn watched(&self) -> &WatchedKey {
        &self.watched
    }

    /// Returns the bounds of a client, unless its config sets its own.
    pub(crate) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Returns which servers may be connected to.
    pub(super) fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Returns how long calls may stay on a server that the component has left.
    pub(crate) fn drain_deadline(&self) -> Duration {
        self.drain.deadline
    }

    /// Returns how many multiplexed connections a client has.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    pub(crate) fn published(&self) -> Option<Arc<Published>> {
        self.published.load_full()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that panics runs under this lock, and each change under it is complete in itself.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
