//! What a slot serves: one config and the clients built from it, in one immutable snapshot.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use tokio::runtime::Id;

use crate::client::blocking::pool::Pool;
use crate::client::multiplexed::Multiplexed;
use crate::config::ComponentConfig;
use crate::telemetry::component::Subject;

/// A config in force. It cannot disagree with its clients, which are built from it.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    /// Grows by one with every swap.
    pub(crate) generation: u64,
    /// The newest revision of the key's target that means this config.
    pub(crate) revision: u64,
    pub(crate) config: Arc<ComponentConfig>,
    pub(crate) since: SystemTime,
    pub(crate) clients: Clients,
}

/// The clients of one generation, one for each executor that has called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clients {
    pub(super) runtimes: Vec<(Id, Arc<OfGeneration<Multiplexed>>)>,
    pub(super) pool: Option<Arc<OfGeneration<Arc<Pool>>>>,
}

/// A client and the generation of config it belongs to.
#[derive(Debug)]
pub(crate) struct OfGeneration<C> {
    pub(crate) client: C,
    pub(crate) generation: u64,
    /// The component that it belongs to.
    pub(crate) subject: Subject,
    newest: Arc<AtomicU64>,
}

impl Published {
    /// Returns the same, known to be what the config server holds at `revision`.
    pub(super) fn at_revision(&self, revision: u64) -> Self {
        Self {
            revision,
            ..self.clone()
        }
    }

    /// Returns the same without the clients that are also in `next`.
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

impl<C> OfGeneration<C> {
    pub(super) fn new(
        client: C,
        generation: u64,
        subject: Subject,
        newest: Arc<AtomicU64>,
    ) -> Self {
        Self {
            client,
            generation,
            subject,
            newest,
        }
    }

    /// Returns `true` if no newer generation has been published.
    pub(crate) fn is_newest(&self) -> bool {
        self.newest.load(Ordering::Acquire) == self.generation
    }
}
