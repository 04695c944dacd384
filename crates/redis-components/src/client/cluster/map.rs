//! What a component knows of its cluster: one table for all its clients.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::ask::{How, Origin, Told, first_view};
use super::coverage::{Coverage, lacking};
use super::node_number::NodeNumber;
use super::redirect::Redirect;
use super::slot_table::SlotTable;
use crate::config::ComponentConfig;
use crate::config::endpoint::{Address, Cluster, Endpoint, ReadFrom};
use crate::config::host_guard::HostGuard;
use crate::settings::policy::Policy;
use crate::settings::timeouts::Timeouts;
use crate::telemetry::component::Subject;
use crate::transport::failure::{Cause, Failure};
use crate::transport::node::Node;

/// How many primaries are asked beside the one that knows best.
const ALSO_ASKED: usize = 2;

/// What a component knows of its cluster.
pub(crate) struct ClusterMap {
    pub(super) config: Arc<ComponentConfig>,
    cluster: Cluster,
    /// The first seed. Other nodes differ in their addresses.
    model: Arc<Node>,
    timeouts: Timeouts,
    pub(crate) table: SlotTable,
    pub(super) refreshing: Mutex<Refreshing>,
    /// The ids of the nodes, as the last view had them.
    ids: Mutex<HashSet<String>>,
    pub(super) coverage: Coverage,
    /// Whether all primaries have answered once.
    is_proven: AtomicBool,
}

/// Whether a refresh runs, and whether there has to be another.
#[derive(Debug, Default)]
pub(super) struct Refreshing {
    pub(super) is_running: bool,
    /// Whether somebody has asked since the refresh that runs began.
    pub(super) is_asked: bool,
    pub(super) last: Option<Instant>,
    /// The node that has said something new.
    pub(super) knows_best: Option<NodeNumber>,
}

impl ClusterMap {
    /// Prepares for a cluster, of which nothing is known yet.
    pub(super) async fn prepare(
        config: &Arc<ComponentConfig>,
        policy: &Arc<Policy>,
        timeouts: Timeouts,
        subject: &Subject,
    ) -> Result<Self, Failure> {
        let Endpoint::Cluster(cluster) = config.endpoint() else {
            return Err(Failure::new(Cause::Refused, "it is no cluster"));
        };
        Ok(Self {
            config: Arc::clone(config),
            cluster: cluster.clone(),
            model: Node::prepare(config, policy, timeouts.connect).await?,
            timeouts,
            table: SlotTable::new(HostGuard::new(config)),
            refreshing: Mutex::default(),
            ids: Mutex::default(),
            coverage: Coverage::new(subject.clone(), config.address()),
            is_proven: AtomicBool::new(false),
        })
    }

    /// Returns the node of that number, to write to or to only read from.
    pub(super) fn node(&self, number: NodeNumber, is_read_only: bool) -> Option<Arc<Node>> {
        let address = self.table.address(number)?;
        Some(self.model.at(address.into(), is_read_only))
    }

    /// Returns the addresses of the primaries, for people.
    pub(super) fn nodes(&self) -> Vec<String> {
        let primaries = self.table.primaries().into_iter();
        let addresses = primaries.filter_map(|number| self.table.address(number));
        addresses.map(|address| address.to_string()).collect()
    }

    /// Returns `true` if replicas are read from.
    pub(super) fn reads_from_replicas(&self) -> bool {
        self.cluster.read_from == ReadFrom::Replica
    }

    /// Returns the nodes that the cluster has now, primaries and replicas.
    pub(super) fn members(&self) -> HashSet<NodeNumber> {
        self.table.members()
    }

    /// Returns `true` if the cluster has that node now.
    pub(super) fn has(&self, server: &Address) -> bool {
        let addresses = self
            .members()
            .into_iter()
            .filter_map(|number| self.table.address(number));
        addresses
            .map(Address::from)
            .any(|address| address == *server)
    }

    pub(super) fn requires_full_coverage(&self) -> bool {
        self.cluster.require_full_coverage
    }

    pub(super) fn is_proven(&self) -> bool {
        self.is_proven.load(Ordering::Acquire)
    }

