//! What a client is opened with.

use std::sync::Arc;

use super::cluster::maps::ClusterMaps;
use crate::background::Background;
use crate::config::ComponentConfig;
use crate::settings::policy::Policy;
use crate::settings::timeouts::Timeouts;
use crate::telemetry::component::Subject;

/// What a client is opened with, whatever kind of server its config names.
pub(crate) struct Opening {
    pub(crate) config: Arc<ComponentConfig>,
    /// Which servers may be connected to.
    pub(crate) policy: Arc<Policy>,
    /// Whether the settings give the config.
    pub(crate) is_fixed: bool,
    /// How many multiplexed connections the client has, to each server.
    pub(crate) connections: usize,
    pub(crate) timeouts: Timeouts,
    /// The subject of events about the client.
    pub(crate) subject: Subject,
    /// Closes the client's unused connections, and refreshes what it knows.
    pub(crate) background: Option<Background>,
    pub(crate) shared: Arc<Shared>,
}

/// What all clients of a component share in this process, on every executor and of every config.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(super) clusters: ClusterMaps,
}
