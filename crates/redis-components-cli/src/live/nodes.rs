//! The servers behind a config: one, or the primaries of a cluster.

use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion};
use redis_components::{ComponentConfig, Settings, check, open_connection};
use serde_json::{Map, Value};

use tokio::time::timeout;

use super::info::{Info, Meter};
use crate::clients::OWN_NAME;
use crate::failure::{Code, Failure};
use crate::moving::servers::addresses::Addresses;
use crate::moving::servers::fence::{CLOSED, OPTION};
use crate::moving::servers::silence::Silence;
use crate::server_failure::{code, of_redis, said};
use crate::session::settings;

const CODES: [Code; 2] = [Code::ServerRefused, Code::ServerUnreachable];
/// A server that takes longer for an answer counts as unreachable.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// What was seen of a server.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// Its `host:port` or path.
    pub(super) server: String,
    pub(super) info: Option<Info>,
    /// Whether it answers, if only to say that the user may not ask.
    pub(super) answers: bool,
    /// The commands a second that others sent.
    pub(super) rate: Option<f64>,
    pub(super) problem: Option<String>,
    /// Why it does not say how it is, if it does not.
    pub(super) silence: Option<Silence>,
    /// The addresses by which its peers may know it, if its data moves.
    pub(super) addresses: Addresses,
    /// Whether it refuses writes because of a move's fence, as far as it was asked.
    pub(super) is_closed: bool,
}

/// What a move has to know of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moving {
    /// Whether its data moves from or to it.
    pub(super) is_moving: bool,
    pub(super) may_be_fenced: bool,
}

/// A server, and a connection to it.
#[derive(Debug)]
pub(super) struct Node {
    server: String,
    config: ComponentConfig,
    link: Option<MultiplexedConnection>,
    addresses: Option<Addresses>,
    meter: Meter,
}

impl Node {
    fn new(server: String, config: ComponentConfig) -> Self {
        Self {
            server,
            config,
            link: None,
            addresses: None,
            meter: Meter::default(),
        }
    }

    /// Asks the server how it is. A connection that has failed is opened again at the next look.
    pub(super) async fn look(&mut self, moving: Moving) -> Reading {
        let reading = Reading {
            server: self.server.clone(),
            ..Reading::default()
        };
        match self.info().await {
            Ok(info) => Reading {
                rate: self.meter.rate(&info, Instant::now()),
                is_closed: self.is_closed(moving, &info).await,
                addresses: self.addresses(moving).await,
                info: Some(info),
                answers: true,
                ..reading
            },
            Err(failure) => {
                let answers = failure.code == Code::NoRights;
                if !answers {
                    self.link = None;
                }
                Reading {
                    answers,
                    silence: Some(Silence::of(&failure)),
                    problem: Some(failure.message),
                    ..reading
                }
            }
        }
    }

    async fn info(&mut self) -> Result<Info, Failure> {
        let link = match &mut self.link {
            Some(link) => link,
            None => {
                self.addresses = None;
                self.link.insert(connect(&self.config).await?)
            }
        };
        let answer = redis::cmd("INFO").query_async::<String>(link).await;
        match answer {
            Ok(text) => Ok(Info::parse(&text)),
            Err(error) => Err(of_redis(&error, "the server", &self.server, CODES)),
        }
    }

    /// Returns the addresses by which peers may know the server, as far as it says them in time.
    async fn addresses(&mut self, moving: Moving) -> Addresses {
        let (Some(link), Some((host, port))) = (
            self.link.as_ref().filter(|_| moving.is_moving),
            self.server.rsplit_once(':'),
        ) else {
            return Addresses::default();
        };
        let known = &mut self.addresses;
        let is_tls = fields(&self.config).get("ssl") == Some(&Value::Bool(true));
        let asking = async {
            let addresses = match known {
                Some(addresses) => addresses,
                None => {
                    let port = port.parse().unwrap_or_default();
                    known.insert(Addresses::of(host, port, link).await)
                }
            };
            // Its links to peers change.
            addresses.learn(is_tls, link).await;
        };
        let _ = timeout(ANSWERS_WITHIN, asking).await;
        self.addresses.clone().unwrap_or_default()
    }

