//! What a node says about its cluster: `CLUSTER SLOTS`, or `CLUSTER SHARDS`.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use redis::Value;

use super::address::NodeAddress;
use super::hash_slot::SLOTS;

/// The most nodes of a cluster. Redis's own recommendation is a thousand at most.
const MOST_NODES: usize = 4096;
/// The most slots that all nodes are given. A slot that moves may be given twice.
const MOST_SLOTS: usize = 4 * SLOTS as usize;

/// The nodes of a cluster and their slots, as one node sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub(super) shards: Vec<Shard>,
}

/// A primary with its slots and replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    pub(super) primary: NodeAddress,
    pub(super) slots: Vec<RangeInclusive<u16>>,
    pub(super) replicas: Vec<NodeAddress>,
}

impl View {
    /// Returns how many slots have an owner.
    pub(super) fn covered(&self) -> usize {
        let mut covered = vec![false; usize::from(SLOTS)];
        for slot in self
            .shards
            .iter()
            .flat_map(|shard| shard.slots.iter().cloned().flatten())
        {
            covered[usize::from(slot)] = true;
        }
        covered.into_iter().filter(|covered| *covered).count()
    }

    /// Returns `true` if the node is in the view.
    pub(super) fn names(&self, node: &NodeAddress) -> bool {
        let mut shards = self.shards.iter();
        shards.any(|shard| shard.primary == *node || shard.replicas.contains(node))
    }

    /// Reads the answer to `CLUSTER SLOTS` of the node `by`. A node without an address is left out.
    /// A replica never takes the place of its primary.
    ///
    /// Returns `None` if it is no such answer, or gives no slot to anybody: a view that empties the
    /// table is of no use.
    pub(super) fn from_slots(answer: &Value, by: &NodeAddress) -> Option<Self> {
        let mut shards: Vec<Shard> = Vec::new();
        let mut places = HashMap::new();
        for entry in list(answer)? {
            let [first, last, primary, replicas @ ..] = list(entry)? else {
                return None;
            };
            let slots = range(first, last)?;
            let Some(primary) = node_of_slots(primary, by) else {
                continue;
            };
            let place = places.get(&primary).copied();
            match place.and_then(|place: usize| shards.get_mut(place)) {
                Some(shard) => shard.slots.push(slots),
                None => {
                    places.insert(primary.clone(), shards.len());
                    let replicas = replicas.iter().filter_map(|node| node_of_slots(node, by));
                    shards.push(Shard {
                        primary,
                        slots: vec![slots],
                        replicas: replicas.collect(),
                    });
                }
            }
        }
        Self { shards }.if_of_use()
    }

    /// Reads the answer to `CLUSTER SHARDS` as [`from_slots`](Self::from_slots) does. `is_tls` says
    /// which of a node's ports to use.
    pub(super) fn from_shards(answer: &Value, is_tls: bool, by: &NodeAddress) -> Option<Self> {
        let mut shards = Vec::new();
        for entry in list(answer)? {
            let shard = Fields::of(entry)?;
            let bounds = list(shard.get("slots")?)?;
            let slots: Option<Vec<_>> = bounds
                .chunks(2)
                .map(|pair| range(pair.first()?, pair.get(1)?))
                .collect();
            let slots = slots?;
            let mut primary = None;
            let mut replicas = Vec::new();
            for node in list(shard.get("nodes")?)? {
                let node = Fields::of(node)?;
                let is_primary = node.text("role") == Some("master");
                let is_online = node.text("health").is_none_or(|health| health == "online");
                let address = node_of_shards(&node, is_tls, by);
                match address {
                    // Of several primaries, the others have failed.
                    Some(address) if is_primary && (is_online || primary.is_none()) => {
                        primary = Some(address);
                    }
                    Some(address) if !is_primary && is_online => replicas.push(address),
                    _ => {}
                }
            }
            if let Some(primary) = primary.filter(|_| !slots.is_empty()) {
                shards.push(Shard {
                    primary,
                    slots,
                    replicas,
                });
            }
        }
        Self { shards }.if_of_use()
    }

