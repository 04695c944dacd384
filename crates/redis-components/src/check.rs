//! Trying the server of a config, for tools: before the config is written, and beside the runtime.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisResult, Value};

use crate::client::asynchronous::AsyncClient;
use crate::client::opening::{Opening, Shared};
use crate::config::ComponentConfig;
use crate::config::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::settings::Settings;
use crate::telemetry::component::Subject;
use crate::transport::asynchronous;
use crate::transport::contents::resolve::resolve;
use crate::transport::contents::sources::Sources;
use crate::transport::demand::Demand;
use crate::transport::failure::Failure;
use crate::transport::no_primary::NoPrimary;
use crate::transport::node::Node;
use crate::transport::role::Role;
use crate::transport::sentinel::watcher::Watcher;

/// A server that took the login of a config and answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckedServer {
    /// The server's `host:port` or path, as the config or its sentinels name it. For a cluster, a
    /// text that names its seeds.
    pub address: String,
    /// The addresses of a cluster's primaries, all of which answered. Empty for other servers.
    pub nodes: Vec<String>,
    /// The server's role in replication.
    pub role: ServerRole,
    /// Whether a config that names a single server names a node of a cluster. It has all slots as
    /// long as no other primary joins.
    pub is_cluster_node: bool,
    /// Whether a cluster says that it is down: its nodes answer a probe and refuse commands, because
    /// a slot is not served. `false` if the user may not ask.
    pub is_cluster_down: bool,
    /// How long it took to connect, log in and probe.
    pub took: Duration,
}

/// A server's role in replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerRole {
    /// It takes writes.
    Primary,
    /// It follows another server, and usually takes no writes.
    Replica,
    /// The user may not ask, or the server has another answer.
    Unknown,
}

/// Tries a config as the runtime does before the config comes into force: asks sentinels, resolves
/// names, connects, logs in and probes. Of a cluster, all primaries are tried. Asks a single server
/// for its role as well.
///
/// The timeouts are those of `settings`, unless the config has its own.
///
/// # Errors
///
/// Returns the error for which the runtime would not use the config, [`ErrorKind::Disabled`] if the
/// config switches its component off, and [`ErrorKind::ServerRefused`] if the server is a sentinel,
/// or one of several primaries of a cluster: it answers a probe, and then not all calls.
///
/// # Panics
///
/// Panics outside of a tokio runtime with its I/O and time drivers.
pub async fn check(config: &ComponentConfig, settings: &Settings) -> Result<CheckedServer, Error> {
    let began = Instant::now();
    demand_enabled(config)?;
    let config = &config.resolve(settings).await?;
    if let Endpoint::Cluster(_) = config.endpoint() {
        let client = open_cluster(config, settings)
            .await
            .map_err(|failure| unusable(config, &failure))?;
        let took = began.elapsed();
        return Ok(CheckedServer {
            address: config.address(),
            nodes: client.nodes(),
            role: ServerRole::Primary,
            is_cluster_node: false,
            is_cluster_down: is_down(&client).await,
            took,
        });
    }
    let config = located(config, settings).await?;
    let protocol = ProtocolVersion::RESP2;
    let demand = Demand::of(config.endpoint());
    let plain = AsyncConnectionConfig::new();
    let mut connection = open_located(demand, &config, settings, protocol, plain).await?;
    let took = began.elapsed();
    let answer: RedisResult<Value> = redis::cmd("ROLE").query_async(&mut connection).await;
    let role = match answer.ok().as_ref().and_then(Role::of_role) {
        Some(Role::Primary) => ServerRole::Primary,
        Some(Role::Replica) => ServerRole::Replica,
        None => ServerRole::Unknown,
    };
    let mode = mode(&mut connection).await;
    Ok(CheckedServer {
        address: config.address(),
        nodes: Vec::new(),
        role,
        is_cluster_node: mode.as_deref() == Some("cluster"),
        is_cluster_down: false,
        took,
    })
}

/// Opens a connection of redis-rs to the server that `config` names, logged in and probed. It
/// belongs to no component and follows no config. Of a service with sentinels it is the primary, of
/// a cluster the first seed.
///
/// The timeouts are those of `settings`, unless the config has its own. Pushes, as `connection` may
/// ask for them, need [`ProtocolVersion::RESP3`].
///
/// # Errors
///
/// Returns an error if the server cannot be used, and [`ErrorKind::Disabled`] if the config
/// switches its component off.
///
/// # Panics
///
/// Panics outside of a tokio runtime with its I/O and time drivers.
pub async fn open_connection(
    config: &ComponentConfig,
    settings: &Settings,
    protocol: ProtocolVersion,
    connection: AsyncConnectionConfig,
) -> Result<MultiplexedConnection, Error> {
    demand_enabled(config)?;
    let config = config.resolve(settings).await?;
    let config = located(&config, settings).await?;
    // The caller may be after a sentinel, or a node of a cluster.
    let demand = Demand::of(config.endpoint()).whatever_mode();
    open_located(demand, &config, settings, protocol, connection).await
}

