//! Which node owns which slot.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use super::address::NodeAddress;
use super::hash_slot::SLOTS;
use super::topology::View;
use crate::config::host_guard::HostGuard;

/// The number of a node. Numbers are not used again.
pub(crate) type NodeNumber = u16;

/// No node owns the slot.
const NOBODY: NodeNumber = u16::MAX;

/// The owners of all slots. Reading costs two loads; all clients of a component share the table.
pub(crate) struct SlotTable {
    owners: Box<[AtomicU16]>,
    /// All nodes that were ever heard of, by their numbers.
    nodes: ArcSwap<Vec<NodeAddress>>,
    /// The replicas of primaries, by the primaries' numbers.
    replicas: ArcSwap<HashMap<NodeNumber, Vec<NodeNumber>>>,
    writing: Mutex<Writing>,
    /// Which hosts may be named.
    guard: HostGuard,
}

/// A point in time, to tell what is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark(u64);

#[derive(Debug, Default)]
struct Writing {
    moves: u64,
    /// The numbers of all nodes.
    numbers: HashMap<NodeAddress, NodeNumber>,
    /// When each slot moved that has moved since the view in force was asked for.
    moved: HashMap<u16, Mark>,
}

impl SlotTable {
    pub(super) fn new(guard: HostGuard) -> Self {
        Self {
            owners: (0..SLOTS).map(|_| AtomicU16::new(NOBODY)).collect(),
            nodes: ArcSwap::default(),
            replicas: ArcSwap::default(),
            writing: Mutex::default(),
            guard,
        }
    }

    /// Returns the owner of a slot.
    pub(crate) fn owner(&self, slot: u16) -> Option<NodeNumber> {
        let owner = self.owners.get(usize::from(slot))?.load(Ordering::Acquire);
        (owner != NOBODY).then_some(owner)
    }

    /// Returns the address of a node.
    pub(crate) fn address(&self, node: NodeNumber) -> Option<NodeAddress> {
        self.nodes.load().get(usize::from(node)).cloned()
    }

    /// Returns the nodes that own slots, in the order of their slots.
    pub(crate) fn primaries(&self) -> Vec<NodeNumber> {
        let mut primaries = Vec::new();
        let mut last = NOBODY;
        for owner in &self.owners {
            let owner = owner.load(Ordering::Acquire);
            if owner != last && owner != NOBODY && !primaries.contains(&owner) {
                primaries.push(owner);
            }
            last = owner;
        }
        primaries
    }

    /// Returns a replica of a primary, by chance.
    pub(crate) fn replica(&self, primary: NodeNumber) -> Option<NodeNumber> {
        let replicas = self.replicas.load();
        fastrand::choice(replicas.get(&primary)?).copied()
    }

    /// Returns the nodes that own a slot or are replicas of a primary.
    pub(super) fn members(&self) -> HashSet<NodeNumber> {
        let owners = self
            .owners
            .iter()
            .map(|owner| owner.load(Ordering::Acquire));
        let mut members: HashSet<_> = owners.collect();
        members.remove(&NOBODY);
        members.extend(self.replicas.load().values().flatten());
        members
    }

    /// Returns `true` if every slot has an owner.
    #[cfg(test)]
    pub(super) fn is_complete(&self) -> bool {
        self.owners
            .iter()
            .all(|owner| owner.load(Ordering::Acquire) != NOBODY)
    }

