//! Which process stands behind a connection to a component's server.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use redis_components::receipts::Receipt;
use serde::Serialize;

use super::receipts::Receipts;
use crate::clients::Client;
use crate::time::unix_now;

/// So many seconds may lie between the beginning of a process and its connection.
const NEAR: u64 = 2;

/// A connection, and the process behind it as far as that is known.
#[derive(Debug, Serialize)]
pub(crate) struct Owned {
    #[serde(flatten)]
    pub(crate) client: Client,
    pub(crate) host: Option<String>,
    /// What tells the process.
    pub(crate) told_by: Option<ToldBy>,
    /// How the process stands to the component's newest config.
    pub(crate) state: Option<&'static str>,
    /// Why the process does not run it.
    pub(crate) reason: Option<String>,
}

/// What tells the process behind a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ToldBy {
    /// The connection's name.
    Name,
    /// No other process that reports has this address. Another program there looks the same.
    Address,
}

impl ToldBy {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Address => "address",
        }
    }
}

/// The processes that report, by their addresses.
#[derive(Debug, Default)]
pub(crate) struct Owners<'a> {
    all: Vec<&'a Receipt>,
    by_address: BTreeMap<&'a str, Vec<&'a Receipt>>,
}

impl<'a> Owners<'a> {
    /// The clients are those of the config server, to which each process is connected.
    pub(crate) fn new(receipts: &'a Receipts, clients: &'a [Client]) -> Self {
        Self::at(receipts, clients, unix_now())
    }

    fn at(receipts: &'a Receipts, clients: &'a [Client], now: u64) -> Self {
        let mut owners = Self {
            all: receipts.own().collect(),
            ..Self::default()
        };
        let (named, rest): (Vec<&Client>, Vec<&Client>) =
            clients.iter().partition(|client| client.is_named());
        for client in named {
            if let Some(receipt) = owners.named(client) {
                owners.note(&client.address, receipt);
            }
        }
        let nameless = rest.into_iter();
        let nameless: Vec<_> = nameless
            .filter(|client| client.name.is_none() && client.is_tracking())
            .map(|client| (client, now.saturating_sub(client.age)))
            .collect();
        for receipt in owners.all.clone() {
            // A process connects to the config server when it begins.
            let began = receipt.process().started();
            let began = began.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            let Some(began) = began.map(|began| began.as_secs()) else {
                continue;
            };
            let mut found = nameless
                .iter()
                .filter(|(_, since)| since.abs_diff(began) <= NEAR);
            // Of several that began together, none is told.
            if let (Some((client, _)), None) = (found.next(), found.next()) {
                owners.note(&client.address, receipt);
            }
        }
        owners
    }

    fn note(&mut self, address: &'a str, receipt: &'a Receipt) {
        let at = self.by_address.entry(host(address)).or_default();
        // A process has several connections there.
        if !at.iter().any(|other| std::ptr::eq(*other, receipt)) {
            at.push(receipt);
        }
    }

    fn named(&self, client: &Client) -> Option<&'a Receipt> {
        self.all.iter().copied().find(|receipt| {
            let process = receipt.process();
            Some(process.application()) == client.application.as_deref()
                && Some(process.instance()) == client.instance.as_deref()
        })
    }

    /// Returns the only process at an address that uses the component, or any component.
    fn alone(&self, address: &str, component: Option<&str>) -> Option<&'a Receipt> {
        let at = self.by_address.get(host(address))?.iter().copied();
        let uses = |receipt: &&Receipt| {
            component.is_none_or(|component| receipt.component(component).is_some())
        };
        let mut found = at.filter(uses);
        found.next().filter(|_| found.next().is_none())
    }

    /// Returns the connection with the process behind it. The component is the one that was asked
    /// for.
    pub(crate) fn owned(&self, mut client: Client, component: Option<&str>) -> Owned {
        let (receipt, told_by) = if client.is_named() {
            (self.named(&client), Some(ToldBy::Name))
        } else if client.name.is_some() {
            (None, None)
        } else {
            let receipt = self.alone(&client.address, component);
            (receipt, receipt.map(|_| ToldBy::Address))
        };
        let mut told_host = client.host().map(str::to_owned);
        if let Some(receipt) = receipt {
            let process = receipt.process();
            told_host = Some(process.host().to_owned())
                .filter(|host| !host.is_empty())
                .or(told_host);
            client.application = Some(process.application().to_owned());
            client.instance = Some(process.instance().to_owned());
            client.pid = Some(process.pid());
        }
        let component = client.component.as_deref().or(component);
        let stands = receipt.zip(component);
        let stands = stands.and_then(|(receipt, component)| receipt.component(component));
        Owned {
            state: stands.map(|stands| stands.state().name()),
            reason: stands.and_then(|stands| stands.reason()).map(str::to_owned),
            host: told_host,
            told_by,
            client,
        }
    }
}

