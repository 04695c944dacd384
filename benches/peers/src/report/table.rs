//! Tables, for terminals and for pages.

use std::fmt::Write;

/// A table whose first column holds names and whose others hold figures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            columns: columns.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(
        &mut self,
        name: impl Into<String>,
        figures: impl IntoIterator<Item = String>,
    ) {
        let name = std::iter::once(name.into());
        self.rows.push(name.chain(figures).collect());
    }

    /// Returns the table for a terminal, in columns.
    pub(crate) fn aligned(&self) -> String {
        let lines = || std::iter::once(&self.columns).chain(&self.rows);
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| {
                let cells = lines().filter_map(|line| line.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        for line in lines() {
            for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
                let _ = match column {
                    0 => write!(text, "{cell:width$}"),
                    _ => write!(text, "  {cell:>width$}"),
                };
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }

    /// Returns the table as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut rule = vec!["---".to_owned()];
        rule.resize(self.columns.len(), "--:".to_owned());
        let rows = self.rows.iter().map(|row| line(row));
        line(&self.columns) + &line(&rule) + &rows.collect::<String>()
    }
}

/// Returns a figure with three significant digits, and commas between thousands.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if size < 0.005 {
        return "0".to_owned();
    }
    if size < 9.995 {
        return format!("{value:.2}");
    }
    if size < 99.95 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digit.is_ascii_digit() && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns a count of something, in words.
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::{Table, number};

    #[test]
    fn figures_are_short() {
        let shown = [-0.001, 0.969, 62.04, 199.6, 148_000.4].map(number);
        assert_eq!(shown, ["0", "0.97", "62.0", "200", "148,000"]);
    }

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(["name", "calls/s"]);
        table.row("ours", ["9".to_owned()]);
        assert_eq!(table.aligned(), "name  calls/s\nours        9\n");
        assert_eq!(
            table.markdown(),
            "| name | calls/s |\n| --- | --: |\n| ours | 9 |\n"
        );
    }
}
