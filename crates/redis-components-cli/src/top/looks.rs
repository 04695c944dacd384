//! How things look: styles, tables and texts that are too long.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;

use super::words::Weight;

pub(super) const FAINT: Style = Style::new().add_modifier(Modifier::DIM);
pub(super) const TITLE: Style = Style::new().add_modifier(Modifier::BOLD);
pub(super) const CHOSEN: Style = Style::new().add_modifier(Modifier::REVERSED);

/// Returns how something of this weight looks. The words say the same without colours.
pub(super) fn style(weight: Weight) -> Style {
    match weight {
        Weight::Plain => Style::new(),
        Weight::Calm => FAINT,
        Weight::Notable => Style::new().fg(Color::Yellow),
        Weight::Bad => Style::new().fg(Color::Red),
    }
}

/// Returns as much of a text as fits, and says if that is not all.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept = text.chars().take(width.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// Returns lines as a table: names of columns, then rows. The last column gets the rest of `width`.
pub(super) fn table<const N: usize>(
    names: [&str; N],
    rows: &[[String; N]],
    width: u16,
) -> Vec<Line<'static>> {
    let names = names.map(str::to_uppercase);
    let mut widths = names.clone().map(|name| name.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; N]| {
        let mut text = String::new();
        for (place, (cell, width)) in row.iter().zip(widths).enumerate() {
            if place > 0 {
                text.push_str("  ");
            }
            text.push_str(cell);
            if place + 1 < N {
                let missing = width.saturating_sub(cell.chars().count());
                text.extend(std::iter::repeat_n(' ', missing));
            }
        }
        cut(&text, usize::from(width))
    };
    let head = Line::styled(line(&names), FAINT);
    let rows = rows.iter().map(|row| Line::raw(line(row)));
    [head].into_iter().chain(rows).collect()
}
