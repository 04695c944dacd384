//! The state that measurements share.

use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::{Bar, Finding};
use crate::rounds::{Rates, Workers};
use crate::servers::Servers;

/// The plan, the servers and the processes of a run.
pub(crate) struct Run<'a> {
    pub(crate) plan: Plan,
    pub(crate) servers: &'a Servers,
    pub(crate) workers: &'a mut Workers,
    pub(crate) progress: &'a Progress,
}

/// Returns the ratio of two rates as a finding, if both were measured.
pub(super) fn ratio(
    rates: &Rates,
    of: &str,
    to: &str,
    within: &str,
    bar: Option<Bar>,
) -> Option<Finding> {
    let estimate = rates.ratio(of, to)?;
    Some(Finding::ratio(
        format!("{within}: {of} / {to}"),
        estimate,
        bar,
    ))
}
