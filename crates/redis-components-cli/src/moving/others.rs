//! Other components that have, or get, data on the servers of a move.

use std::fmt;

use serde_json::Value;

use super::host::{is_one_of, names_of};
use super::link::Place;
use super::record::Record;
use crate::failure::Failure;
use crate::session::Session;
use crate::text::named;

/// Other components that use a server.
#[derive(Debug, Default)]
pub(crate) struct Others {
    /// Those whose configs name it, and those whose data moves from or to it.
    components: Vec<String>,
    /// Those whose canaries name it.
    canaries: Vec<String>,
}

impl Others {
    /// Returns what to do: this about components, and about canaries how they end.
    pub(crate) fn advice(&self, of_components: &str) -> String {
        let mut advice = Vec::new();
        if !self.components.is_empty() {
            advice.push(of_components.to_owned());
        }
        if !self.canaries.is_empty() {
            let ends = self
                .canaries
                .iter()
                .map(|name| format!("`canary {name} abort`"));
            advice.push(format!("end each canary: {}", named(ends)));
        }
        advice.join("; ")
    }
}

impl fmt::Display for Others {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let canaries = self
            .canaries
            .iter()
            .map(|name| format!("the canary of {name}"));
        let all = self.components.iter().cloned().chain(canaries);
        formatter.write_str(&named(all))
    }
}

/// Returns the other components that use one of the servers, perhaps by other names of it; nothing if
/// there are none.
///
/// # Errors
///
/// Returns an error if the config server does not show them.
pub(crate) async fn others(
    session: &Session,
    record: &Record,
    servers: &[&Place],
) -> Result<Option<Others>, Failure> {
    let components = session.components().await?;
    let found = session.read_all(&components).await;
    let control = session.control().await?;
    let mut others = Others::default();
    for (component, bytes) in components.into_iter().zip(found) {
        if record.old.contains_key(&component) {
            continue;
        }
        let bytes = bytes.ok().flatten().unwrap_or_default();
        let mut texts = vec![String::from_utf8_lossy(&bytes).into_owned()];
        if let Some(other) = session.record(&component).await? {
            texts.extend(other.old.into_values().chain(other.new.into_values()));
        }
        if let Some(canary) = control.canary(&component)
            && names_one_of(&component, &canary.config.to_string(), servers).await
        {
            others.canaries.push(component.clone());
        }
        for text in texts {
            if names_one_of(&component, &text, servers).await {
                others.components.push(component);
                break;
            }
        }
    }
    let is_empty = others.components.is_empty() && others.canaries.is_empty();
    Ok((!is_empty).then_some(others))
}

/// Returns `true` if a config names one of the servers, or a cluster with one of them. Any other config
/// has its data elsewhere.
async fn names_one_of(component: &str, text: &str, servers: &[&Place]) -> bool {
    if let Ok(place) = Place::of_config(component, text) {
        for server in servers {
            if place.is_same(server).await {
                return true;
            }
        }
    }
    let config: Value = serde_json::from_str(text).unwrap_or_default();
    let seeds = config["cluster"].as_array().into_iter().flatten();
    for seed in seeds.filter_map(Value::as_str) {
        let Some((host, port)) = seed.rsplit_once(':') else {
            continue;
        };
        for server in servers {
            let is_port = port == server.port.to_string();
            if is_port && is_one_of(&names_of(&server.host).await, host).await {
                return true;
            }
        }
    }
    false
}
