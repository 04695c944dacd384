//! The page of one component: its servers, its processes, and its changes.

use ratatui::text::Line;

use super::looks::{TITLE, cut, style, table};
use super::servers::of;
use super::words::{Weight, fleet, moment};
use crate::fleet::row::Row;
use crate::live::{Change, Component, Snapshot};

pub(super) fn lines(snapshot: &Snapshot, name: &str, width: u16) -> Vec<Line<'static>> {
    let mut components = snapshot.components.iter();
    let Some(component) = components.find(|component| component.component == name) else {
        let text = format!("There is no component `{name}` any more.");
        return vec![Line::raw(text)];
    };
    let mut lines = head(component);
    for problem in snapshot
        .problems_of(component)
        .filter(|one| one.process.is_none())
    {
        let text = cut(&problem.problem, usize::from(width));
        lines.push(Line::styled(text, style(Weight::Bad)));
    }
    if let Some(moving) = snapshot.move_of(name) {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let text = format!(
            "move {} -> {}: {}",
            text(&moving.from),
            text(&moving.to),
            moving.state.name()
        );
        lines.push(Line::styled(text, style(Weight::Notable)));
    }
    let servers: Vec<_> = snapshot
        .servers
        .iter()
        .filter(|server| component.servers.contains(&server.server))
        .collect();
    if !servers.is_empty() {
        lines.push(Line::raw(""));
        lines.extend(of(&servers, width));
    }
    let rows: Vec<&Row> = snapshot
        .processes
        .iter()
        .flatten()
        .filter(|row| row.component == name)
        .collect();
    lines.push(Line::raw(""));
    lines.extend(processes(&rows, width));
    if let Some(changes) = component
        .changes
        .as_ref()
        .filter(|changes| !changes.is_empty())
    {
        lines.push(Line::raw(""));
        lines.extend(history(changes, width));
    }
    lines
}

fn head(component: &Component) -> Vec<Line<'static>> {
    let digest = component.digest.as_deref().unwrap_or("-");
    let since = component.since.as_deref().map(moment);
    let mut lines = vec![
        Line::styled(
            format!("{}   fleet {}", component.component, fleet(component)),
            TITLE,
        ),
        Line::raw(format!(
            "config {digest} under {}, since {}",
            component.key,
            since.as_deref().unwrap_or("-")
        )),
    ];
    if let Some(canary) = &component.canary {
        let text = format!(
            "canary {} for {} % of the processes",
            canary.digest, canary.percent
        );
        lines.push(Line::styled(text, style(Weight::Notable)));
    }
    lines
}

/// Processes that need a look come first.
fn processes(rows: &[&Row], width: u16) -> Vec<Line<'static>> {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| row.state == "ok" && row.applied == row.seen);
    let short = |digest: &Option<String>| {
        let digest = digest.as_deref().unwrap_or("-");
        digest.chars().take(8).collect::<String>()
    };
    let cells = rows.iter().map(|row| {
        let newer = if row.applied == row.seen {
            "-".to_owned()
        } else {
            short(&row.seen)
        };
        [
            row.process(),
            row.state.to_owned(),
            short(&row.applied),
            newer,
            row.old_connections.to_string(),
            row.reason.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    });
    let names = ["process", "state", "runs", "newer", "old", "reason"];
    table(names, &cells.collect::<Vec<_>>(), width)
}

fn history(changes: &[Change], width: u16) -> Vec<Line<'static>> {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let cells = changes.iter().map(|change| {
        [
            change.n.to_string(),
            change.at.as_deref().map_or_else(|| "-".to_owned(), moment),
            text(&change.by),
            text(&change.endpoint),
            text(&change.reason),
        ]
    });
    let names = ["change", "at", "by", "server", "reason"];
    table(names, &cells.collect::<Vec<_>>(), width)
}
