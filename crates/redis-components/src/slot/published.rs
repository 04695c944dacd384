//! The config that a slot serves and the clients built from it, in one immutable snapshot.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use futures_util::future::BoxFuture;
use tokio::runtime::Id;

use super::generations::Generations;
use crate::client::asynchronous::AsyncClient;
use crate::client::moves::Moves;
use crate::client::threads::BlockingClient;
use crate::config::ComponentConfig;
use crate::error::{Error, ErrorKind};
use crate::settings::timeouts::Timeouts;
use crate::telemetry::component::Subject;
use crate::transport::failure::Failure;

/// A config in force. It cannot disagree with its clients, which are built from it.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    /// Grows by one with every swap.
    pub(crate) generation: u64,
    /// The first generation with the data of this config's server. Each later server has carried on
    /// the data of the server before it.
    pub(crate) data_since: u64,
    /// The newest revision of the key's target that means this config.
    pub(crate) revision: u64,
    pub(crate) config: Arc<ComponentConfig>,
    pub(crate) since: SystemTime,
    pub(crate) clients: Clients,
}

/// The clients of one generation, one for each executor that has called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clients {
    pub(super) runtimes: Vec<(Id, Arc<OfGeneration<AsyncClient>>)>,
    pub(super) pool: Option<Arc<OfGeneration<BlockingClient>>>,
}

/// A client, and the generation of its config.
#[derive(Debug)]
pub(crate) struct OfGeneration<C> {
    pub(crate) client: C,
    pub(crate) generation: u64,
    /// As of the [config in force](Published::data_since).
    pub(super) data_since: u64,
    /// The component that it belongs to.
    pub(crate) subject: Subject,
    /// The config that it was built from, and its bounds.
    pub(crate) config: Arc<ComponentConfig>,
    pub(crate) timeouts: Timeouts,
    /// Those of the component. A candidate's client is of the component's next.
    pub(super) generations: Arc<Generations>,
    pub(super) succession: Weak<dyn Succession>,
}

/// The source of the next client, after a client that is no longer current.
pub(crate) trait Succession: fmt::Debug + Send + Sync {
    /// Returns `true` if another config, or another primary of it, is known and not yet in force.
    fn is_behind(&self) -> bool;

    /// Returns the client for a call on the current runtime, if there is one.
    fn next_client(self: Arc<Self>) -> BoxFuture<'static, Option<Arc<OfGeneration<AsyncClient>>>>;

    /// Returns the pool for a call on this thread, if there is one.
    fn next_pool(self: Arc<Self>) -> Option<Arc<OfGeneration<BlockingClient>>>;

    /// Returns `true` if a command that was refused with this code may go to a candidate.
    fn has_candidate(&self, code: &str) -> bool;

    /// Returns `true` if a command that was refused with this code waits until a candidate is in force.
    fn is_held(&self, code: &str) -> bool;

    /// Returns the run of the candidate's server that has the data, if that was said.
    fn run_of_candidate(&self) -> Option<String>;

    /// Returns the candidate's client on the current runtime, for a command that was refused with
    /// this code.
    fn candidate_client<'a>(
        self: Arc<Self>,
        code: &'a str,
    ) -> BoxFuture<'a, Option<Arc<OfGeneration<AsyncClient>>>>;

    /// Returns the candidate's pool, for a command that was refused with this code.
    fn candidate_pool(self: Arc<Self>, code: &str) -> Option<Arc<OfGeneration<BlockingClient>>>;
}

impl Published {
    /// Returns a copy for `revision`, at which the config server holds the same config.
    pub(super) fn at_revision(&self, revision: u64) -> Self {
        Self {
            revision,
            ..self.clone()
        }
    }

    /// Returns a copy without the clients that are also in `next`.
    pub(super) fn without(&self, next: &Clients) -> Self {
        let mut replaced = self.clone();
        let Clients { runtimes, pool } = &mut replaced.clients;
        runtimes.retain(|(_, one)| {
            !next
                .runtimes
                .iter()
                .any(|(_, other)| Arc::ptr_eq(one, other))
        });
        pool.take_if(|one| {
            next.pool
                .as_ref()
                .is_some_and(|other| Arc::ptr_eq(one, other))
        });
        replaced
    }
}

impl Clients {
    /// Returns why the clients cannot serve some calls, or not as fast as they come.
    pub(super) fn problem(&self) -> Option<String> {
        let mut runtimes = self.runtimes.iter();
        let of_runtimes = runtimes.find_map(|(_, client)| client.client.problem());
        of_runtimes.or_else(|| self.pool.as_ref()?.client.problem())
    }

    /// Returns the servers that they know, if there are several.
    pub(crate) fn nodes(&self) -> Vec<String> {
        let of_runtime = self
            .runtimes
            .first()
            .map(|(_, client)| client.client.nodes());
        let of_pool = || self.pool.as_ref().map(|pool| pool.client.nodes());
        of_runtime.or_else(of_pool).unwrap_or_default()
    }
}

impl<C> OfGeneration<C> {
    /// Returns `true` if no newer generation has begun.
    pub(crate) fn is_newest(&self) -> bool {
        self.generations.newest() == self.generation
    }

