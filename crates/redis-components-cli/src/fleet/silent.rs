//! Processes that watch a config server and do not report.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::UNIX_EPOCH;

use redis_components::receipts::{Mode, Process, Receipt};
use serde::Serialize;

use super::receipts::Receipts;
use crate::clients::{Client, OWN_NAME};
use crate::names::is_name;
use crate::time::{of_unix, unix_now};

/// A process that watches configs and does not report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct Silent {
    pub(crate) address: String,
    pub(crate) name: Option<String>,
    /// When it connected.
    pub(crate) since: Option<String>,
}

impl Silent {
    /// Returns what to call it.
    pub(crate) fn shown(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} ({})", self.address),
            None => self.address.clone(),
        }
    }
}

/// Returns the processes among the clients of a config server that have no receipt.
///
/// A process that may not write a receipt is found by the pushes that it gets, or by the name of
/// its connection. A process that is frozen is found in the same way when its receipt has expired.
pub(crate) fn silent(clients: &[Client], own: u64, receipts: &Receipts) -> Vec<Silent> {
    let is_own = |client: &&Client| client.id == Some(own);
    // Another database is another environment.
    let db = clients.iter().find(is_own).and_then(|own| own.db);
    let is_process = |client: &&Client| {
        !is_own(client)
            && client.db == db
            && client.name.as_deref() != Some(OWN_NAME)
            && (client.is_tracking() || is_watch(client))
    };
    let found = clients.iter().filter(is_process);
    let (named, nameless): (Vec<&Client>, Vec<&Client>) =
        found.partition(|client| client.is_named());
    let names: BTreeSet<&str> = named
        .iter()
        .filter_map(|client| client.instance.as_deref())
        .collect();
    let now = unix_now();
    // A process that may not name its connection is told from the time at which it began.
    let unnamed = receipts
        .all()
        .map(Receipt::process)
        .filter(|process| process.mode() != Mode::Poll && !names.contains(process.instance()));
    let mut silent = unclaimed(&nameless, unnamed, now);
    let reporting: BTreeSet<&str> = receipts
        .all()
        .map(|receipt| receipt.process().instance())
        .collect();
    let mut seen = BTreeSet::new();
    silent.extend(named.into_iter().filter(|client| {
        let instance = client.instance.as_deref().unwrap_or_default();
        let reports = reporting.contains(instance) || receipts.is_unreadable(instance);
        !reports && seen.insert(instance)
    }));
    silent.sort_by_key(|client| Reverse(client.age));
    let silent = silent.into_iter().map(|client| Silent {
        address: client.address.clone(),
        name: client.name.clone(),
        since: of_unix(now.saturating_sub(client.age)),
    });
    silent.collect()
}

/// Returns the clients that are left when each process has taken the one that connected at about
/// the time at which the process began.
fn unclaimed<'a, 'b>(
    clients: &[&'a Client],
    processes: impl Iterator<Item = &'b Process>,
    now: u64,
) -> Vec<&'a Client> {
    let begun = clients.iter().map(|client| now.saturating_sub(client.age));
    let mut left: BTreeMap<(u64, usize), &Client> =
        begun.zip(0..).zip(clients.iter().copied()).collect();
    for process in processes {
        if left.is_empty() {
            break;
        }
        let started = process
            .started()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let started = started.unwrap_or_default().as_secs();
        let before = left.range(..(started, 0)).next_back();
        let after = left.range((started, 0)..).next();
        let ends = [before, after].into_iter().flatten().map(|(key, _)| *key);
        if let Some(nearest) = ends.min_by_key(|(at, _)| at.abs_diff(started)) {
            left.remove(&nearest);
        }
    }
    left.into_values().collect()
}

/// Returns `true` if the name is that of a connection that reads configs: no component's.
fn is_watch(client: &Client) -> bool {
    let component = client.component.as_deref();
    client.is_named() && component.is_some_and(|component| !is_name(component))
}

