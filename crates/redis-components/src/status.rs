//! Where each component is, for people and health checks.

use std::time::SystemTime;

use serde::Serialize;

use crate::ComponentConfig;
use crate::registry::Registry;
use crate::slot::Slot;

/// The state of every component that this process has used, under the settings that hold here.
///
/// Empty in code that is outside every scope of a process that uses [`Settings::scope`](crate::Settings::scope) only.
#[must_use]
pub fn status() -> Status {
    let slots = Registry::current().map_or_else(|_| Vec::new(), |registry| registry.slots());
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
    /// The config server's `host:port`; none where the config is fixed.
    pub config_server: Option<String>,
    /// How changes of the config are noticed.
    pub source: ConfigSource,
    /// The config in force; none before the first successful call.
    pub current: Option<CurrentConfig>,
    /// Seconds since the config was last known to be what the config server says; none before it first answered, and
    /// where the config is fixed.
    pub proof_age_seconds: Option<f64>,
    /// Why what the config server says now is not in force, or why nothing is.
    pub problem: Option<String>,
    /// Connections of earlier generations, or of clients that were replaced, that are still in use: asynchronous handles and
    /// blocking pools. Of redis-rs's own types, a `MultiplexedConnection` counts as one for each socket, however many there
    /// are; the others cannot be counted.
    pub old_connections: usize,
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

/// A config in force, without its password.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CurrentConfig {
    /// 1 for the first config of this process, one more with every change.
    pub generation: u64,
    /// Since when it is in force.
    pub since: SystemTime,
    /// The server's name or address.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// The database's number.
    pub db: u32,
    /// The user that is logged in as.
    pub username: Option<String>,
    /// Whether there is a password.
    pub has_password: bool,
    /// A digest of the config without its password: 16 hexadecimal digits that are the same in every process that runs
    /// the same config.
    pub digest: String,
}

impl ComponentStatus {
    fn of(slot: &Slot) -> Self {
        let (problem, old_connections) = slot.pending();
        Self {
            component: slot.component().to_owned(),
            key: slot.key().to_owned(),
            config_server: slot.server().map(|server| server.address().to_owned()),
            source: slot.server().map_or(ConfigSource::Fixed, |server| {
                if server.is_pushing() {
                    ConfigSource::Push
                } else {
                    ConfigSource::Poll
                }
            }),
            current: slot.published().map(|published| {
                CurrentConfig::of(published.generation, published.since, &published.config)
            }),
            proof_age_seconds: slot.watched().proof_age().map(|age| age.as_secs_f64()),
            problem,
            old_connections,
        }
    }
}

impl CurrentConfig {
    fn of(generation: u64, since: SystemTime, config: &ComponentConfig) -> Self {
        Self {
            generation,
            since,
            host: config.host().to_owned(),
            port: config.port_number(),
            db: config.db_number(),
            username: config.user().map(str::to_owned),
            has_password: config.has_password(),
            digest: config.digest(),
        }
    }
}
