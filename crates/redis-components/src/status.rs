//! Where each component is, for people and health checks.

use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Serialize, Serializer};

use crate::config::ComponentConfig;
use crate::config::endpoint::{Address, Endpoint};
use crate::config::reference::Written;
use crate::receipts::process::within_rfc_3339;
use crate::scope;
use crate::slot::Slot;

/// Returns the state of every component that this process has used, under the settings that hold
/// here.
///
/// Returns nothing before the settings are installed or a component is used, and nothing outside
/// every scope, in a process that uses [`Settings::scope`](crate::Settings::scope) only.
#[must_use]
pub fn status() -> Status {
    let registry = scope::registry_in_force();
    let slots = registry.map_or_else(Vec::new, |registry| registry.slots());
    Status {
        components: slots.iter().map(|slot| ComponentStatus::of(slot)).collect(),
    }
}

/// See [`status`].
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// The components in use, sorted by name.
    pub components: Vec<ComponentStatus>,
}

/// The state of one component in this process.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ComponentStatus {
    /// The component's name.
    pub component: String,
    /// The key of its config on the config server.
    pub key: String,
    /// The address of the config server that answers, or `None` if the config is fixed. Before the
    /// first answer, the addresses of all that may be used.
    pub config_server: Option<String>,
    /// How changes of the config are noticed.
    pub source: ConfigSource,
    /// The config in force, or `None` before the first successful call.
    pub current: Option<CurrentConfig>,
    /// Seconds since the config was last known to be the one on the config server. `None` before
    /// that server first answered, and if the config is fixed.
    pub proof_age_seconds: Option<f64>,
    /// Why the newest config is not in force, or why no config is.
    pub problem: Option<String>,
    /// What should be mended although the config is followed: which of several config servers are
    /// not used and why, why following is needlessly expensive, or why the file of last good configs
    /// is of no use.
    pub warning: Option<String>,
    /// Set while the component runs on a config from the file of last good configs, because the
    /// config server has given none since the process started.
    pub last_good: Option<LastGood>,
    /// The config that is made ready to come next, if the control key of the fleet names one.
    pub candidate: Option<CandidateStatus>,
    /// Connections of earlier generations, or of clients that were replaced, that are still in use:
    /// asynchronous handles and blocking pools. All `MultiplexedConnection`s on one socket count as
    /// one. Other types of redis-rs cannot be counted.
    pub old_connections: usize,
}

/// A config from the [file of last good configs](crate::Settings::last_good_file) that is in force.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LastGood {
    /// The file.
    pub file: PathBuf,
    /// The time since which the config stands in for the one on the config server.
    #[serde(serialize_with = "rfc3339")]
    pub since: SystemTime,
    /// The time at which the config was saved.
    #[serde(serialize_with = "rfc3339")]
    pub saved: SystemTime,
}

/// A config that is made ready before it comes into force. It takes the commands that the server in
/// force refuses because it has become a replica.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CandidateStatus {
    /// The id that the control key gives it.
    pub id: String,
    /// The address of its server.
    pub server: String,
    /// Whether every runtime that calls the component has a client of it, and so have threads if
    /// they call it.
    pub is_ready: bool,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// How changes of a config are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ConfigSource {
    /// The config server pushes changes.
    Push,
    /// The config is read again when a call finds its proof older than the component's `wait`.
    Poll,
    /// The config is given by [`Settings::fixed`](crate::Settings::fixed) and does not change.
    Fixed,
}

/// A kind of endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndpointKind {
    /// One server over TCP or TLS.
    Server,
    /// One server on this machine, over a unix socket.
    UnixSocket,
    /// The primary that sentinels name.
    Sentinels,
    /// A cluster.
    Cluster,
}

/// A config in force, without its password.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CurrentConfig {
    /// 1 for the first config of this process, one more with every change.
    pub generation: u64,
    /// The time at which it came into force.
    #[serde(serialize_with = "rfc3339")]
    pub since: SystemTime,
    /// The kind of endpoint that the config names.
    pub endpoint: EndpointKind,
    /// Whether the server is reached over TLS.
    pub tls: bool,
    /// The server's name or address, or what stands for it.
    pub host: String,
    /// The server's port, or 0 if it has none.
    pub port: u16,
    /// The primaries of a cluster, as `host:port`, in the order of their hash slots. Empty for a
    /// single server, and before the first call.
    pub nodes: Vec<String>,
    /// The database's number.
    pub db: u32,
    /// The user of the login, or where its name stands.
    pub username: Option<String>,
    /// Whether there is a password.
    pub has_password: bool,
    /// What its sentinels say, if the config names sentinels.
    pub sentinels: Option<SentinelsStatus>,
    /// A digest of the config without its password: 16 hexadecimal digits, the same in every
    /// process that runs the same config.
    pub digest: String,
}

