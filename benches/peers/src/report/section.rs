//! Sections of a report.

use super::chart::Chart;
use super::finding::Finding;
use super::table::Table;

/// One subject of a report.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    /// Says what the figures are, and how they were taken.
    pub(crate) note: String,
    pub(crate) table: Table,
    pub(crate) findings: Vec<Finding>,
    pub(crate) charts: Vec<Chart>,
}
