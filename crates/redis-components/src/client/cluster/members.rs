//! The clients of all nodes of a cluster, on one executor.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use futures_util::future::{join_all, select_ok};

use super::map::ClusterMap;
use super::member::{Member, Opener};
use super::node_number::NodeNumber;
use super::plan::Goal;
use crate::transport::failure::{Cause, Failure};

/// The clients of a cluster's nodes, by the nodes' numbers.
pub(crate) struct Members<O: Opener> {
    pub(super) map: Arc<ClusterMap>,
    opener: O,
    /// Whether these are replicas, which are only read from.
    are_read_only: bool,
    list: ArcSwap<List<O>>,
    adding: Mutex<()>,
}

/// By the places of numbers, each with the number that its node has.
type List<O> = Vec<Option<(NodeNumber, Arc<Member<<O as Opener>::Client>>)>>;

impl<O: Opener> Members<O> {
    pub(super) fn new(map: Arc<ClusterMap>, opener: O) -> Self {
        Self {
            map,
            opener,
            are_read_only: false,
            list: ArcSwap::default(),
            adding: Mutex::default(),
        }
    }

    /// Returns the clients of replicas, if the config says that they are read from.
    pub(super) fn readers(map: &Arc<ClusterMap>, opener: O) -> Option<Self> {
        map.reads_from_replicas().then(|| Self {
            are_read_only: true,
            ..Self::new(Arc::clone(map), opener)
        })
    }

    /// Returns a replica of the owner of a slot, by chance.
    pub(super) fn replica_of(&self, slot: u16) -> Option<NodeNumber> {
        self.map.table.replica(self.map.table.owner(slot)?)
    }

    /// Returns the client of a node, if it lives. This is the usual case.
    #[inline]
    pub(super) fn living(&self, number: NodeNumber) -> Option<Arc<O::Client>> {
        let list = self.list.load();
        let (known, member) = list.get(number.place())?.as_ref()?;
        (*known == number).then(|| member.living::<O>())?
    }

    /// Returns the client of a node. Opens it if there is none that lives.
    ///
    /// # Errors
    ///
    /// Returns an error if the node cannot be used.
    pub(super) async fn get(&self, number: NodeNumber) -> Result<Arc<O::Client>, Failure> {
        let member = self.member(number);
        let member =
            member.ok_or_else(|| Failure::new(Cause::Busy, "the node has left the cluster"))?;
        member.get(&self.opener).await
    }

    /// Returns a node, which may be new here.
    pub(super) fn member(&self, number: NodeNumber) -> Option<Arc<Member<O::Client>>> {
        let place = number.place();
        let in_list = |list: &List<O>| match list.get(place) {
            Some(Some((known, member))) if *known == number => Some(Arc::clone(member)),
            _ => None,
        };
        if let Some(member) = in_list(&self.list.load()) {
            return Some(member);
        }
        let node = self.map.node(number, self.are_read_only)?;
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let list = self.list.load();
        if let Some(member) = in_list(&list) {
            return Some(member);
        }
        // Clients of nodes that have left are dropped, and end when their last call ends.
        let known = self.map.members();
        let stays = |member: &Option<(NodeNumber, _)>| {
            let member = member.as_ref();
            member.filter(|(number, _)| known.contains(number)).cloned()
        };
        let mut next: List<O> = list.iter().map(stays).collect();
        next.resize(next.len().max(place + 1), None);
        let member = Arc::new(Member::new(node));
        next[place] = Some((number, Arc::clone(&member)));
        self.list.store(Arc::new(next));
        Some(member)
    }

    /// Returns the node that serves a goal.
    pub(super) fn find(&self, goal: Goal) -> Option<NodeNumber> {
        match goal {
            Goal::Slot(slot) => self.map.table.owner(slot),
            Goal::Node(node) => Some(node),
            Goal::Anywhere => self.by_use().into_iter().next(),
        }
    }

