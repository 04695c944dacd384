//! The receipts of processes that live.

use std::collections::BTreeMap;

use redis_components::receipts::Receipt;
use serde::Serialize;

use crate::text::{counted, named, printable};

/// What was read of a process.
#[derive(Debug)]
pub(crate) enum Said {
    Receipt(Receipt),
    /// There is a receipt, and this is why it cannot be read.
    Unreadable(String),
    /// The process has ended, or is of another fleet, or does not use the component.
    Nothing,
}

/// A process whose receipt cannot be read: nobody knows what it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Unreadable {
    /// Its member of the index.
    pub(crate) process: String,
    pub(crate) reason: String,
}

impl Unreadable {
    /// Returns what to call it, and why.
    pub(crate) fn shown(&self) -> String {
        format!("{} ({})", self.process, self.reason)
    }

    /// Returns how many there are and which, for people.
    pub(crate) fn all_shown(all: &[Self]) -> String {
        let count = counted(all.len(), "process");
        let who = named(all.iter().map(Self::shown));
        format!("{count} with a receipt that cannot be read: {who}")
    }
}

/// The receipts of processes that live, by their members of the index.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    prefix: String,
    all: BTreeMap<String, Receipt>,
    unreadable: BTreeMap<String, String>,
}

impl Receipts {
    /// Returns no receipts yet, of a fleet whose keys have this prefix.
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            ..Self::default()
        }
    }

    /// Notes what was read of a process.
    pub(crate) fn note(&mut self, member: String, said: Said) {
        self.all.remove(&member);
        self.unreadable.remove(&member);
        match said {
            Said::Receipt(receipt) => {
                self.all.insert(member, receipt);
            }
            Said::Unreadable(reason) => {
                self.unreadable.insert(member, reason);
            }
            Said::Nothing => {}
        }
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

    /// Returns the processes whose receipts cannot be read, sorted by name.
    pub(crate) fn unreadable(&self) -> Vec<Unreadable> {
        let all = self.unreadable.iter();
        all.map(|(member, reason)| Unreadable {
            process: printable(member),
            reason: reason.clone(),
        })
        .collect()
    }

    /// Returns `true` if there is a receipt of this instance that cannot be read.
    pub(crate) fn is_unreadable(&self, instance: &str) -> bool {
        let instance_of = |member: &str| member.rsplit_once(':').map(|(_, own)| own == instance);
        let mut members = self.unreadable.keys();
        members.any(|member| instance_of(member) == Some(true))
    }
}
