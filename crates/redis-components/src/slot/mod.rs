//! A component's place in this process: the config in force and the clients built from it.

mod attempt;
mod drain;
mod executor;
mod outlook;
mod published;
mod report;

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures_util::future::select;

use self::attempt::{Attempt, Ended};
pub(crate) use self::drain::DrainPolicy;
use self::drain::Retired;
pub(crate) use self::executor::{Executor, OnRuntime, OnThreads};
use self::outlook::{Goal, Outlook, Prospect};
pub(crate) use self::published::{Numbered, Published};
use crate::client::Timeouts;
use crate::config_server::{ConfigServer, Target, Watched};
use crate::{ComponentConfig, Error, ErrorKind};

/// For how long "there is no config" is believed: short, because somebody is about to SET the key.
const BELIEVED_MISSING: Duration = Duration::from_millis(100);

/// One component on one config server, shared by all who call its functions.
#[derive(Debug)]
pub(crate) struct Slot {
    component: String,
    key: String,
    /// None where the config is fixed.
    server: Option<Arc<ConfigServer>>,
    watched: Arc<Watched>,
    conduct: Conduct,
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

/// What a caller does next.
enum Step<X: Executor> {
    Use(Arc<Numbered<X::Client>>),
    /// Wait until the attempt is over, or the target has another revision than this.
    Wait(Ended, u64),
    /// Start the attempt, and look again.
    Start(Attempt<X>),
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
            published: ArcSwapOption::empty(),
            newest: Arc::default(),
            outlook: Mutex::default(),
        }
    }

    /// The client for a call that begins now: one whose config is proven to have been current no more than `wait` ago,
    /// or the last good one where the config server does not answer or its config cannot be used.
    pub(crate) async fn acquire<X: Executor>(
        self: &Arc<Self>,
        executor: &X,
        wait: Duration,
    ) -> Result<Arc<Numbered<X::Client>>, Error> {
        // In this order: the proof says how old what is loaded after it may be.
        if self.watched.is_proven(wait)
            && let Some(client) = self.current(executor)
        {
            return Ok(client);
        }
        self.renew_proof(executor, wait).await;
        loop {
            match self.step(executor)? {
                Step::Use(client) => return Ok(client),
                Step::Wait(ended, revision) => {
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
    async fn renew_proof<X: Executor>(&self, executor: &X, wait: Duration) {
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
        if (broken || !self.watched.is_proven(wait)) && (cold || !server.is_lost()) {
            self.watched.read().await;
        }
    }

    /// Decides, from the newest config and what is published, how a call on `executor` gets its client.
    fn step<X: Executor>(self: &Arc<Self>, executor: &X) -> Result<Step<X>, Error> {
        let mut outlook = self.outlook();
        if outlook.is_shut_down() {
            return Err(self.was_shut_down());
        }
        let target = self.watched.target();
        let mut published = self.published.load_full();
        let revisions = published.as_ref().map(|published| published.revision);
        outlook.forget_failures_except(|revision| {
            revision == target.revision || Some(revision) == revisions
        });

        if let (Some(config), Some(current)) = (&target.config, &published)
            && current.config == *config
            && current.revision != target.revision
        {
            // The config went elsewhere and came back, or was never left: the clients are built from it already.
            let adopted = Arc::new(current.at_revision(target.revision));
            self.published.store(Some(Arc::clone(&adopted)));
            published = Some(adopted);
        }
        if target
            .config
            .as_deref()
            .is_some_and(ComponentConfig::is_disabled)
        {
            let switched_off = self.unpublish(&mut outlook);
            // A subscriber may itself call a component, which takes the lock.
            drop(outlook);
            if switched_off {
                let Self { component, key, .. } = self.as_ref();
                tracing::info!(component, key, "component is switched off");
            }
            return Err(self.disabled());
        }
        let existing = published
            .as_ref()
            .and_then(|published| executor.find(&published.clients))
            .cloned();

        let mut refusal = None;
        if let Some(goal) = Goal::new_config(&target, published.as_deref()) {
            // The first attempt is waited for; while one that failed is tried again, the last good client serves.
            let serves = existing.is_some() && outlook.has_failed(executor.id(), goal.revision);
            match outlook.prospect(executor.id(), &goal) {
                Prospect::Open => {
                    let attempt = Attempt::begin(&mut outlook, self, executor, goal);
                    return Ok(Step::Start(attempt));
                }
                Prospect::Underway(ended) if !serves => {
                    return Ok(Step::Wait(ended, target.revision));
                }
                Prospect::Underway(_) => {}
                Prospect::Failed(error) => refusal = Some(error),
            }
        }
        if let Some(client) = existing {
            return Ok(Step::Use(client));
        }
        let Some(published) = published else {
            return Err(refusal.unwrap_or_else(|| self.no_config(&target)));
        };
        let goal = Goal::same_config(&published);
        match outlook.prospect(executor.id(), &goal) {
            Prospect::Open => {
                let attempt = Attempt::begin(&mut outlook, self, executor, goal);
                Ok(Step::Start(attempt))
            }
            Prospect::Underway(ended) => Ok(Step::Wait(ended, target.revision)),
            Prospect::Failed(error) => Err(error),
        }
    }

    /// Why there is no config in force where there was one just now.
    pub(crate) fn unavailable(&self) -> Error {
        if self.outlook().is_shut_down() {
            self.was_shut_down()
        } else {
            self.disabled()
        }
    }

    fn was_shut_down(&self) -> Error {
        Error::new(ErrorKind::ShutDown, "redis-components was shut down").about(
            &self.component,
            &self.key,
            None,
        )
    }

    fn disabled(&self) -> Error {
        let key = &self.key;
        let message =
            format!("it is switched off: the config under `{key}` says `\"disabled\": true`");
        let server = self.server.as_deref().map(ConfigServer::address);
        Error::new(ErrorKind::Disabled, message).about(&self.component, key, server)
    }

    pub(crate) fn no_config(&self, target: &Target) -> Error {
        let (kind, message) = match &target.problem {
            Some(problem) => (problem.kind, problem.message.as_str()),
            None => (
                ErrorKind::ConfigServerUnreachable,
                "the config watch has ended",
            ),
        };
        Error::new(kind, message).about(
            &self.component,
            &self.key,
            self.server.as_deref().map(ConfigServer::address),
        )
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

    /// Why the newest config is not in force, and how many connections of earlier generations are still in use.
    pub(crate) fn pending(&self) -> (Option<String>, usize) {
        let outlook = self.outlook();
        let target = self.watched.target();
        let disabled = target
            .config
            .as_deref()
            .is_some_and(ComponentConfig::is_disabled);
        let reason = match &target.problem {
            Some(problem) => Some(problem.message.clone()),
            None if disabled => Some(self.disabled().message().to_owned()),
            None => outlook
                .failure(target.revision)
                .map(|error| error.message().to_owned()),
        };
        (reason, outlook.old_connections())
    }

    /// Builds no client any more, and returns how many connections are in use.
    pub(crate) fn shut_down(&self) -> usize {
        let mut outlook = self.outlook();
        outlook.shut_down();
        self.unpublish(&mut outlook);
        outlook.old_connections()
    }

    /// Hands out no clients of the config in force any more; returns whether there was one.
    fn unpublish(&self, outlook: &mut Outlook) -> bool {
        let published = self.published.swap(None);
        if let Some(published) = &published {
            self.newest.fetch_add(1, Ordering::AcqRel);
            self.retire(outlook, published);
        }
        published.is_some()
    }

    /// Lets the calls of an earlier generation end.
    fn retire(&self, outlook: &mut Outlook, old: &Published) {
        let retired = Retired::new(old);
        if let Some(server) = &self.server {
            let (component, key) = (self.component.clone(), self.key.clone());
            let drain = retired.clone().drain(component, key, self.conduct.drain);
            server.errands().run(drain);
        }
        outlook.retire(retired);
    }

    fn outlook(&self) -> MutexGuard<'_, Outlook> {
        // Nothing that panics runs under this lock, and each change under it is complete in itself.
        self.outlook.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
