//! The first page: all components, moves and problems.

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::prelude::Frame;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Table, TableState};

use super::looks::{CHOSEN, FAINT, TITLE, cut, style, table};
use super::words::{Weight, bytes, clock, fleet, rate, state};
use crate::live::{Component, Move, Problem, Snapshot};

/// Moves and problems get at most as many lines each.
const MOST: usize = 6;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, chosen: Option<usize>) {
    if snapshot.components.is_empty() {
        let text = "There is no component yet: `redis-components set NAME FILE --create` writes the \
            first config.";
        frame.render_widget(
            Paragraph::new(text).wrap(ratatui::widgets::Wrap { trim: true }),
            area,
        );
        return;
    }
    let moves = section("moves", moves(&snapshot.moves, area.width), usize::MAX);
    let problems: Vec<_> = snapshot
        .problems
        .iter()
        .map(|one| problem(one, area.width))
        .collect();
    // The components get at least half of the page.
    let room = usize::from(area.height / 2);
    let most = MOST.min(room.saturating_sub(moves.len()).saturating_sub(2));
    let problems = section("problems", problems, most);
    let below: Vec<Line<'static>> = moves.into_iter().chain(problems).collect();
    let height = u16::try_from(below.len())
        .unwrap_or(u16::MAX)
        .min(area.height / 2);
    let rows = [Constraint::Min(0), Constraint::Length(height)];
    let [above, under] = Layout::vertical(rows).areas(area);
    draw_components(frame, above, snapshot, chosen);
    frame.render_widget(Paragraph::new(below), under);
}

fn draw_components(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, chosen: Option<usize>) {
    let right = |text: String| Cell::from(Line::from(text).right_aligned());
    let rows = snapshot.components.iter().map(|component| {
        let (text, weight) = state(snapshot, component);
        Row::new([
            Cell::from(component.component.clone()),
            Cell::from(server(snapshot, component)),
            right(fleet(component)),
            right(rate(snapshot.rate_of(component))),
            Cell::from(Span::styled(format!(" {text}"), style(weight))),
        ])
    });
    let names = [
        Cell::from("COMPONENT"),
        Cell::from("SERVER"),
        right("FLEET".to_owned()),
        right("CALLS/S".to_owned()),
        Cell::from(" STATE"),
    ];
    let widths = [
        Constraint::Fill(4),
        Constraint::Fill(6),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Fill(5),
    ];
    let table = Table::new(rows, widths)
        .header(Row::new(names).style(FAINT))
        .row_highlight_style(CHOSEN);
    let mut state = TableState::new().with_selected(chosen);
    frame.render_stateful_widget(table, area, &mut state);
}

/// Returns where a component is, and with how many others.
fn server(snapshot: &Snapshot, component: &Component) -> String {
    let Some(first) = component.servers.first() else {
        return "-".to_owned();
    };
    if component.servers.len() > 1 {
        return format!("{first} +{}", component.servers.len() - 1);
    }
    let mut servers = snapshot.servers.iter();
    let shared = servers.find(|server| server.server == *first);
    match shared.map_or(0, |server| server.components.len()) {
        0 | 1 => first.clone(),
        count => format!("{first} ({count})"),
    }
}

fn section(name: &str, mut lines: Vec<Line<'static>>, most: usize) -> Vec<Line<'static>> {
    if lines.is_empty() {
        return Vec::new();
    }
    if lines.len() > most {
        let more = lines.len() - most;
        lines.truncate(most);
        lines.push(Line::styled(format!("and {more} more"), FAINT));
    }
    let head = [Line::raw(""), Line::styled(name.to_uppercase(), TITLE)];
    head.into_iter().chain(lines).collect()
}

fn moves(moves: &[Move], width: u16) -> Vec<Line<'static>> {
    let shown = |moving: &Move| {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let behind = match moving.behind {
            Some(0) | None => String::new(),
            some => format!(", {} behind", bytes(some)),
        };
        let since = moving.since.as_deref().map(clock);
        let by = moving.by.as_deref().map(|by| format!("by {by}"));
        [
            moving.components.join(","),
            format!("{} -> {}", text(&moving.from), text(&moving.to)),
            format!("{}{behind}", moving.state.name()),
            [since, by]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "),
        ]
    };
    let rows: Vec<_> = moves.iter().map(shown).collect();
    let lines = table([""; 4], &rows, width);
    // The title says what they are.
    lines
        .into_iter()
        .skip(1)
        .map(|line| line.style(style(Weight::Notable)))
        .collect()
}

fn problem(problem: &Problem, width: u16) -> Line<'static> {
    let text = format!("{}: {}", problem.subject(), problem.problem);
    Line::styled(cut(&text, usize::from(width)), style(Weight::Bad))
}
