//! The servers of a config: one, or the primaries of a cluster.

use std::collections::BTreeMap;

use redis::Value;
use redis_components::{ComponentConfig, check};
use serde_json::Value as Json;

use super::slots::slot;
use crate::failure::{Code, Failure};
use crate::moving::records::plan::{fields, written};
use crate::moving::servers::earlier;
use crate::moving::servers::link::{Link, Place};
use crate::moving::servers::seen::Seen;
use crate::server_failure::{code, said};
use crate::session::settings;

const CODES: [Code; 2] = [Code::ServerRefused, Code::ServerUnreachable];

/// Fields that say where a server is, and how it is reached.
const OF_PLACES: [&str; 10] = [
    "host",
    "port",
    "db",
    "unix_socket_path",
    "path",
    "cluster",
    "startup_nodes",
    "require_full_coverage",
    "read_from",
    "read_from_replicas",
];

/// The servers of a config, with a connection to each.
#[derive(Debug)]
pub(crate) struct Side {
    /// The server, or the cluster, for people.
    pub(crate) address: String,
    pub(crate) is_cluster: bool,
    /// The server, or the primaries of the cluster.
    pub(crate) links: Vec<Link>,
    /// The replicas of the cluster that answer: each may become a primary.
    pub(crate) replicas: Vec<Link>,
    /// The ranges of slots, and the link of each.
    slots: Vec<(u16, u16, usize)>,
}

impl Side {
    /// Connects to all servers of a config.
    ///
    /// # Errors
    ///
    /// Returns an error if one does not answer, or the config names sentinels or a unix socket.
    pub(crate) async fn connect(component: &str, text: &str) -> Result<Self, Failure> {
        let config = read(component, text)?;
        let address = config.address();
        if !is_cluster(text) {
            let link = earlier::connect(&Place::of_config(component, text)?).await?;
            return Ok(Self {
                address,
                is_cluster: false,
                links: vec![link],
                replicas: Vec::new(),
                slots: Vec::new(),
            });
        }
        let found = check(&config, &settings())
            .await
            .map_err(|error| Failure::new(code(&error, CODES), said(&error)).at(&address))?;
        let mut links = Vec::new();
        for node in &found.nodes {
            links.push(earlier::connect(&node_of(component, text, node)?).await?);
        }
        let slots = ranges(&links).await?;
        let mut replicas = Vec::new();
        for link in &links {
            // The cluster lists a new one only after a while.
            for replica in link.replication().await?.replicas {
                let address = format!("{}:{}", replica.host, replica.port);
                replicas.extend(earlier::connect(&node_of(component, text, &address)?).await);
            }
        }
        Ok(Self {
            address,
            is_cluster: true,
            links,
            replicas,
            slots,
        })
    }

    /// Returns all servers that are, or may become, primaries; and whether each is a replica now.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Link, bool)> {
        let primaries = self.links.iter().map(|link| (link, false));
        primaries.chain(self.replicas.iter().map(|link| (link, true)))
    }

    /// Returns the link to the server that has a key.
    pub(super) fn number_of(&self, key: &[u8]) -> usize {
        if !self.is_cluster {
            return 0;
        }
        let slot = slot(key);
        let mut ranges = self.slots.iter();
        let range = ranges.find(|(first, last, _)| (*first..=*last).contains(&slot));
        range.map_or(0, |(_, _, number)| *number)
    }

    /// Returns the `host:port` of each server.
    pub(crate) fn servers(&self) -> Vec<String> {
        let servers = self.links.iter().map(|link| link.place.address());
        servers.collect()
    }

    /// Looks at all servers.
    ///
    /// # Errors
    ///
    /// Returns an error if one does not answer.
    pub(crate) async fn see(&self) -> Result<Vec<Seen>, Failure> {
        let mut seen = Vec::new();
        for link in &self.links {
            seen.push(link.see().await?);
        }
        Ok(seen)
    }

    /// Returns how many keys there are in the database of the config.
    ///
    /// # Errors
    ///
    /// Returns an error if a server does not answer.
    pub(crate) async fn size(&self) -> Result<u64, Failure> {
        let mut size = 0;
        for link in &self.links {
            size += link.query::<u64>(&["DBSIZE"]).await?;
        }
        Ok(size)
    }
}

/// Returns `true` if a config names a cluster.
pub(crate) fn is_cluster(text: &str) -> bool {
    fields(text).contains_key("cluster")
}

/// Returns one server of a config, with the login of it.
///
/// # Errors
///
/// Returns an error if the config is no longer understood.
pub(crate) fn node_of(component: &str, text: &str, address: &str) -> Result<Place, Failure> {
    let mut fields = fields(text);
    if fields.contains_key("cluster") {
        fields.retain(|name, _| !OF_PLACES.contains(&name.as_str()));
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "6379"));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        fields.insert("host".to_owned(), host.into());
        fields.insert("port".to_owned(), port.parse().unwrap_or(6379_u16).into());
    }
    Place::of_config(component, &Json::Object(fields).to_string())
}

/// Returns a component's config with the servers of another one.
pub(super) fn elsewhere(text: &str, there: &str) -> String {
    let is_of_place = |name: &str| OF_PLACES.contains(&name) || name.starts_with("ssl");
    let mut moved = written(text);
    moved.retain(|name, _| !is_of_place(name));
    let there = written(there).into_iter();
    moved.extend(there.filter(|(name, _)| is_of_place(name)));
    Json::Object(moved).to_string()
}

pub(super) fn read(component: &str, text: &str) -> Result<ComponentConfig, Failure> {
    ComponentConfig::from_json(text).map_err(|error| {
        Failure::new(Code::ConfigInvalid, error.to_string()).of_component(component)
    })
}

/// Returns which link has which slots.
async fn ranges(links: &[Link]) -> Result<Vec<(u16, u16, usize)>, Failure> {
    let mut numbers = BTreeMap::new();
    for (number, link) in links.iter().enumerate() {
        let id: String = link.query(&["CLUSTER", "MYID"]).await?;
        numbers.insert(id, number);
    }
    let Some(first) = links.first() else {
        return Ok(Vec::new());
    };
    let answer: Vec<(u16, u16, Vec<Value>)> = match first.query(&["CLUSTER", "SLOTS"]).await? {
        Value::Array(ranges) => ranges.into_iter().filter_map(range).collect(),
        _ => Vec::new(),
    };
    let ranges = answer.into_iter().filter_map(|(first, last, primary)| {
        let id: String = redis::from_redis_value(primary.get(2)?.clone()).ok()?;
        Some((first, last, *numbers.get(&id)?))
    });
    Ok(ranges.collect())
}

/// Reads a range of slots: its first and last one, its primary and its replicas.
fn range(value: Value) -> Option<(u16, u16, Vec<Value>)> {
    let Value::Array(parts) = value else {
        return None;
    };
    let [first, last, Value::Array(primary), ..] = parts.as_slice() else {
        return None;
    };
    let number = |value: &Value| redis::from_redis_value(value.clone()).ok();
    Some((number(first)?, number(last)?, primary.clone()))
}