    pub(super) fn prove(&self) {
        self.is_proven.store(true, Ordering::Release);
    }

    /// Returns a failure with the name of its node, and says if only the cluster names it so.
    pub(super) fn of_node(&self, number: NodeNumber, failure: Failure) -> Failure {
        let Some(address) = self.table.address(number) else {
            return failure;
        };
        let address: Address = address.into();
        if self.cluster.seeds.contains(&address) {
            return failure.at(&address);
        }
        let message = format!(
            "{address}, which the cluster announces: {}",
            failure.message
        );
        Failure { message, ..failure }
    }

    /// Takes over what a node has said about a slot, and returns the owner's number.
    pub(super) fn note_move(&self, redirect: &Redirect) -> Option<NodeNumber> {
        self.table.note_move(redirect.slot, redirect.to.as_ref()?)
    }

    /// Refreshes the table.
    pub(super) async fn refresh(&self) -> Result<Told, Failure> {
        self.refresh_from(self.whom_to_ask(None)).await
    }

    /// Refreshes the table of a cluster that is new here.
    ///
    /// # Errors
    ///
    /// Returns an error if no node can be asked, the seeds are of two clusters, or some slots have no
    /// owner and all need one.
    pub(super) async fn read_all(&self) -> Result<(), Failure> {
        let told = self.refresh().await?;
        let seeds = self.seeds().map(|(node, _)| node).collect();
        told.demand_same_cluster(seeds, self.how()).await?;
        let lacking = self.lacking(&told);
        lacking.map_or(Ok(()), |text| Err(Failure::new(Cause::Busy, text)))
    }

    /// Returns which slots have no owner while the cluster is used, if all need one.
    pub(super) fn uncovered(&self) -> Option<String> {
        self.coverage.lacking()
    }

    fn lacking(&self, told: &Told) -> Option<String> {
        let is_required = self.requires_full_coverage();
        is_required.then(|| lacking(told.view.covered()))?
    }

    pub(super) async fn refresh_from(
        &self,
        nodes: impl Iterator<Item = (Arc<Node>, Origin)>,
    ) -> Result<Told, Failure> {
        let since = self.table.mark();
        let known = self.ids().clone();
        // Nodes that have moved keep their ids.
        let is_ours =
            |told: &Told| self.table.knows_most_of(&told.view) || told.names_most_of(&known);
        let told = first_view(nodes.collect(), self.how(), is_ours).await?;
        self.table.apply(&told.view, since);
        self.ids().clone_from(&told.ids);
        if self.is_proven() {
            self.coverage.note(self.lacking(&told));
        }
        Ok(told)
    }

    /// The node that knows best comes first, then other primaries, then the seeds: names that are
    /// resolved again, and never forgotten.
    pub(super) fn whom_to_ask(
        &self,
        knows_best: Option<NodeNumber>,
    ) -> impl Iterator<Item = (Arc<Node>, Origin)> {
        self.known(knows_best).chain(self.seeds())
    }

    fn how(&self) -> How {
        How {
            is_tls: self.config.tls_options().is_some(),
            timeouts: self.timeouts,
        }
    }

    pub(super) fn known(
        &self,
        knows_best: Option<NodeNumber>,
    ) -> impl Iterator<Item = (Arc<Node>, Origin)> {
        let mut primaries = self.table.primaries();
        fastrand::shuffle(&mut primaries);
        primaries.retain(|number| Some(*number) != knows_best);
        let others = primaries.into_iter().take(ALSO_ASKED);
        let known = knows_best.into_iter().chain(others);
        known.filter_map(|number| Some((self.node(number, false)?, Origin::Known)))
    }

    pub(super) fn seeds(&self) -> impl Iterator<Item = (Arc<Node>, Origin)> {
        let mut seeds = self.cluster.seeds.clone();
        fastrand::shuffle(&mut seeds);
        let node = |seed| (self.model.at(seed, false), Origin::Seed);
        seeds.into_iter().map(node)
    }

    fn ids(&self) -> MutexGuard<'_, HashSet<String>> {
        // Nothing that panics runs under this lock.
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ClusterMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterMap")
            .field("cluster", &self.cluster)
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}
