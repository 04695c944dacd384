//! What the config server has said, put together with what was seen of servers.

use std::collections::BTreeMap;
use std::time::Instant;

use redis_components::ComponentConfig;

use super::changes::endpoint;
use super::configs::Configs;
use super::info::Role;
use super::moves::{Move, configs, shown};
use super::nodes::{Moving, Reading, place};
use super::snapshot::{Component, ConfigServer, Problem, Server, Snapshot};
use crate::fleet::row::Row;
use crate::fleet::silent::Silent;
use crate::moving::records::record::Record;
use crate::text::named;
use crate::time::now;

/// What the config server has said.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) server: String,
    pub(super) pushes: bool,
    pub(super) rate: Option<f64>,
    pub(super) read_at: String,
    pub(super) read: Instant,
    /// Why and since when the config server does not answer.
    pub(super) lost: Option<(String, String)>,
    pub(super) configs: Configs,
    pub(super) processes: Option<Vec<Row>>,
    pub(super) silent: Option<Vec<Silent>>,
    pub(super) records: Vec<Record>,
    /// What the config server does not show, and why.
    pub(super) hidden: Vec<String>,
}

/// A place that configs name.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) configs: Vec<ComponentConfig>,
    pub(super) components: Vec<String>,
    /// Whether a component or a move names it.
    is_in_use: bool,
    pub(super) moving: Moving,
}

impl Known {
    /// Returns the places to look at.
    pub(super) fn places(&self) -> BTreeMap<String, Named> {
        let mut places: BTreeMap<String, Named> = BTreeMap::new();
        let moving = self.records.iter().flat_map(configs);
        let moving = moving.map(|config| (config, None, true));
        let current = self.configs.current.iter();
        let current = current.map(|(name, config)| (config.clone(), Some(name), true));
        let left = self
            .configs
            .left
            .iter()
            .map(|config| (config.clone(), None, false));
        for (config, component, is_in_use) in current.chain(moving).chain(left) {
            if endpoint(&config).is_none() {
                continue;
            }
            let named = places.entry(place(&config)).or_default();
            named.components.extend(component.cloned());
            named.is_in_use |= is_in_use;
            if !named.configs.contains(&config) {
                named.configs.push(config);
            }
        }
        for record in &self.records {
            let copy = record.copy.as_ref();
            let may_be_fenced =
                record.fence.is_some() || copy.is_some_and(|note| !note.fences.is_empty());
            for config in configs(record) {
                if let Some(named) = places.get_mut(&place(&config)) {
                    named.moving.is_moving = true;
                    named.moving.may_be_fenced |= may_be_fenced;
                }
            }
        }
        places
    }

    /// Returns the picture, with what was seen of the servers of each place.
    pub(super) fn snapshot(
        &self,
        places: &BTreeMap<String, Named>,
        readings: &BTreeMap<String, Vec<Reading>>,
    ) -> Snapshot {
        let mut servers: BTreeMap<String, Server> = BTreeMap::new();
        let mut by_address = BTreeMap::new();
        for (place, named) in places {
            for reading in readings.get(place).into_iter().flatten() {
                let seen = server(reading, named);
                by_address.insert(reading.server.clone(), reading.clone());
                servers
                    .entry(reading.server.clone())
                    .and_modify(|known| merge(known, &seen))
                    .or_insert(seen);
            }
        }
        let components: Vec<Component> = self
            .configs
            .components
            .iter()
            .map(|component| self.located(component, readings))
            .collect();
        let moves: Vec<Move> = self
            .records
            .iter()
            .map(|record| shown(record, &self.configs.current, &by_address, readings))
            .collect();
        let servers: Vec<Server> = servers.into_values().collect();
        let problems = self.problems(&components, &servers, &moves);
        Snapshot {
            at: now(),
            config_server: ConfigServer {
                server: self.server.clone(),
                up: self.lost.is_none(),
                lost_since: self.lost.as_ref().map(|(_, since)| since.clone()),
                read_at: self.read_at.clone(),
                age_seconds: rounded(self.read.elapsed().as_secs_f64()),
                pushes: self.pushes,
                commands_per_second: self.rate.filter(|_| self.lost.is_none()).map(rounded),
            },
            components,
            servers,
            processes: self.processes.clone(),
            silent: self.silent.clone(),
            moves,
            problems,
        }
    }

