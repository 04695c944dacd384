//! What is measured.

mod accessor;
mod blocking;
mod config_load;
mod heap;
mod propagation;
pub(crate) mod run;
mod swap;
mod throughput;

use std::time::Duration;

use self::run::Run;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::report::Section;

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

/// What was measured, and why something was not.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) sections: Vec<Section>,
    pub(crate) failures: Vec<String>,
}

impl Measured {
    /// Adds what could be measured: a quarter of an hour is not to be lost by what fails at its
    /// end.
    fn add(&mut self, what: &str, section: Result<Section, Failure>) {
        match section {
            Ok(section) => self.sections.push(section),
            Err(error) => self.failures.push(format!("{what}: {error}")),
        }
    }
}

/// Measures everything, one after the other.
pub(crate) fn all(run: &mut Run<'_>) -> Measured {
    let mut measured = Measured::default();
    measured.add("getting a handle", accessor::measure(run));
    measured.add("throughput", throughput::measure(run));
    measured.add("blocking", blocking::measure(run));
    // What follows has processes of its own, and counts what the config server is asked.
    run.workers.end();
    measured.add("propagation", propagation::measure(run));
    measured.add("swap", swap::measure(run));
    measured.add("the config server's load", config_load::measure(run));
    measured.add("memory", heap::measure(run));
    measured
}

/// How long [`elsewhere`] takes.
pub(crate) fn planned_elsewhere(plan: &Plan) -> Duration {
    throughput::planned(plan)
}

/// Measures what depends on the way to the server. The bars are for a server on the same machine.
pub(crate) fn elsewhere(run: &mut Run<'_>) -> Measured {
    let mut measured = Measured::default();
    measured.add("throughput", throughput::measure(run));
    let findings = measured
        .sections
        .iter_mut()
        .flat_map(|section| &mut section.findings);
    findings.for_each(|finding| finding.bar = None);
    measured
}
