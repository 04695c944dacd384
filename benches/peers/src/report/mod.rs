//! The report of a run.

pub(crate) mod chart;
mod finding;
mod json;
mod page;
mod section;
mod table;

pub(crate) use self::finding::{Bar, Finding, Unit};
pub(crate) use self::json::to_json;
pub(crate) use self::page::{fill, to_markdown, to_text};
pub(crate) use self::section::Section;
pub(crate) use self::table::{Table, counted, number};