#[cfg(test)]
mod tests {
    use humantime::format_rfc3339_seconds;
    use redis_components::receipts::Receipt;

    use super::silent;
    use crate::clients::Client;
    use crate::fleet::receipts::{Receipts, Said};

    const LIST: &str = "\
id=1 addr=10.0.0.1:1 name=redis-components-cli age=0 db=0 flags=N
id=2 addr=10.0.0.2:1 name=shop:@config:web-1-0a1b age=90 db=0 flags=t
id=3 addr=10.0.0.3:1 name=shop:@config:web-2-0a1b age=90 db=0 flags=t
id=4 addr=10.0.0.3:2 name=shop:@receipts:web-2-0a1b age=80 db=0 flags=N
id=5 addr=10.0.0.4:1 name= age=70 db=0 flags=t
id=6 addr=10.0.0.5:1 name=shop:@config:web-5-0a1b age=60 db=0 flags=N
id=7 addr=10.0.0.6:1 name=shop:logs:web-6-0a1b age=50 db=0 flags=N
id=8 addr=10.0.0.7:1 name= age=50 db=3 flags=t
id=9 addr=10.0.0.8:1 name=redis-components-cli age=0 db=0 flags=tB
id=10 addr=10.0.0.9:1 name=psql age=5 db=0 flags=N";

    fn receipts(processes: &[(&str, u64, &str)]) -> Receipts {
        let mut receipts = Receipts::new("config:redis:");
        for (instance, age, rest) in processes {
            let started = std::time::SystemTime::now() - std::time::Duration::from_secs(*age);
            let started = format_rfc3339_seconds(started);
            let process = format!(
                r#"{{"application":"shop","instance":"{instance}","started":"{started}"{rest}}}"#
            );
            let receipt = Receipt::from_fields([("@", &*process)]).unwrap();
            receipts.note(receipt.process().member(), Said::Receipt(receipt));
        }
        receipts
    }

    fn addresses(list: &str, receipts: &Receipts) -> Vec<String> {
        let found = silent(&Client::parse_all(list), 1, receipts);
        found.into_iter().map(|silent| silent.address).collect()
    }

    #[test]
    fn r14_who_watches_and_does_not_report_is_silent() {
        let found = addresses(LIST, &receipts(&[("web-1-0a1b", 90, "")]));
        assert_eq!(found, ["10.0.0.3:1", "10.0.0.4:1", "10.0.0.5:1"]);
    }

    #[test]
    fn r14_a_process_without_a_name_takes_the_connection_of_its_time() {
        let list = "\
id=1 addr=10.0.0.1:1 name=redis-components-cli age=0 db=0 flags=N
id=2 addr=10.0.0.2:1 name= age=900 db=0 flags=t
id=3 addr=10.0.0.3:1 name= age=600 db=0 flags=t
id=4 addr=10.0.0.4:1 name= age=300 db=0 flags=t";
        let push = r#","mode":"push""#;
        let one = receipts(&[("web-1-0a1b", 602, push)]);
        assert_eq!(addresses(list, &one), ["10.0.0.2:1", "10.0.0.4:1"]);
        // A process of another fleet on the same server has a connection too.
        let two = receipts(&[("a", 901, r#","key_prefix":"other:""#), ("b", 290, push)]);
        assert_eq!(addresses(list, &two), ["10.0.0.3:1"]);
        // A process that polls gets no pushes, so none of these is its own.
        let polling = r#","mode":"poll""#;
        let three = receipts(&[("a", 900, push), ("b", 600, polling), ("c", 300, push)]);
        assert_eq!(addresses(list, &three), ["10.0.0.3:1"]);
        let all = receipts(&[
            ("a", 900, push),
            ("b", 1, push),
            ("c", 1, push),
            ("d", 1, push),
        ]);
        assert_eq!(addresses(list, &all), [""; 0]);
    }
}
