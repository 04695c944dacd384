//! What is measured.

mod accessor;
mod blocking;
mod config_load;
mod heap;
mod propagation;
mod swap;
mod throughput;

use std::time::Duration;

use crate::failure::Failure;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::{Finding, Section};
use crate::rounds::{Rates, Workers};
use crate::servers::Servers;

/// What a measurement needs.
pub(crate) struct Run<'a> {
    pub(crate) plan: Plan,
    pub(crate) servers: &'a Servers,
    pub(crate) workers: &'a mut Workers,
    pub(crate) progress: &'a Progress,
}

/// How long [`all`] takes.
pub(crate) fn planned(plan: &Plan) -> Duration {
    accessor::planned(plan)
        + throughput::planned(plan)
        + blocking::planned(plan)
        + propagation::planned(plan)
        + swap::planned(plan)
        + config_load::planned(plan)
        + heap::PLANNED
}

/// Measures everything, one after the other.
pub(crate) fn all(run: &mut Run<'_>) -> Result<Vec<Section>, Failure> {
    let mut sections = vec![
        accessor::measure(run)?,
        throughput::measure(run)?,
        blocking::measure(run)?,
    ];
    // What follows has processes of its own, and counts what the config server is asked.
    run.workers.end();
    sections.extend([
        propagation::measure(run)?,
        swap::measure(run)?,
        config_load::measure(run)?,
        heap::measure(run)?,
    ]);
    Ok(sections)
}

/// How long [`elsewhere`] takes.
pub(crate) fn planned_elsewhere(plan: &Plan) -> Duration {
    throughput::planned(plan)
}

/// Measures what depends on the way to the server. The bars are for a server on the same machine.
pub(crate) fn elsewhere(run: &mut Run<'_>) -> Result<Vec<Section>, Failure> {
    let mut section = throughput::measure(run)?;
    section
        .findings
        .iter_mut()
        .for_each(|finding| finding.bar = None);
    Ok(vec![section])
}

/// The ratio of two rates as a finding, where both were measured.
fn ratio(
    rates: &Rates,
    of: &str,
    to: &str,
    within: &str,
    bar: Option<crate::report::Bar>,
) -> Option<Finding> {
    let estimate = rates.ratio(of, to)?;
    Some(Finding::ratio(
        format!("{within}: {of} / {to}"),
        estimate,
        bar,
    ))
}