    /// Returns `true` if the server has the fence of a move. One that does not say it may have it.
    async fn is_closed(&mut self, moving: Moving, info: &Info) -> bool {
        let Some(link) = self.link.as_mut().filter(|_| moving.may_be_fenced) else {
            return false;
        };
        if !info.seen.is_primary() {
            return false;
        }
        let mut asking = redis::cmd("CONFIG");
        asking.arg("GET").arg(OPTION);
        let found = asking.query_async::<Vec<String>>(link).await;
        found.map_or(true, |found| {
            found.get(1).is_some_and(|value| value == CLOSED)
        })
    }
}

async fn connect(config: &ComponentConfig) -> Result<MultiplexedConnection, Failure> {
    let settings = patient();
    let plain = AsyncConnectionConfig::new();
    let opened = open_connection(config, &settings, ProtocolVersion::RESP2, plain).await;
    let mut link = opened.map_err(|error| failure(&error, config))?;
    let mut name = redis::cmd("CLIENT");
    name.arg("SETNAME").arg(OWN_NAME);
    // The name is for people. A server or a user without it is as good.
    let _ = name.query_async::<redis::Value>(&mut link).await;
    Ok(link)
}

/// Finds the nodes of a config. Those that are known keep their connections.
///
/// # Errors
///
/// Returns an error if a cluster or sentinels do not say which ones these are. Then all stay.
pub(super) async fn find(config: &ComponentConfig, known: &mut Vec<Node>) -> Result<(), Failure> {
    let fields = fields(config);
    if !is_of_several(&fields) {
        if known.is_empty() {
            known.push(Node::new(config.address(), config.clone()));
        }
        return Ok(());
    }
    let found = check(config, &patient()).await;
    let found = found.map_err(|error| failure(&error, config))?;
    let wanted = if found.nodes.is_empty() {
        vec![(found.address, config.clone())]
    } else {
        let node = |address: String| {
            let config = of_node(&fields, &address)?;
            Some((address, config))
        };
        found.nodes.into_iter().filter_map(node).collect()
    };
    let mut before = std::mem::take(known);
    known.extend(wanted.into_iter().map(|(server, config)| {
        let place = before.iter().position(|node| node.server == server);
        match place {
            Some(place) => before.swap_remove(place),
            None => Node::new(server, config),
        }
    }));
    Ok(())
}

/// Returns what tells the place that a config names from other places.
pub(super) fn place(config: &ComponentConfig) -> String {
    // The name of a service does not say whose sentinels it is known to.
    match fields(config).get("sentinels") {
        Some(sentinels) => format!("{} of {sentinels}", config.address()),
        None => config.address(),
    }
}

/// Returns `true` if others say where the servers of the config are.
pub(super) fn changes_servers(config: &ComponentConfig) -> bool {
    is_of_several(&fields(config))
}

fn fields(config: &ComponentConfig) -> Map<String, Value> {
    serde_json::from_str(&config.to_json()).unwrap_or_default()
}

fn is_of_several(fields: &Map<String, Value>) -> bool {
    ["cluster", "sentinels"]
        .iter()
        .any(|name| fields.contains_key(*name))
}

/// Returns the config of one node of a cluster.
fn of_node(fields: &Map<String, Value>, address: &str) -> Option<ComponentConfig> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port: u16 = port.parse().ok()?;
    let mut fields = fields.clone();
    for name in ["cluster", "require_full_coverage", "read_from"] {
        fields.remove(name);
    }
    fields.insert("host".to_owned(), host.into());
    fields.insert("port".to_owned(), port.into());
    ComponentConfig::from_json(&Value::Object(fields).to_string()).ok()
}

fn patient() -> Settings {
    settings().response_timeout(ANSWERS_WITHIN)
}

fn failure(error: &redis_components::Error, config: &ComponentConfig) -> Failure {
    Failure::new(code(error, CODES), said(error)).at(&config.address())
}
