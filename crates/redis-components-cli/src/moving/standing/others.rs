//! Other components that have, or get, data on the servers of a move.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use redis_components::ComponentConfig;
use serde_json::Value;

use crate::disabled::is_disabled;
use crate::failure::Failure;
use crate::lines::warn_once;
use crate::moving::records::plan::fields;
use crate::moving::records::record::Record;
use crate::moving::servers::host::{is_one_of, names_of};
use crate::moving::servers::identity::{runs_behind, runs_of};
use crate::moving::servers::link::Place;
use crate::session::Session;
use crate::text::named;

/// Other components that use a server.
#[derive(Debug, Default)]
pub(crate) struct Others {
    /// Those whose configs name it, and those whose data moves from or to it, with the config that does.
    components: BTreeMap<String, String>,
    /// Those whose canaries name it.
    canaries: BTreeSet<String>,
}

impl Others {
    /// Returns what to do: this about components, and about canaries how they end.
    pub(crate) fn advice(&self, of_components: &str) -> String {
        self.advice_along(of_components, |_, _| None)
    }

    /// As [`advice`](Self::advice), to name components so that they move along. `how` says of a component
    /// and its config what to set before, if it cannot as it is.
    pub(crate) fn advice_along(
        &self,
        of_components: &str,
        how: impl Fn(&str, &str) -> Option<String>,
    ) -> String {
        let first = |(name, text): (&String, &String)| how(name, text);
        let first: Vec<_> = self.components.iter().filter_map(first).collect();
        let mut advice = Vec::new();
        if first.len() < self.components.len() {
            advice.push(of_components.to_owned());
        }
        if !first.is_empty() {
            advice.push(format!(
                "let a config name the server as that of the component that moves does: {}; then name it \
                with --with",
                named(first.into_iter())
            ));
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
        let all = self.components.keys().cloned().chain(canaries);
        formatter.write_str(&named(all))
    }
}

/// A config of another component that is in force, or may come into force.
struct Use {
    component: String,
    text: String,
    is_canary: bool,
}

impl Others {
    fn add(&mut self, used: Use) {
        if used.is_canary {
            self.canaries.insert(used.component);
        } else {
            // The config in force comes before those of a move that is under way.
            self.components.entry(used.component).or_insert(used.text);
        }
    }
}

/// Returns the other components that use one of the servers, perhaps by other names of it; nothing if
/// there are none. Warns of those whose servers cannot be asked who they are.
///
/// # Errors
///
/// Returns an error if the config server does not show them.
pub(crate) async fn others(
    session: &Session,
    record: &Record,
    servers: &[&Place],
) -> Result<Option<Others>, Failure> {
    let mut others = Others::default();
    let mut unnamed = Vec::new();
    for used in uses(session, record).await? {
        if names_one_of(&used.component, &used.text, servers).await {
            others.add(used);
        } else {
            unnamed.push(used);
        }
    }
    for used in answered_by(servers, unnamed).await {
        others.add(used);
    }
    let is_empty = others.components.is_empty() && others.canaries.is_empty();
    Ok((!is_empty).then_some(others))
}

/// Returns the configs of all components but those of the move.
async fn uses(session: &Session, record: &Record) -> Result<Vec<Use>, Failure> {
    let components = session.components().await?;
    let found = session.read_all(&components).await;
    let control = session.control().await?;
    let mut uses = Vec::new();
    for (component, bytes) in components.into_iter().zip(found) {
        if record.old.contains_key(&component) {
            continue;
        }
        let bytes = bytes.ok().flatten().unwrap_or_default();
        let mut texts = vec![String::from_utf8_lossy(&bytes).into_owned()];
        if let Some(other) = session.record(&component).await? {
            texts.extend(other.old.into_values().chain(other.new.into_values()));
        }
        let canary = control.canary(&component);
        let canary = canary.map(|canary| (canary.config.to_string(), true));
        let texts = texts.into_iter().map(|text| (text, false));
        for (text, is_canary) in texts.chain(canary) {
            uses.push(Use {
                component: component.clone(),
                text,
                is_canary,
            });
        }
    }
    Ok(uses)
}

/// Returns the configs that one of the servers answers, though they name it in another way.
async fn answered_by(servers: &[&Place], uses: Vec<Use>) -> Vec<Use> {
    let asked = uses.into_iter().filter_map(|used| {
        let config = ComponentConfig::from_json(&used.text).ok()?;
        // What is switched off reaches no server. The nodes of a cluster are told by their names.
        let is_asked = !is_disabled(&config) && fields(&used.text).get("cluster").is_none();
        is_asked.then_some((used, config))
    });
    let (uses, configs): (Vec<_>, Vec<_>) = asked.unzip();
    if uses.is_empty() {
        return uses;
    }
    let runs = runs_of(servers).await;
    if runs.is_empty() {
        return Vec::new();
    }
    let answers = runs_behind(configs).await;
    let is_answered = |(used, answer): (Use, Result<String, String>)| match answer {
        Ok(run) => runs.contains(&run).then_some(used),
        Err(why) => {
            warn_once(&format!(
                "the server of `{}` could not be asked if it is one of this move under another name: {why}; \
                if it is, `{0}` must move with it (--with), or away from it",
                used.component
            ));
            None
        }
    };
    uses.into_iter()
        .zip(answers)
        .filter_map(is_answered)
        .collect()
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