    /// Returns the component with the servers at its place.
    fn located(
        &self,
        component: &Component,
        readings: &BTreeMap<String, Vec<Reading>>,
    ) -> Component {
        let config = self.configs.current.get(&component.component);
        let readings = config.and_then(|config| readings.get(&place(config)));
        let mut servers: Vec<String> = readings
            .into_iter()
            .flatten()
            .map(|reading| reading.server.clone())
            .collect();
        if servers.is_empty() {
            servers.extend(component.endpoint.clone());
        }
        Component {
            servers,
            ..component.clone()
        }
    }

    fn problems(
        &self,
        components: &[Component],
        servers: &[Server],
        moves: &[Move],
    ) -> Vec<Problem> {
        let about_server = |server: &str, problem: String| Problem {
            server: Some(server.to_owned()),
            problem,
            ..Problem::default()
        };
        let mut problems = Vec::new();
        if let Some((reason, _)) = &self.lost {
            problems.push(about_server(&self.server, reason.clone()));
        }
        for component in components.iter().filter(|component| !component.disabled) {
            problems.extend(component.problem.clone().map(|problem| Problem {
                component: Some(component.component.clone()),
                problem,
                ..Problem::default()
            }));
        }
        for server in servers.iter().filter(|server| !server.left) {
            problems.extend(
                server
                    .problem
                    .clone()
                    .map(|problem| about_server(&server.server, problem)),
            );
            let mut names = server.components.iter();
            let moves_along = |name: &String| moves.iter().any(|one| one.components.contains(name));
            if server.role == Some(Role::Replica)
                && !server.components.is_empty()
                && !names.any(moves_along)
            {
                let text = "it is a replica, and takes no writes unless it was made to";
                problems.push(about_server(&server.server, text.to_owned()));
            }
        }
        for row in self.processes.iter().flatten() {
            // A process that tries a config is behind for a moment.
            if ["ok", "ready", "disabled", "trying"].contains(&row.state) {
                continue;
            }
            let reason = row.reason.as_deref().map(|reason| format!(": {reason}"));
            problems.push(Problem {
                component: Some(row.component.clone()),
                process: Some(row.process()),
                problem: format!("{}{}", row.state, reason.unwrap_or_default()),
                ..Problem::default()
            });
        }
        if let Some(silent) = self.silent.as_ref().filter(|silent| !silent.is_empty()) {
            let names = named(silent.iter().map(Silent::shown));
            problems.push(about_server(
                &self.server,
                format!("silent, without a receipt: {names}"),
            ));
        }
        let hidden = self.hidden.iter();
        problems.extend(hidden.map(|text| about_server(&self.server, text.clone())));
        problems
    }
}

fn rounded(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}

fn server(reading: &Reading, named: &Named) -> Server {
    let info = reading.info.as_ref();
    Server {
        server: reading.server.clone(),
        components: named.components.clone(),
        left: !named.is_in_use,
        up: reading.answers,
        role: info.and_then(|info| info.role),
        commands_per_second: reading.rate.map(rounded),
        commands: info.and_then(|info| info.commands),
        clients: info.and_then(|info| info.clients),
        used_memory: info.and_then(|info| info.used_memory),
        keys: info.map(|info| info.keys),
        version: info.and_then(|info| info.version.clone()),
        problem: reading.problem.clone(),
    }
}

/// Adds what another place says of the same server: sentinels, or a cluster, may name it too.
fn merge(known: &mut Server, seen: &Server) {
    known.components.extend(seen.components.iter().cloned());
    known.components.sort_unstable();
    known.components.dedup();
    known.left &= seen.left;
    if known.problem.is_some() && seen.problem.is_none() {
        let (components, left) = (std::mem::take(&mut known.components), known.left);
        *known = Server {
            components,
            left,
            ..seen.clone()
        };
    }
}
