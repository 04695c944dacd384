//! What a subscriber is subscribed to.

use std::collections::BTreeSet;

use redis::Cmd;

/// A kind of subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Channel,
    Pattern,
    /// A channel of one slot of a cluster.
    Sharded,
}

impl Kind {
    const EACH: [Self; 3] = [Self::Channel, Self::Pattern, Self::Sharded];

    fn command(self, adds: bool) -> &'static str {
        match (self, adds) {
            (Self::Channel, true) => "SUBSCRIBE",
            (Self::Channel, false) => "UNSUBSCRIBE",
            (Self::Pattern, true) => "PSUBSCRIBE",
            (Self::Pattern, false) => "PUNSUBSCRIBE",
            (Self::Sharded, true) => "SSUBSCRIBE",
            (Self::Sharded, false) => "SUNSUBSCRIBE",
        }
    }
}

/// Subscriptions of one kind that are made or ended together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) kind: Kind,
    /// Whether they are made.
    pub(super) adds: bool,
    pub(super) names: Vec<Vec<u8>>,
}

impl Change {
    pub(super) fn command(&self) -> Cmd {
        let mut command = redis::cmd(self.kind.command(self.adds));
        command.arg(&self.names);
        command
    }
}

/// Channels and patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subscriptions(BTreeSet<(Kind, Vec<u8>)>);

impl Subscriptions {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has_sharded(&self) -> bool {
        self.0.iter().any(|(kind, _)| *kind == Kind::Sharded)
    }

    /// Returns all of one kind.
    pub(super) fn of_kind(&self, kind: Kind) -> Vec<Vec<u8>> {
        let of_kind = self.0.iter().filter(|(other, _)| *other == kind);
        of_kind.map(|(_, name)| name.clone()).collect()
    }

    /// Returns the names of the change that are not here.
    pub(super) fn without(&self, change: &Change) -> Vec<Vec<u8>> {
        let names = change.names.iter();
        names
            .filter(|name| !self.0.contains(&(change.kind, (*name).clone())))
            .cloned()
            .collect()
    }

    pub(super) fn apply(&mut self, change: &Change) {
        for name in &change.names {
            let entry = (change.kind, name.clone());
            if change.adds {
                self.0.insert(entry);
            } else {
                self.0.remove(&entry);
            }
        }
    }

    /// Returns the changes that make these to the `other`.
    pub(super) fn changes_to(&self, other: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        for kind in Kind::EACH {
            for (adds, from, to) in [(true, self, other), (false, other, self)] {
                let names: Vec<_> =
                    to.0.difference(&from.0)
                        .filter(|(of, _)| *of == kind)
                        .map(|(_, name)| name.clone())
                        .collect();
                if !names.is_empty() {
                    changes.push(Change { kind, adds, names });
                }
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Kind, Subscriptions};

    fn change(kind: Kind, adds: bool, names: &[&str]) -> Change {
        let names = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        Change { kind, adds, names }
    }

    #[test]
    fn changes_lead_from_one_list_to_another() {
        let (mut from, mut to) = (Subscriptions::default(), Subscriptions::default());
        from.apply(&change(Kind::Channel, true, &["a", "b"]));
        from.apply(&change(Kind::Pattern, true, &["a"]));
        to.apply(&change(Kind::Channel, true, &["b", "c"]));
        to.apply(&change(Kind::Sharded, true, &["a"]));
        let changes = from.changes_to(&to);
        assert_eq!(
            changes,
            [
                change(Kind::Channel, true, &["c"]),
                change(Kind::Channel, false, &["a"]),
                change(Kind::Pattern, false, &["a"]),
                change(Kind::Sharded, true, &["a"]),
            ]
        );
        changes.iter().for_each(|change| from.apply(change));
        assert_eq!(from, to);
        assert!(from.changes_to(&to).is_empty());
    }
}
