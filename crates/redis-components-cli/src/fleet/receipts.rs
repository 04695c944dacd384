//! The receipts of processes that live.

use std::collections::BTreeMap;

use redis_components::receipts::Receipt;

/// The receipts of processes that live, by their members of the index.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    prefix: String,
    all: BTreeMap<String, Receipt>,
}

impl Receipts {
    /// Returns no receipts yet, of a fleet whose keys have this prefix.
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            all: BTreeMap::new(),
        }
    }

    /// Notes what was read of a process; `None` if it has ended.
    pub(crate) fn note(&mut self, member: String, receipt: Option<Receipt>) {
        match receipt {
            Some(receipt) => self.all.insert(member, receipt),
            None => self.all.remove(&member),
        };
    }

    /// Returns the receipts of the fleet.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Receipt> {
        let is_own = |receipt: &&Receipt| receipt.process().key_prefix() == self.prefix;
        self.all.values().filter(is_own)
    }

    /// Returns all receipts, those of other fleets on the same config server too.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Receipt> {
        self.all.values()
    }
}
