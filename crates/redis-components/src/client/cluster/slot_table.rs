//! Which node owns which slot.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use super::address::NodeAddress;
use super::hash_slot::SLOTS;
use super::node_number::NodeNumber;
use super::topology::View;
use crate::config::host_guard::HostGuard;

/// The owners of all slots. Reading takes no lock; all clients of a component share the table.
pub(crate) struct SlotTable {
    /// The places of the owners. A place is not given to another node while it is one of these.
    owners: Box<[AtomicU16]>,
    /// The last node in each place.
    nodes: ArcSwap<Vec<Numbered>>,
    /// The replicas of primaries, by the primaries' numbers.
    replicas: ArcSwap<HashMap<NodeNumber, Vec<NodeNumber>>>,
    writing: Mutex<Writing>,
    /// Which hosts may be named.
    guard: HostGuard,
}

/// What stands for no owner.
const NOWHERE: u16 = u16::MAX;

/// A point in time, to tell what is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark(u64);

#[derive(Clone, Debug)]
struct Numbered {
    number: NodeNumber,
    address: Arc<NodeAddress>,
}

#[derive(Debug, Default)]
struct Writing {
    moves: u64,
    /// The numbers of all nodes that have one.
    numbers: HashMap<Arc<NodeAddress>, NodeNumber>,
    /// The last numbers of places that are free, the oldest first.
    free: VecDeque<NodeNumber>,
    /// When each slot moved that has moved since the view in force was asked for.
    moved: HashMap<u16, Mark>,
}

impl SlotTable {
    pub(super) fn new(guard: HostGuard) -> Self {
        Self {
            owners: (0..SLOTS).map(|_| AtomicU16::new(NOWHERE)).collect(),
            nodes: ArcSwap::default(),
            replicas: ArcSwap::default(),
            writing: Mutex::default(),
            guard,
        }
    }

    /// Returns the owner of a slot.
    pub(crate) fn owner(&self, slot: u16) -> Option<NodeNumber> {
        let owner = self.owners.get(usize::from(slot))?.load(Ordering::Acquire);
        // No node has the place that stands for none.
        let nodes = self.nodes.load();
        nodes.get(usize::from(owner)).map(|node| node.number)
    }

    fn set_owner(&self, slot: u16, owner: NodeNumber) {
        let place = u16::try_from(owner.place()).unwrap_or(NOWHERE);
        if let Some(owner) = self.owners.get(usize::from(slot)) {
            owner.store(place, Ordering::Release);
        }
    }

    /// Returns the address of a node, or `None` if it has left and another one is in its place.
    pub(crate) fn address(&self, node: NodeNumber) -> Option<NodeAddress> {
        let nodes = self.nodes.load();
        let known = nodes.get(node.place())?;
        (known.number == node).then(|| NodeAddress::clone(&known.address))
    }

    /// Returns the nodes that own slots, in the order of their slots.
    pub(crate) fn primaries(&self) -> Vec<NodeNumber> {
        let mut places: Vec<u16> = Vec::new();
        for owner in &self.owners {
            let place = owner.load(Ordering::Acquire);
            // Neighbours have the same owner mostly.
            if places.last() != Some(&place) && !places.contains(&place) {
                places.push(place);
            }
        }
        let nodes = self.nodes.load();
        let numbers = places.into_iter().map(usize::from);
        numbers
            .filter_map(|place| nodes.get(place).map(|node| node.number))
            .collect()
    }

    /// Returns a replica of a primary, by chance.
    pub(crate) fn replica(&self, primary: NodeNumber) -> Option<NodeNumber> {
        let replicas = self.replicas.load();
        fastrand::choice(replicas.get(&primary)?).copied()
    }

    /// Returns the nodes that own a slot or are replicas of a primary.
    pub(super) fn members(&self) -> HashSet<NodeNumber> {
        let mut members = self.replicas();
        members.extend(self.primaries());
        members
    }

    /// Returns the replicas of all primaries.
    pub(super) fn replicas(&self) -> HashSet<NodeNumber> {
        self.replicas.load().values().flatten().copied().collect()
    }

    /// Returns `true` if the view names half of the members or more, and so is of this cluster. Few
    /// nodes leave at once, and a cluster may have one and its successor.
    pub(super) fn knows_most_of(&self, view: &View) -> bool {
        let members = self.members();
        let addresses = members.iter().filter_map(|number| self.address(*number));
        let named = addresses.filter(|address| view.names(address)).count();
        2 * named >= members.len()
    }

    /// Returns `true` if every slot has an owner.
    #[cfg(test)]
    pub(super) fn is_complete(&self) -> bool {
        self.owners
            .iter()
            .all(|owner| owner.load(Ordering::Acquire) != NOWHERE)
    }

