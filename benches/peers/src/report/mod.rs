//! What a run has found.

pub(crate) mod chart;
mod finding;
mod json;
mod page;
mod table;

pub(crate) use self::finding::{Bar, Finding, Unit};
pub(crate) use self::json::to_json;
pub(crate) use self::page::{fill, to_markdown, to_text};
pub(crate) use self::table::{Table, counted, number};

use self::chart::Chart;

/// One subject of the report.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    /// What the figures are, and how they were taken.
    pub(crate) note: String,
    pub(crate) table: Table,
    pub(crate) findings: Vec<Finding>,
    pub(crate) charts: Vec<Chart>,
}
