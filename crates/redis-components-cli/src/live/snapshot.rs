//! The picture of a moment, as data.

use serde::Serialize;

use super::changes::Change;
use super::info::Role;
use super::moves::Move;
use crate::fleet::counts::Counts;
use crate::fleet::row::Row;
use crate::fleet::silent::Silent;

/// What happens now.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(
    test,
    derive(serde::Deserialize),
    serde(bound(deserialize = "'de: 'static"))
)]
pub(crate) struct Snapshot {
    /// When this was put together.
    pub(crate) at: String,
    pub(crate) config_server: ConfigServer,
    pub(crate) components: Vec<Component>,
    pub(crate) servers: Vec<Server>,
    /// What each process says about each component; `None` if the config server does not show it.
    pub(crate) processes: Option<Vec<Row>>,
    pub(crate) silent: Option<Vec<Silent>>,
    pub(crate) moves: Vec<Move>,
    pub(crate) problems: Vec<Problem>,
}

/// The config server, and how old is what it has said.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct ConfigServer {
    pub(crate) server: String,
    /// Whether it answers.
    pub(crate) up: bool,
    /// Since when it does not answer.
    pub(crate) lost_since: Option<String>,
    /// When it answered last.
    pub(crate) read_at: String,
    pub(crate) age_seconds: f64,
    /// Whether it pushes changes; otherwise it is read again and again.
    pub(crate) pushes: bool,
    pub(crate) commands_per_second: Option<f64>,
}

/// A component, its config and its processes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct Component {
    pub(crate) component: String,
    pub(crate) key: String,
    pub(crate) endpoint: Option<String>,
    /// The servers there: one, or the primaries of a cluster.
    pub(crate) servers: Vec<String>,
    pub(crate) digest: Option<String>,
    pub(crate) since: Option<String>,
    pub(crate) disabled: bool,
    pub(crate) fleet: Option<Counts>,
    pub(crate) canary: Option<Canary>,
    pub(crate) problem: Option<String>,
    /// The newest changes, the newest first; `None` if the config server does not show them.
    pub(crate) changes: Option<Vec<Change>>,
}

/// A config that a share of the processes tries.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct Canary {
    pub(crate) digest: String,
    pub(crate) percent: f64,
}

/// A server of components, of a move, or one that a component has left.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct Server {
    pub(crate) server: String,
    /// The components that are there.
    pub(crate) components: Vec<String>,
    /// Whether no component and no move names it any more.
    pub(crate) left: bool,
    pub(crate) up: bool,
    pub(crate) role: Option<Role>,
    /// Of all its clients and all databases, without those of this program.
    pub(crate) commands_per_second: Option<f64>,
    /// Since it began.
    pub(crate) commands: Option<u64>,
    pub(crate) clients: Option<u64>,
    pub(crate) used_memory: Option<u64>,
    pub(crate) keys: Option<u64>,
    pub(crate) version: Option<String>,
    pub(crate) problem: Option<String>,
}

/// Something that a person should look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct Problem {
    pub(crate) component: Option<String>,
    pub(crate) server: Option<String>,
    pub(crate) process: Option<String>,
    pub(crate) problem: String,
}

impl Snapshot {
    /// Returns how many processes report.
    pub(crate) fn process_count(&self) -> Option<usize> {
        let rows = self.processes.as_ref()?;
        let mut names: Vec<_> = rows
            .iter()
            .map(|row| (&row.application, &row.instance))
            .collect();
        names.sort_unstable();
        names.dedup();
        Some(names.len())
    }
}
