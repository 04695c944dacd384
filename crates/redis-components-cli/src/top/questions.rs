//! What is asked of a picture to draw it.

use crate::live::{Component, Move, Problem, Progress, Role, Snapshot};

impl Snapshot {
    /// Returns `true` if each server's rate is known, or why it is not.
    pub(crate) fn is_complete(&self) -> bool {
        let mut components = self.components.iter();
        let is_looked_at = components.all(|component| {
            let mut servers = component.servers.iter();
            servers.all(|name| self.servers.iter().any(|server| server.server == *name))
        });
        let mut servers = self.servers.iter();
        is_looked_at
            && servers
                .all(|server| server.commands_per_second.is_some() || server.problem.is_some())
    }

    /// Returns the commands a second of a component's servers, if all are known.
    pub(super) fn rate_of(&self, component: &Component) -> Option<f64> {
        let servers = component.servers.iter();
        let rates = servers.map(|name| {
            let mut all = self.servers.iter();
            all.find(|server| server.server == *name)?
                .commands_per_second
        });
        let rates: Option<Vec<f64>> = rates.collect();
        rates
            .filter(|rates| !rates.is_empty())
            .map(|rates| rates.iter().sum())
    }

    /// Returns the move that a component is in.
    pub(super) fn move_of(&self, component: &str) -> Option<&Move> {
        let mut moves = self.moves.iter();
        moves.find(|moving| moving.components.iter().any(|name| name == component))
    }

    /// Returns how many problems concern a component: its own, its processes', its servers'.
    pub(super) fn problems_of(&self, component: &Component) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| {
            problem.component.as_deref() == Some(&*component.component)
                || (problem.component.is_none()
                    && problem
                        .server
                        .as_ref()
                        .is_some_and(|server| component.servers.contains(server)))
        })
    }
}

impl Problem {
    /// Returns what it is about.
    pub(super) fn subject(&self) -> String {
        let parts = [&self.component, &self.process, &self.server];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        parts.join(" ")
    }
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
        }
    }
}

impl Progress {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Of(state) => state.name(),
            Self::Unclear => "unclear, see move --status",
        }
    }
}