    /// Returns the primaries in an order of chance, those first whose clients live.
    pub(super) fn by_use(&self) -> Vec<NodeNumber> {
        let mut primaries = self.map.table.primaries();
        fastrand::shuffle(&mut primaries);
        primaries.sort_by_key(|node| self.living(*node).is_none());
        primaries
    }

    /// Reads the table, and opens the clients of the primaries. Until all primaries have answered
    /// once, each of them has to answer, unless the config does not require full coverage. Then one
    /// is enough.
    ///
    /// # Errors
    ///
    /// Returns an error if the cluster cannot be used.
    pub(super) async fn prove(&self) -> Result<(), Failure> {
        if self.map.is_proven() {
            if self.open_primaries(true).await.is_ok() {
                return Ok(());
            }
            self.map.refresh().await?;
            return self.open_primaries(true).await;
        }
        self.map.read_all().await?;
        let all_are_needed = self.map.requires_full_coverage();
        let opened = self.open_primaries(!all_are_needed).await;
        opened.map_err(|failure| match failure.cause {
            Cause::Unreachable if all_are_needed => Failure {
                message: failure.message
                    + "; every primary has to answer before the cluster is used, unless the config says \
                       `\"require_full_coverage\": false`",
                ..failure
            },
            _ => failure,
        })?;
        self.map.prove();
        Ok(())
    }

    /// Opens the clients of all primaries.
    ///
    /// # Errors
    ///
    /// Returns an error if one of them cannot be used, or if `one_is_enough` and none can.
    pub(super) async fn open_primaries(&self, one_is_enough: bool) -> Result<(), Failure> {
        let opening = self.map.table.primaries().into_iter().map(|number| {
            Box::pin(async move {
                let opened = self.get(number).await;
                opened
                    .map(drop)
                    .map_err(|failure| self.map.of_node(number, failure))
            })
        });
        let opening: Vec<_> = opening.collect();
        if opening.is_empty() {
            return Err(Failure::new(
                Cause::Busy,
                "no node of the cluster owns a slot",
            ));
        }
        if one_is_enough {
            select_ok(opening).await.map(drop)
        } else {
            join_all(opening).await.into_iter().collect()
        }
    }

    /// Returns all clients, living or not.
    pub(super) fn all(&self) -> Vec<Arc<O::Client>> {
        let list = self.list.load();
        list.iter()
            .flatten()
            .filter_map(|(_, member)| member.last())
            .collect()
    }

    /// Returns why the cluster cannot serve some calls.
    pub(super) fn problem(&self) -> Option<String> {
        self.failed_node().or_else(|| self.map.uncovered())
    }

    /// Returns which node of the cluster cannot be used, and why.
    fn failed_node(&self) -> Option<String> {
        let table = &self.map.table;
        if self.are_read_only && table.replicas().is_empty() {
            let text = "no replica of its cluster is known, so its primaries answer reads";
            return Some(text.to_owned());
        }
        let list = self.list.load();
        let failed = list.iter().flatten();
        let failed = failed.filter_map(|(number, member)| Some((*number, member.failure()?)));
        let mut failed = failed.peekable();
        // Mostly none has failed.
        failed.peek()?;
        let (which, serving) = if self.are_read_only {
            ("replica", table.replicas())
        } else {
            ("node", table.primaries().into_iter().collect())
        };
        let (number, failure) = failed.find(|(number, _)| serving.contains(number))?;
        let Failure { message, .. } = self.map.of_node(number, failure);
        Some(format!(
            "a {which} of its cluster cannot be used: {message}"
        ))
    }

    /// Returns `true` if no node can be used, and at least one was tried.
    pub(super) fn are_lost(&self) -> bool {
        let list = self.list.load();
        let mut known = list.iter().flatten().map(|(_, member)| member);
        let has_failed = known.clone().any(|member| member.failure().is_some());
        has_failed && !known.any(|member| member.living::<O>().is_some())
    }
}

impl<O: Opener> fmt::Debug for Members<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members")
            .field("map", &self.map)
            .finish_non_exhaustive()
    }
}
