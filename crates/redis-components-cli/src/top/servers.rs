//! The page of all servers.

use ratatui::text::Line;

use super::looks::{style, table};
use super::words::{Weight, bytes, number, rate};
use crate::live::{Role, Server, Snapshot};

pub(super) fn lines(snapshot: &Snapshot, width: u16) -> Vec<Line<'static>> {
    let servers: Vec<_> = snapshot.servers.iter().collect();
    let mut lines = of(&servers, width);
    if snapshot.servers.iter().any(|server| server.left) {
        lines.push(Line::raw(""));
        lines.push(Line::raw(
            "(left): its components went elsewhere less than ten minutes ago.",
        ));
    }
    lines
}

/// Returns servers as a table.
pub(super) fn of(servers: &[&Server], width: u16) -> Vec<Line<'static>> {
    let cells = servers.iter().map(|server| {
        let components = match &*server.components {
            [] if server.left => "(left)".to_owned(),
            [] => "(target of a move)".to_owned(),
            names => names.join(","),
        };
        let last = match &server.problem {
            Some(problem) => problem.clone(),
            None => components,
        };
        [
            server.server.clone(),
            server.role.map_or("-", Role::name).to_owned(),
            rate(server.commands_per_second),
            number(server.clients),
            bytes(server.used_memory),
            number(server.keys),
            last,
        ]
    });
    let names = [
        "server",
        "role",
        "calls/s",
        "clients",
        "memory",
        "keys",
        "components",
    ];
    let mut lines = table(names, &cells.collect::<Vec<_>>(), width);
    for (line, server) in lines.iter_mut().skip(1).zip(servers) {
        if server.problem.is_some() && !server.left {
            line.style = style(Weight::Bad);
        }
    }
    lines
}