    /// Returns `true` if the component has another config in force now.
    pub(crate) fn has_moved(&self) -> bool {
        self.generations.has_moved_from(self.generation)
    }

    /// Returns what has the next client, if the component has left this one's server or has to.
    fn succession(&self, is_closed: bool) -> Option<Arc<dyn Succession>> {
        let succession = self.succession.upgrade()?;
        let has_left = is_closed || self.has_moved() || succession.is_behind();
        has_left.then_some(succession)
    }

    /// Returns `true` if the component has a candidate for a command that was refused with this code.
    pub(crate) fn has_candidate(&self, code: &str) -> bool {
        let succession = self.succession.upgrade();
        succession.is_some_and(|succession| succession.has_candidate(code))
    }

    /// Returns `true` if a command that was refused with this code waits until the component's candidate
    /// is in force.
    pub(crate) fn is_held(&self, code: &str) -> bool {
        let succession = self.succession.upgrade();
        succession.is_some_and(|succession| succession.is_held(code))
    }

    /// Returns the run of the candidate's server that has the data, if only that one may take
    /// commands. One that has been started again may have lost the data.
    pub(crate) fn run_of_candidate(&self) -> Option<String> {
        self.succession.upgrade()?.run_of_candidate()
    }

    /// Returns `true` if the client's server has the data of the `earlier` client's.
    pub(crate) fn carries_on(&self, earlier: &Self) -> bool {
        let is_moved_along = (self.data_since..=self.generation).contains(&earlier.generation);
        is_moved_along || self.config.carries_on(&earlier.config)
    }

    /// Waits until the component has another config in force.
    pub(crate) async fn moved(&self) {
        self.generations.moved_from(self.generation).await;
    }

    /// Returns `true` if calls here are cut, because they still last at the drain deadline.
    pub(crate) fn is_cut(&self) -> bool {
        self.generations.is_cut(self.generation)
    }

    /// Waits until calls here are cut.
    pub(crate) async fn cut(&self) {
        self.generations.cut(self.generation).await;
    }

    /// Returns the error of a call that was cut here.
    pub(crate) fn was_cut(&self) -> Error {
        let Subject { component, key } = &self.subject;
        let server = self.config.address();
        let text = format!(
            "the component has left {server}, and a call that stayed there was cut at the drain deadline; call again"
        );
        Error::new(ErrorKind::ComponentMoved, text).about(component, key, Some(&server))
    }

    /// Returns the error of a call that waited here when its component moved, and could not be
    /// ended.
    pub(crate) fn stayed_too_long(&self) -> Error {
        let Subject { component, key } = &self.subject;
        let server = self.config.address();
        let text = format!(
            "the component has moved, and a call that waited on {server} could not be ended there; call again"
        );
        Error::new(ErrorKind::ComponentMoved, text).about(component, key, Some(&server))
    }

    /// Returns the error of a call for which a connection to the same server could not be opened.
    pub(crate) fn error(&self, failure: &Failure) -> Error {
        let server = self.config.address();
        let reason = &failure.message;
        let message =
            format!("a connection for this call alone to {server} could not be opened: {reason}");
        let Subject { component, key } = &self.subject;
        Error::new(failure.cause.error_kind(), message).about(component, key, Some(&server))
    }
}

impl Moves for OfGeneration<BlockingClient> {
    fn has_moved(&self) -> bool {
        Self::has_moved(self)
    }
}

/// The component of a call that stays on its server, and ends there only if it is cut.
pub(crate) struct UntilCut {
    generations: Arc<Generations>,
    generation: u64,
}

impl UntilCut {
    pub(crate) fn of<C>(client: &OfGeneration<C>) -> Self {
        Self {
            generations: Arc::clone(&client.generations),
            generation: client.generation,
        }
    }
}

impl Moves for UntilCut {
    fn has_moved(&self) -> bool {
        self.generations.is_cut(self.generation)
    }
}

impl OfGeneration<AsyncClient> {
    /// Returns the client of the component's current server, if the component has left this one.
    /// Looks at the config first.
    pub(crate) async fn successor(&self) -> Option<Arc<Self>> {
        let succession = self.succession(self.client.is_closed())?;
        succession.next_client().await
    }

    /// Returns the client of the component's candidate, for a command that was refused with this
    /// code.
    pub(crate) async fn candidate(&self, code: &str) -> Option<Arc<Self>> {
        let succession = self.succession.upgrade()?;
        let candidate = succession.candidate_client(code).await?;
        (candidate.config != self.config).then_some(candidate)
    }
}

impl OfGeneration<BlockingClient> {
    /// Returns the pool of the component's current server, if the component has left this one.
    /// Looks at the config first.
    pub(crate) fn successor(&self) -> Option<Arc<Self>> {
        self.succession(self.client.is_closed())?.next_pool()
    }

    /// Returns the pool of the component's candidate, for a command that was refused with this code.
    pub(crate) fn candidate(&self, code: &str) -> Option<Arc<Self>> {
        let candidate = self.succession.upgrade()?.candidate_pool(code)?;
        (candidate.config != self.config).then_some(candidate)
    }
}