impl ComponentConfig {
    /// Returns the config with what its user names, passwords, certificates and keys refer to, as
    /// it is in this process now. It is written as before, and its [`digest`](Self::digest) covers
    /// the user names and passwords themselves.
    ///
    /// The runtime does this for every config that it follows, and again when something changes.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::ReferenceUnavailable`](crate::ErrorKind::ReferenceUnavailable) if
    /// something cannot be read within the connect timeout,
    /// [`ErrorKind::ConfigInvalid`](crate::ErrorKind::ConfigInvalid) if this process does not have
    /// it, and
    /// [`ErrorKind::ForbiddenByPolicy`](crate::ErrorKind::ForbiddenByPolicy) if it must not be. The
    /// error names the field.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime with its time driver.
    pub async fn resolve(&self, settings: &Settings) -> Result<Self, Error> {
        settings.allowed().demand_usable()?;
        let bound = settings.timeouts().of(self).connect;
        let resolved = resolve(self, &Sources::new(settings), bound).await;
        resolved.map_err(|failure| Error::new(failure.cause.error_kind(), failure.message))
    }
}

fn demand_enabled(config: &ComponentConfig) -> Result<(), Error> {
    if config.is_disabled() {
        let text = "the config says `\"disabled\": true`; it has no server to connect to";
        return Err(Error::new(ErrorKind::Disabled, text));
    }
    Ok(())
}

/// Returns the config with the primary that its sentinels name, if it names any.
async fn located(config: &ComponentConfig, settings: &Settings) -> Result<ComponentConfig, Error> {
    let Some(sentinels) = config.sentinels() else {
        return Ok(config.clone());
    };
    let connect = settings.timeouts().of(config).connect;
    let (watcher, watching) = Watcher::new(
        sentinels,
        settings.allowed(),
        &Sources::new(settings),
        connect,
    );
    tokio::spawn(watching);
    let mut found = watcher.subscribe();
    let found = found
        .wait_for(|found| found.primary.is_some() || found.problem.is_some())
        .await
        .map(|found| found.clone())
        .unwrap_or_default();
    match (found.primary, found.problem) {
        (Some(primary), _) => Ok(config.clone().with_primary(Some(primary))),
        (None, problem) => {
            let problem = problem.unwrap_or_else(NoPrimary::watch_ended);
            Err(unusable(config, &problem.into()))
        }
    }
}

async fn open_located(
    demand: Demand,
    config: &ComponentConfig,
    settings: &Settings,
    protocol: ProtocolVersion,
    connection: AsyncConnectionConfig,
) -> Result<MultiplexedConnection, Error> {
    let timeouts = settings.timeouts().of(config);
    let opened = async {
        let allowed = settings.allowed();
        let node = Node::prepare_for(demand, config, allowed, timeouts.connect).await?;
        asynchronous::open(&node, protocol, timeouts, connection).await
    };
    let opened = opened.await.map_err(|failure| unusable(config, &failure))?;
    let (connection, driver) = opened.into_parts();
    tokio::spawn(driver);
    Ok(connection)
}

/// Returns the mode that the server runs in, as `HELLO` tells everybody since version 6.
async fn mode(connection: &mut MultiplexedConnection) -> Option<String> {
    let answer: RedisResult<HashMap<String, Value>> =
        redis::cmd("HELLO").query_async(connection).await;
    let mode = answer.ok()?.remove("mode")?;
    redis::from_redis_value(mode).ok()
}

/// Returns `true` if a node says that its cluster is down.
async fn is_down(client: &AsyncClient) -> bool {
    let mut asking = redis::cmd("CLUSTER");
    asking.arg("INFO");
    let answer = client.send(&mut None, &asking, &|| true).await;
    let info: Option<String> = answer
        .ok()
        .and_then(|answer| redis::from_redis_value(answer).ok());
    info.is_some_and(|info| {
        info.lines()
            .any(|line| line.trim_end() == "cluster_state:fail")
    })
}

/// Connects to all primaries of a cluster.
async fn open_cluster(
    config: &ComponentConfig,
    settings: &Settings,
) -> Result<AsyncClient, Failure> {
    let opening = Opening {
        config: Arc::new(config.clone()),
        policy: Arc::clone(settings.allowed()),
        is_fixed: true,
        connections: 1,
        timeouts: settings.timeouts().of(config),
        // A tool has no component that an event could name.
        subject: Subject {
            component: String::new(),
            key: String::new(),
        },
        background: None,
        shared: Arc::new(Shared::default()),
    };
    AsyncClient::open(opening).await
}

fn unusable(config: &ComponentConfig, failure: &Failure) -> Error {
    let server = config.address();
    let reason = &failure.message;
    let subject = config.endpoint().subject();
    let text = format!("{subject} cannot be used: {reason}");
    Error::new(failure.cause.error_kind(), text).at(&server)
}
