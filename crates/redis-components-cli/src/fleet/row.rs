//! What a process says about a component, as rows.

use std::time::UNIX_EPOCH;

use redis_components::receipts::{ComponentReceipt, Process, Receipt};
use serde::Serialize;

use crate::time::of_unix;

/// A component in a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct Row {
    pub(crate) component: String,
    pub(crate) application: String,
    pub(crate) instance: String,
    pub(crate) host: String,
    pub(crate) pid: u32,
    pub(crate) applied: Option<String>,
    pub(crate) seen: Option<String>,
    pub(crate) state: &'static str,
    pub(crate) reason: Option<String>,
    pub(crate) generation: u64,
    pub(crate) old_connections: u64,
    /// When the config in force came into force.
    pub(crate) at: Option<String>,
}

impl Row {
    pub(crate) fn new(process: &Process, component: &str, receipt: &ComponentReceipt) -> Self {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let at = receipt.since().and_then(|since| {
            let seconds = since.duration_since(UNIX_EPOCH).ok()?.as_secs();
            of_unix(seconds)
        });
        Self {
            component: component.to_owned(),
            application: process.application().to_owned(),
            instance: process.instance().to_owned(),
            host: process.host().to_owned(),
            pid: process.pid(),
            applied: text(receipt.applied()),
            seen: text(receipt.seen()),
            state: receipt.state().name(),
            reason: text(receipt.reason()),
            generation: receipt.generation(),
            old_connections: receipt.old_connections(),
            at,
        }
    }

    /// Returns the rows of one process.
    pub(crate) fn all(receipt: &Receipt) -> impl Iterator<Item = Self> {
        let process = receipt.process();
        let components = receipt.components();
        components.map(|(name, component)| Self::new(process, name, component))
    }

    /// Returns what rows are sorted by.
    pub(crate) fn order(&self) -> [&str; 3] {
        [&self.component, &self.application, &self.instance]
    }

    /// Returns what to call the process.
    pub(crate) fn process(&self) -> String {
        format!("{}:{}", self.application, self.instance)
    }
}
