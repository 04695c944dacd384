//! Processes that watch a config server and do not report.

use std::collections::BTreeSet;

use serde::Serialize;

use super::row::Receipts;
use crate::clients::{Client, OWN_NAME};
use crate::names::is_name;
use crate::time::{of_unix, unix_now};

/// A process that watches configs and does not report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    // Another database is another environment.
    let db = clients
        .iter()
        .find(|client| client.id == Some(own))
        .and_then(|own| own.db);
    let reporting: BTreeSet<&str> = receipts
        .values()
        .map(|receipt| receipt.process().instance())
        .collect();
    let is_silent = |client: &&Client| {
        let is_reporting = client
            .instance
            .as_deref()
            .is_some_and(|instance| reporting.contains(instance));
        client.id != Some(own)
            && client.name.as_deref() != Some(OWN_NAME)
            && client.db == db
            && !is_reporting
            && (client.is_tracking() || is_watch(client))
    };
    let mut found: Vec<&Client> = clients.iter().filter(is_silent).collect();
    // A process counts once, by its oldest connection.
    found.sort_by_key(|client| std::cmp::Reverse(client.age));
    let mut seen = BTreeSet::new();
    found.retain(|client| match &client.instance {
        Some(instance) if client.is_named() => seen.insert(instance.clone()),
        _ => true,
    });
    let now = unix_now();
    let silent = found.into_iter().map(|client| Silent {
        address: client.address.clone(),
        name: client.name.clone(),
        since: of_unix(now.saturating_sub(client.age)),
    });
    silent.collect()
}

/// Returns `true` if the name is that of a connection that reads configs: no component's.
fn is_watch(client: &Client) -> bool {
    let component = client.component.as_deref();
    client.is_named() && component.is_some_and(|component| !is_name(component))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use redis_components::receipts::Receipt;

    use super::silent;
    use crate::clients::Client;

    const LIST: &str = "\
id=1 addr=10.0.0.1:1 name=redis-components-cli age=0 db=0 flags=N
id=2 addr=10.0.0.2:1 name=shop:@config:web-1-0a1b age=9 db=0 flags=t
id=3 addr=10.0.0.3:1 name=shop:@config:web-2-0a1b age=9 db=0 flags=t
id=4 addr=10.0.0.3:2 name=shop:@receipts:web-2-0a1b age=8 db=0 flags=N
id=5 addr=10.0.0.4:1 name= age=7 db=0 flags=t
id=6 addr=10.0.0.5:1 name=shop:@config:web-5-0a1b age=6 db=0 flags=N
id=7 addr=10.0.0.6:1 name=shop:logs:web-6-0a1b age=5 db=0 flags=N
id=8 addr=10.0.0.7:1 name= age=5 db=3 flags=t
id=9 addr=10.0.0.8:1 name=redis-components-cli age=0 db=0 flags=tB
id=10 addr=10.0.0.9:1 name=psql age=5 db=0 flags=N";

    #[test]
    fn r14_who_watches_and_does_not_report_is_silent() {
        let process = r#"{"application":"shop","instance":"web-1-0a1b"}"#;
        let receipt = Receipt::from_fields([("@", process)]).unwrap();
        let receipts = BTreeMap::from([("shop:web-1-0a1b".to_owned(), receipt)]);
        let found = silent(&Client::parse_all(LIST), 1, &receipts);
        let found: Vec<_> = found.iter().map(|silent| &*silent.address).collect();
        assert_eq!(found, ["10.0.0.3:1", "10.0.0.4:1", "10.0.0.5:1"]);
    }
}