    /// Returns `None` for a view without shards, and for one with more nodes, or slots that are given
    /// more often, than in any cluster: each costs memory and time.
    fn if_of_use(self) -> Option<Self> {
        let shards = self.shards.iter();
        let nodes: usize = shards.clone().map(|shard| 1 + shard.replicas.len()).sum();
        let slots: usize = shards
            .flat_map(|shard| &shard.slots)
            .map(ExactSizeIterator::len)
            .sum();
        ((1..=MOST_NODES).contains(&nodes) && slots <= MOST_SLOTS).then_some(self)
    }
}

/// Reads `[endpoint, port, id, metadata]`. The endpoint is nil for the host that answered, and `?`
/// if the node does not know its own name yet; then its address may stand in the metadata.
fn node_of_slots(node: &Value, by: &NodeAddress) -> Option<NodeAddress> {
    let parts = list(node)?;
    let port = u16::try_from(integer(parts.get(1)?)?).ok()?;
    let endpoint = match parts.first()? {
        Value::Nil => "",
        endpoint => text(endpoint)?,
    };
    NodeAddress::announced(endpoint, port, by).or_else(|| {
        let metadata = Fields::of(parts.get(3)?)?;
        let host = metadata.text("ip").or_else(|| metadata.text("hostname"))?;
        NodeAddress::announced(host, port, by).filter(|_| !host.is_empty())
    })
}

fn node_of_shards(node: &Fields<'_>, is_tls: bool, by: &NodeAddress) -> Option<NodeAddress> {
    let names = if is_tls {
        ["tls-port", "port"]
    } else {
        ["port", "tls-port"]
    };
    let port = names.iter().find_map(|name| integer(node.get(name)?))?;
    let port = u16::try_from(port).ok()?;
    let endpoint = match node.get("endpoint") {
        None | Some(Value::Nil) => "",
        Some(endpoint) => text(endpoint)?,
    };
    NodeAddress::announced(endpoint, port, by).or_else(|| {
        let host = node.text("ip").filter(|ip| !ip.is_empty())?;
        NodeAddress::announced(host, port, by)
    })
}

/// Names and values: a map, or an array in which they take turns.
struct Fields<'a>(HashMap<&'a str, &'a Value>);

impl<'a> Fields<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        let pairs = match value {
            Value::Map(pairs) => pairs
                .iter()
                .filter_map(|(name, value)| Some((text(name)?, value)))
                .collect(),
            Value::Array(words) => words
                .chunks_exact(2)
                .filter_map(|pair| Some((text(pair.first()?)?, pair.get(1)?)))
                .collect(),
            _ => return None,
        };
        Some(Self(pairs))
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).copied()
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        text(self.get(name)?)
    }
}

/// Returns the ids of all nodes in an answer to `CLUSTER SLOTS` or `CLUSTER SHARDS`: nothing else in
/// them has 40 hexadecimal digits.
pub(super) fn ids_in(answer: &Value) -> HashSet<String> {
    let is_id = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut ids = HashSet::new();
    let mut values = vec![answer];
    while let Some(value) = values.pop() {
        match value {
            Value::Array(inner) => values.extend(inner),
            Value::Map(pairs) => values.extend(pairs.iter().map(|(_, value)| value)),
            other => ids.extend(text(other).filter(|text| is_id(text)).map(str::to_owned)),
        }
    }
    ids
}

fn list(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(values) => Some(values),
        _ => None,
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        other => text(other)?.parse().ok(),
    }
}

fn range(first: &Value, last: &Value) -> Option<RangeInclusive<u16>> {
    let number = |value| {
        u16::try_from(integer(value)?)
            .ok()
            .filter(|slot| *slot < SLOTS)
    };
    let range = number(first)?..=number(last)?;
    (!range.is_empty()).then_some(range)
}

#[cfg(test)]
mod tests;