    /// Returns the present, before a view is asked for.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.writing().moves)
    }

    /// Notes that a node has said who owns a slot. Returns the owner's number.
    pub(super) fn note_move(&self, slot: u16, to: &NodeAddress) -> Option<NodeNumber> {
        let mut writing = self.writing();
        self.add(&mut writing, [to]);
        let number = *writing.numbers.get(to)?;
        writing.moves += 1;
        let now = Mark(writing.moves);
        writing.moved.insert(slot, now);
        self.owners
            .get(usize::from(slot))?
            .store(number, Ordering::Release);
        Some(number)
    }

    /// Returns the number of a node, which may be new.
    pub(super) fn number_of(&self, address: &NodeAddress) -> Option<NodeNumber> {
        let mut writing = self.writing();
        self.add(&mut writing, [address]);
        writing.numbers.get(address).copied()
    }

    /// Takes over a view that was asked for at `since`. What a node said since then is younger and
    /// stays. A slot without an owner in the view keeps its last one, which says who owns it now.
    pub(super) fn apply(&self, view: &View, since: Mark) {
        let mut writing = self.writing();
        let mut replicas = HashMap::new();
        let shards = view.shards.iter();
        let nodes = shards.flat_map(|shard| std::iter::once(&shard.primary).chain(&shard.replicas));
        self.add(&mut writing, nodes);
        for shard in &view.shards {
            let Some(&primary) = writing.numbers.get(&shard.primary) else {
                continue;
            };
            let theirs = shard
                .replicas
                .iter()
                .filter_map(|address| writing.numbers.get(address).copied());
            replicas.insert(primary, theirs.collect());
            for slot in shard.slots.iter().cloned().flatten() {
                let is_older = writing.moved.get(&slot).is_some_and(|moved| *moved > since);
                if let (false, Some(owner)) = (is_older, self.owners.get(usize::from(slot))) {
                    owner.store(primary, Ordering::Release);
                }
            }
        }
        self.replicas.store(Arc::new(replicas));
        writing.moved.retain(|_, moved| *moved > since);
    }

    /// Gives numbers to those of the nodes that have none, while there are numbers. A node whose
    /// host may not be named gets none, and so is never dialled nor shown.
    fn add<'a>(&self, writing: &mut Writing, nodes: impl IntoIterator<Item = &'a NodeAddress>) {
        let known = self.nodes.load();
        let mut all = None;
        for node in nodes {
            if writing.numbers.contains_key(node) || !self.guard.admits(&node.host) {
                continue;
            }
            let all = all.get_or_insert_with(|| known.to_vec());
            let number = NodeNumber::try_from(all.len()).ok();
            let Some(number) = number.filter(|number| *number != NOBODY) else {
                break;
            };
            all.push(node.clone());
            writing.numbers.insert(node.clone(), number);
        }
        if let Some(all) = all {
            self.nodes.store(Arc::new(all));
        }
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        // Nothing that panics runs under this lock.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SlotTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlotTable")
            .field("nodes", &self.nodes.load())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{HostGuard, SlotTable};
    use crate::client::cluster::address::NodeAddress;
    use crate::client::cluster::topology::{Shard, View};
    use crate::config::ComponentConfig;

    fn node(port: u16) -> NodeAddress {
        NodeAddress {
            host: "h".into(),
            port,
        }
    }

    fn view(shards: &[(u16, std::ops::RangeInclusive<u16>)]) -> View {
        let shard = |(port, slots): &(u16, _)| Shard {
            primary: node(*port),
            slots: vec![std::ops::RangeInclusive::clone(slots)],
            replicas: vec![node(port + 100)],
        };
        View {
            shards: shards.iter().map(shard).collect(),
        }
    }

    fn owner(table: &SlotTable, slot: u16) -> Option<u16> {
        Some(table.address(table.owner(slot)?)?.port)
    }

    #[test]
    fn r13_a_younger_moved_wins_over_a_view() {
        let table = SlotTable::new(HostGuard::none());
        assert!(!table.is_complete());
        table.apply(&view(&[(1, 0..=99), (2, 100..=16383)]), table.mark());
        assert!(table.is_complete());
        assert_eq!((owner(&table, 99), owner(&table, 100)), (Some(1), Some(2)));
        table.note_move(5, &node(2));
        let asked = table.mark();
        table.note_move(6, &node(3));
        // The view is younger than the first move, and older than the second.
        table.apply(&view(&[(1, 0..=99), (2, 100..=16383)]), asked);
        assert_eq!((owner(&table, 5), owner(&table, 6)), (Some(1), Some(3)));
        table.apply(&view(&[(1, 0..=99), (2, 100..=16383)]), table.mark());
        assert_eq!(owner(&table, 6), Some(1));
    }

    #[test]
    fn r13_a_slot_that_a_view_leaves_out_keeps_its_owner() {
        let table = SlotTable::new(HostGuard::none());
        table.apply(&view(&[(1, 0..=16383)]), table.mark());
        table.apply(&view(&[(2, 0..=99)]), table.mark());
        assert_eq!((owner(&table, 99), owner(&table, 100)), (Some(2), Some(1)));
        assert_eq!(table.primaries().len(), 2);
    }

    #[test]
    fn r8_a_node_that_is_called_as_the_password_is_not_a_node() {
        let config = ComponentConfig::new("10.0.0.1").password("Emberiza-5kQ2");
        let table = SlotTable::new(HostGuard::new(&config));
        let named = |host: &str| NodeAddress {
            host: host.into(),
            port: 7000,
        };
        table.apply(&view(&[(1, 0..=16383)]), table.mark());
        assert_eq!(table.note_move(5, &named("EMBERIZA-5KQ2")), None);
        assert_eq!(table.number_of(&named("456d626572697a612d356b5132")), None);
        assert_eq!(owner(&table, 5), Some(1));
        assert!(table.note_move(5, &named("emberiza-2")).is_some());
    }

    #[test]
    fn r13_a_primary_has_its_replicas() {
        let table = SlotTable::new(HostGuard::none());
        table.apply(&view(&[(1, 0..=16383)]), table.mark());
        let primary = table.owner(0).unwrap();
        let replica = table
            .replica(primary)
            .and_then(|number| table.address(number));
        assert_eq!(replica, Some(node(101)));
        assert_eq!(table.replica(table.number_of(&node(7)).unwrap()), None);
    }
}
