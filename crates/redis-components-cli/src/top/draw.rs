//! Drawing: what is on every page, and the page between.

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::prelude::Frame;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::looks::{FAINT, TITLE, style};
use super::view::{Page, View};
use super::words::{Weight, age, clock, rate};
use super::{component, help, overview, servers};
use crate::live::{ConfigServer, Snapshot};
use crate::text::counted;

/// A picture is a second old at most; if it is older than this, its age is worth a word.
const OLD: f64 = 3.0;

/// Draws all that a person looks at.
pub(super) fn draw(frame: &mut Frame<'_>, snapshot: &Snapshot, view: &mut View) {
    let rows = [
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
    ];
    let [head, counts, _, body, foot] = Layout::vertical(rows).areas(frame.area());
    draw_head(frame, head, snapshot);
    frame.render_widget(Line::from(figures(snapshot)), counts);
    match view.page.clone() {
        Page::Overview => overview::draw(frame, body, snapshot, view.chosen(snapshot)),
        Page::Component(name) => {
            let lines = component::lines(snapshot, &name, body.width);
            draw_lines(frame, body, lines, view);
        }
        Page::Servers => {
            let lines = servers::lines(snapshot, body.width);
            draw_lines(frame, body, lines, view);
        }
        Page::Help => draw_lines(frame, body, help::lines(), view),
    }
    let keys = match view.page {
        Page::Overview => "q quit   up/down choose   Enter details   s servers   ? help",
        Page::Help => "q quit   Esc back",
        _ => "q quit   Esc back   up/down scroll   s servers   ? help",
    };
    frame.render_widget(Line::styled(keys, FAINT), foot);
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot) {
    let ConfigServer {
        server,
        up,
        lost_since,
        age_seconds,
        pushes,
        commands_per_second,
        ..
    } = &snapshot.config_server;
    let old = age(*age_seconds);
    if !up {
        let since = lost_since.as_deref().map(clock).unwrap_or_default();
        let text =
            format!("LOST at {since}, and this is {old} old: the config server {server}; retrying");
        let style = Style::new()
            .fg(Color::Red)
            .add_modifier(Modifier::REVERSED.union(Modifier::BOLD));
        frame.render_widget(Line::styled(text, style), area);
        return;
    }
    let mut spans = vec![
        Span::styled(format!("config server {server}"), TITLE),
        Span::raw(format!("   {} calls/s", rate(*commands_per_second))),
    ];
    if !pushes {
        spans.push(Span::styled("   polled, no pushes", style(Weight::Notable)));
    }
    if *age_seconds > OLD {
        let text = format!("   silent for {old}");
        spans.push(Span::styled(text, style(Weight::Notable)));
    }
    let time = clock(&snapshot.at);
    let columns = [Constraint::Fill(1), Constraint::Length(11)];
    let [left, right] = Layout::horizontal(columns).areas(area);
    frame.render_widget(Line::from(spans), left);
    frame.render_widget(Line::styled(time, FAINT).right_aligned(), right);
}

/// Returns how many there are of each.
fn figures(snapshot: &Snapshot) -> Vec<Span<'static>> {
    let mut spans = vec![
        Span::raw(counted(snapshot.components.len(), "component")),
        Span::raw(format!("   {}", counted(snapshot.servers.len(), "server"))),
    ];
    spans.push(match snapshot.process_count() {
        Some(count) => Span::raw(format!("   {}", counted(count, "process"))),
        None => Span::styled("   processes are not shown", style(Weight::Notable)),
    });
    let parts = [
        (
            snapshot.silent.as_ref().map_or(0, Vec::len),
            "silent",
            Weight::Bad,
        ),
        (snapshot.moves.len(), "move", Weight::Notable),
        (snapshot.problems.len(), "problem", Weight::Bad),
    ];
    for (count, name, weight) in parts.into_iter().filter(|(count, ..)| *count > 0) {
        let text = if name == "silent" {
            format!("   {count} silent")
        } else {
            format!("   {}", counted(count, name))
        };
        spans.push(Span::styled(text, style(weight)));
    }
    spans
}

/// Draws lines, of which a person may have scrolled some away.
fn draw_lines(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>, view: &mut View) {
    let most = lines.len().saturating_sub(usize::from(area.height));
    view.scroll = view.scroll.min(most);
    let seen: Vec<_> = lines
        .into_iter()
        .skip(view.scroll)
        .take(usize::from(area.height))
        .collect();
    frame.render_widget(Paragraph::new(seen), area);
}

#[cfg(test)]
pub(super) mod tests {
    use crossterm::event::{KeyCode, KeyEvent};
    use expect_test::expect_file;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::buffer::{Buffer, Cell};
    use ratatui::style::{Color, Modifier};