/// Returns an address without its port.
fn host(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use redis_components::receipts::Receipt;

    use super::{Owners, ToldBy};
    use crate::clients::Client;
    use crate::fleet::receipts::{Receipts, Said};

    const WATCHES: &str = "\
id=1 addr=10.0.0.1:1 name=shop:@config:web-1-0a1b flags=t
id=2 addr=10.0.0.1:2 name=shop:@receipts:web-1-0a1b flags=N
id=3 addr=10.0.0.2:1 name=shop:@config:web-2-0a1b flags=t
id=4 addr=10.0.0.2:2 name=shop:@config:web-3-0a1b flags=t
id=5 addr=10.0.0.3:1 name=psql flags=N
id=6 addr=10.0.0.4:1 name= age=1000 flags=t
id=7 addr=10.0.0.5:1 name= age=500 flags=t
id=8 addr=10.0.0.6:1 name= age=499 flags=t";
    const NOW: u64 = 1_764_170_000;

    #[test]
    fn r14_a_connection_is_told_by_its_name_or_by_an_address_of_one_process() {
        let mut receipts = Receipts::new("config:redis:");
        let all = [
            (1, "logs", 90),
            (2, "logs", 90),
            (3, "stats", 90),
            (4, "logs", 1001),
            (5, "logs", 500),
        ];
        for (pid, component, age) in all {
            let started = UNIX_EPOCH + Duration::from_secs(NOW - age);
            let started = humantime::format_rfc3339_seconds(started);
            let process = format!(
                r#"{{"application":"shop","instance":"web-{pid}-0a1b","host":"web","pid":{pid},
                    "started":"{started}","key_prefix":"config:redis:"}}"#
            );
            let fields = [("@", &*process), (component, "a b trying 1 0 0 why")];
            let receipt = Receipt::from_fields(fields).unwrap();
            receipts.note(receipt.process().member(), Said::Receipt(receipt));
        }
        let watches = Client::parse_all(WATCHES);
        let owners = Owners::at(&receipts, &watches, NOW);
        for (line, component, pid, told_by) in [
            (
                "addr=10.9.9.9:1 name=shop:logs:web-2-0a1b",
                None,
                Some(2),
                Some(ToldBy::Name),
            ),
            (
                "addr=10.0.0.1:9 name=",
                Some("logs"),
                Some(1),
                Some(ToldBy::Address),
            ),
            (
                "addr=10.0.0.1:9 name=",
                None,
                Some(1),
                Some(ToldBy::Address),
            ),
            // Its connection there has no name, and is as old as the process.
            (
                "addr=10.0.0.4:9 name=",
                Some("logs"),
                Some(4),
                Some(ToldBy::Address),
            ),
            // Two connections are as old.
            ("addr=10.0.0.5:9 name=", Some("logs"), None, None),
            // It does not use this component.
            ("addr=10.0.0.1:9 name=", Some("stats"), None, None),
            (
                "addr=10.0.0.2:9 name=",
                Some("stats"),
                Some(3),
                Some(ToldBy::Address),
            ),
            // It may be either.
            ("addr=10.0.0.2:9 name=", None, None, None),
            ("addr=10.0.0.3:9 name=", None, None, None),
            ("addr=10.0.0.1:9 name=psql", Some("logs"), None, None),
        ] {
            let client = Client::parse_all(line).remove(0);
            let owned = owners.owned(client, component);
            assert_eq!((owned.client.pid, owned.told_by), (pid, told_by), "{line}");
            let stands = pid.is_some() && (component.is_some() || line.contains(":logs:"));
            assert_eq!(owned.state.is_some(), stands, "{line}");
        }
    }
}