/// How sentinels found the server of a config in force.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SentinelsStatus {
    /// The name that the sentinels know the server by.
    pub service: String,
    /// The count of fail-overs that chose the server, if the sentinels tell it.
    pub epoch: Option<u64>,
}

impl ComponentStatus {
    fn of(slot: &Slot) -> Self {
        let (problem, old_connections) = slot.pending();
        Self {
            component: slot.component().to_owned(),
            key: slot.key().to_owned(),
            config_server: slot.server().map(|server| server.address().to_string()),
            source: slot.server().map_or(ConfigSource::Fixed, |server| {
                if server.is_pushing() {
                    ConfigSource::Push
                } else {
                    ConfigSource::Poll
                }
            }),
            current: slot.published().map(|published| CurrentConfig {
                nodes: published.clients.nodes(),
                ..CurrentConfig::of(published.generation, published.since, &published.config)
            }),
            proof_age_seconds: slot.watched().proof_age().map(|age| age.as_secs_f64()),
            problem,
            warning: slot.server().and_then(|server| server.warning()),
            last_good: LastGood::of(slot),
            candidate: CandidateStatus::of(slot),
            old_connections,
        }
    }
}

impl EndpointKind {
    fn of(endpoint: &Endpoint) -> Self {
        match endpoint {
            Endpoint::Server(Address::Tcp { .. }) => Self::Server,
            Endpoint::Server(Address::Unix(_)) => Self::UnixSocket,
            Endpoint::Sentinels(_) => Self::Sentinels,
            Endpoint::Cluster(_) => Self::Cluster,
        }
    }
}

impl LastGood {
    fn of(slot: &Slot) -> Option<Self> {
        let file = slot.server()?.last_good_file()?.to_owned();
        let target = slot.watched().target();
        let from_file = target.from_file?;
        let published = slot.published()?;
        (target.config.as_ref() == Some(&published.config)).then_some(Self {
            file,
            since: from_file.since,
            saved: from_file.saved,
        })
    }
}

impl CandidateStatus {
    fn of(slot: &Slot) -> Option<Self> {
        let candidate = slot.candidate()?;
        let (is_ready, problem) = slot.readiness_of(&candidate);
        Some(Self {
            id: candidate.id().to_owned(),
            server: candidate.config()?.address(),
            is_ready,
            problem,
        })
    }
}

impl CurrentConfig {
    fn of(generation: u64, since: SystemTime, config: &ComponentConfig) -> Self {
        let login = config.written_login();
        let (host, port) = match config.endpoint().server() {
            Some(Address::Tcp { host, port }) => (host.clone(), *port),
            _ => (config.address(), 0),
        };
        Self {
            generation,
            since,
            endpoint: EndpointKind::of(config.endpoint()),
            tls: config.tls_options().is_some(),
            host,
            port,
            nodes: Vec::new(),
            db: config.db_number(),
            username: login.username.as_ref().map(|username| match username {
                Written::Here(name) => name.clone(),
                Written::Elsewhere(at) => at.to_string(),
            }),
            has_password: login.password.is_some(),
            sentinels: config.sentinels().map(|sentinels| SentinelsStatus {
                service: sentinels.service.clone(),
                epoch: sentinels.primary.as_ref().and_then(|primary| primary.epoch),
            }),
            digest: config.written_digest(""),
        }
    }
}

/// Writes a time as RFC 3339, in UTC.
fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(within_rfc_3339(*time)))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use serde::Serialize;

    #[derive(Serialize)]
    struct At(#[serde(serialize_with = "super::rfc3339")] SystemTime);

    #[test]
    fn times_are_written_as_rfc_3339() {
        let second = Duration::from_secs(1);
        for (time, expected) in [
            (
                UNIX_EPOCH + second * 1_700_000_000,
                "2023-11-14T22:13:20.000Z",
            ),
            (UNIX_EPOCH - second, "1970-01-01T00:00:00.000Z"),
            (
                UNIX_EPOCH + second * 4_000_000_000 * 100,
                "9999-12-31T23:59:59.000Z",
            ),
        ] {
            let written = serde_json::to_string(&At(time)).unwrap();
            assert_eq!(written, format!("{expected:?}"));
        }
    }
}