    use super::draw;
    use crate::live::Snapshot;
    use crate::top::view::View;

    /// A picture in which everything happens at once.
    pub(crate) fn snapshot() -> Snapshot {
        serde_json::from_str(include_str!("../live/example.json")).unwrap()
    }

    fn drawn(snapshot: &Snapshot, view: &mut View, width: u16, height: u16) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, snapshot, view)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// Returns what is to be seen after some keys.
    fn seen(snapshot: &Snapshot, keys: &[KeyCode], width: u16, height: u16) -> String {
        let mut view = View::default();
        for key in keys {
            view.key(KeyEvent::from(*key), snapshot);
        }
        let buffer = drawn(snapshot, &mut view, width, height);
        let mut text = String::new();
        for row in buffer.content().chunks(usize::from(width)) {
            let line: String = row.iter().map(|cell| cell.symbol()).collect();
            assert_eq!(line.chars().count(), usize::from(width));
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn check(name: &str, snapshot: &Snapshot, keys: &[KeyCode]) {
        for (width, height) in [(80, 24), (120, 40)] {
            let path = format!(
                "{}/src/top/pictures/{name}-{width}x{height}.txt",
                env!("CARGO_MANIFEST_DIR")
            );
            expect_file![path].assert_eq(&seen(snapshot, keys, width, height));
        }
    }

    /// Returns what tells a terminal how the cell looks.
    fn looks(cell: &Cell) -> String {
        let mut looks = String::new();
        let modifiers = [
            (Modifier::BOLD, "1"),
            (Modifier::DIM, "2"),
            (Modifier::REVERSED, "7"),
        ];
        let modified = modifiers
            .into_iter()
            .filter(|(one, _)| cell.modifier.contains(*one));
        let coloured = [(Color::Red, "31"), (Color::Yellow, "33")]
            .into_iter()
            .filter(|(colour, _)| cell.fg == *colour);
        let codes = modified.map(|(_, code)| code);
        for code in codes.chain(coloured.map(|(_, code)| code)) {
            looks.push_str("\u{1b}[");
            looks.push_str(code);
            looks.push('m');
        }
        looks
    }

    /// The picture of the README, as a terminal would get it.
    #[test]
    fn the_overview_is_drawn_for_the_documentation() {
        let buffer = drawn(&snapshot(), &mut View::default(), 100, 24);
        let mut text = String::new();
        for row in buffer.content().chunks(100) {
            let mut before = String::new();
            for cell in row {
                let looks = looks(cell);
                if looks != before {
                    text.push_str("\u{1b}[0m");
                    text.push_str(&looks);
                }
                text.push_str(cell.symbol());
                before = looks;
            }
            text.push_str("\u{1b}[0m\n");
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/pictures/top.ansi");
        expect_file![path].assert_eq(&text);
    }

    #[test]
    fn the_overview_is_readable() {
        check("overview", &snapshot(), &[]);
    }

    #[test]
    fn a_component_is_readable() {
        check("component", &snapshot(), &[KeyCode::Down, KeyCode::Enter]);
    }

    #[test]
    fn servers_are_readable() {
        check("servers", &snapshot(), &[KeyCode::Char('s')]);
    }

    #[test]
    fn help_is_readable() {
        check("help", &snapshot(), &[KeyCode::Char('?')]);
    }

    #[test]
    fn a_lost_config_server_is_said_with_the_age_of_the_picture() {
        let mut lost = snapshot();
        lost.config_server.up = false;
        lost.config_server.lost_since = Some("2026-01-31T12:00:07.500Z".to_owned());
        lost.config_server.age_seconds = 83.4;
        check("lost", &lost, &[]);
    }

    #[test]
    fn an_empty_config_server_says_what_to_do() {
        let mut empty = snapshot();
        empty.components.clear();
        empty.servers.clear();
        empty.moves.clear();
        empty.problems.clear();
        empty.processes = None;
        empty.silent = None;
        empty.config_server.pushes = false;
        empty.config_server.age_seconds = 4.2;
        check("empty", &empty, &[]);
    }

    #[test]
    fn every_size_and_page_is_drawn() {
        let snapshot = snapshot();
        let pages = [
            vec![],
            vec![KeyCode::Enter, KeyCode::End],
            vec![KeyCode::Char('s'), KeyCode::PageDown],
            vec![KeyCode::Char('?')],
        ];
        for keys in &pages {
            for width in [1, 7, 20, 80, 200] {
                for height in [1, 2, 5, 24, 60] {
                    seen(&snapshot, keys, width, height);
                }
            }
        }
    }
}