    /// Returns the present, before a view is asked for.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.writing().moves)
    }

    /// Notes that a node has said who owns a slot. Returns the owner's number.
    pub(super) fn note_move(&self, slot: u16, to: &NodeAddress) -> Option<NodeNumber> {
        let mut writing = self.writing();
        self.add(&mut writing, &[to]);
        let number = *writing.numbers.get(to)?;
        writing.moves += 1;
        let now = Mark(writing.moves);
        writing.moved.insert(slot, now);
        self.set_owner(slot, number);
        Some(number)
    }

    /// Returns the number of a node, which may be new.
    pub(super) fn number_of(&self, address: &NodeAddress) -> Option<NodeNumber> {
        let mut writing = self.writing();
        self.add(&mut writing, &[address]);
        writing.numbers.get(address).copied()
    }

    /// Takes over a view that was asked for at `since`. What a node said since then is younger and
    /// stays. A slot without an owner in the view keeps its last one, which says who owns it now.
    pub(super) fn apply(&self, view: &View, since: Mark) {
        let mut writing = self.writing();
        let mut replicas = HashMap::new();
        let shards = view.shards.iter();
        let nodes = shards.flat_map(|shard| std::iter::once(&shard.primary).chain(&shard.replicas));
        self.add(&mut writing, &nodes.collect::<Vec<_>>());
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
                if !is_older {
                    self.set_owner(slot, primary);
                }
            }
        }
        self.replicas.store(Arc::new(replicas));
        writing.moved.retain(|_, moved| *moved > since);
    }

    /// Gives numbers to those of the nodes that have none. A node whose host may not be named gets
    /// none, and so is never dialled nor shown.
    fn add(&self, writing: &mut Writing, nodes: &[&NodeAddress]) {
        let mut all = None;
        for &node in nodes {
            if writing.numbers.contains_key(node) || !self.guard.admits(&node.host) {
                continue;
            }
            let all = all.get_or_insert_with(|| self.nodes.load().to_vec());
            let number = NodeNumber::first(all.len()).or_else(|| {
                if writing.free.is_empty() {
                    self.free(writing, all, nodes);
                }
                writing.free.pop_front().map(NodeNumber::next)
            });
            let Some(number) = number else {
                break;
            };
            let address = Arc::new(node.clone());
            writing.numbers.insert(Arc::clone(&address), number);
            let numbered = Numbered { number, address };
            match all.get_mut(number.place()) {
                Some(place) => *place = numbered,
                None => all.push(numbered),
            }
        }
        if let Some(all) = all {
            self.nodes.store(Arc::new(all));
        }
    }

    /// Frees the places of nodes that have left the cluster, and are none of those that are to be
    /// added. Whoever still has such a number gets no address for it as soon as its place is taken.
    fn free(&self, writing: &mut Writing, all: &[Numbered], added: &[&NodeAddress]) {
        let mut stay = self.members();
        let added = added.iter();
        stay.extend(added.filter_map(|node| writing.numbers.get(*node)));
        let leave = all.iter().filter(|node| !stay.contains(&node.number));
        for Numbered { number, address } in leave {
            writing.numbers.remove(address);
            writing.free.push_back(*number);
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
    use crate::client::cluster::node_number::MOST;
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

    /// Nodes that change their addresses for years, as in Kubernetes, or a cluster that lies.
    #[test]
    fn r13_numbers_of_nodes_that_are_gone_are_given_again_and_lead_to_no_other_node() {
        let table = SlotTable::new(HostGuard::none());
        let named = |name: usize, port| NodeAddress {
            host: format!("h{name}"),
            port,
        };
        let stays = named(0, 1);
        let own = table.note_move(16_383, &stays).unwrap();
        let mut first = None;
        for round in 0..40 {
            let shard = |number: u16| Shard {
                primary: named(round, 2 * number + 2),
                slots: vec![number..=number],
                replicas: vec![named(round, 2 * number + 3)],
            };
            let shards = (0..2048).map(shard).collect();
            table.apply(&View { shards }, table.mark());
            for slot in [0, 1, 2047] {
                let owner = table.owner(slot).unwrap();
                first.get_or_insert(owner);
                assert_eq!(table.address(owner), Some(named(round, 2 * slot + 2)));
                let replica = table.replica(owner).unwrap();
                assert_eq!(table.address(replica), Some(named(round, 2 * slot + 3)));
            }
            assert_eq!(table.owner(16_383), Some(own));
            assert_eq!(table.address(own).as_ref(), Some(&stays));
            // A call in flight, or one that was asked elsewhere, may have an old number.
            let of_first = table.address(first.unwrap());
            assert!(of_first.is_none_or(|at| at == named(0, 2)), "round {round}");
        }
        assert_eq!(table.address(first.unwrap()), None);
        assert!(table.nodes.load().len() <= MOST);
        let asked = table.number_of(&named(99, 1)).unwrap();
        assert_eq!(table.address(asked), Some(named(99, 1)));
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
