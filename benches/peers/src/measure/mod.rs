//! The measurements.

mod accessor;
mod blocking;
mod config_load;
mod faults;
mod growth;
mod heap;
mod kinds;
mod propagation;
pub(crate) mod run;
mod strict;
mod swap;
mod throughput;

use std::time::Duration;

use self::run::Run;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::report::Section;

/// Returns how long [`all`] takes.
pub(crate) fn planned(plan: &Plan) -> Duration {
    accessor::planned(plan)
        + throughput::planned(plan)
        + blocking::planned(plan)
        + strict::planned(plan)
        + kinds::planned(plan)
        + propagation::planned(plan)
        + swap::planned(plan)
        + faults::planned(plan)
        + config_load::planned(plan)
        + growth::planned(plan)
        + heap::PLANNED
}

/// The sections, and the reasons of missing ones.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) sections: Vec<Section>,
    pub(crate) failures: Vec<String>,
}

impl Measured {
    /// Adds a section or its failure: a failure at the end must not lose a quarter of an hour.
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
    measured.add("strict", strict::measure(run));
    measured.add("other kinds of servers", kinds::measure(run));
    // The next measurements have their own processes, and count the commands of the config server.
    run.workers.end();
    measured.add("propagation", propagation::measure(run));
    measured.add("swap", swap::measure(run));
    measured.add("faults", faults::measure(run));
    measured.add("the config server's load", config_load::measure(run));
    measured.add("memory", heap::measure(run));
    add_growth(&mut measured, run);
    measured
}

fn add_growth(measured: &mut Measured, run: &mut Run<'_>) {
    measured.add("components", growth::components::measure(run));
    measured.add("processes", growth::processes::measure(run));
    measured.add("push fan-out", growth::fan_out::measure(run));
}

/// Returns how long [`only_growth`] takes.
pub(crate) fn planned_growth(plan: &Plan) -> Duration {
    growth::planned(plan)
}

/// Measures only how cost grows.
pub(crate) fn only_growth(run: &mut Run<'_>) -> Measured {
    let mut measured = Measured::default();
    add_growth(&mut measured, run);
    measured
}

/// Returns how long [`only_strict`] takes.
pub(crate) fn planned_strict(plan: &Plan) -> Duration {
    strict::planned(plan)
}

/// Measures only what `wait = "0s"` costs.
pub(crate) fn only_strict(run: &mut Run<'_>) -> Measured {
    let mut measured = Measured::default();
    measured.add("strict", strict::measure(run));
    measured
}

/// Returns how long [`elsewhere`] takes.
pub(crate) fn planned_elsewhere(plan: &Plan) -> Duration {
    throughput::planned(plan)
}

/// Measures what depends on the network. The bars are dropped: they are for one machine.
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{planned, planned_growth};
    use crate::plan::Plan;

    #[test]
    fn a_run_takes_no_longer_than_its_options_say() {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        for (planned, most) in [
            // Starting processes and connecting come on top.
            (planned(&Plan::FULL), minutes(19)),
            (planned(&Plan::QUICK), minutes(3)),
            (planned_growth(&Plan::LONG_GROWTH), minutes(7)),
            (planned_growth(&Plan::QUICK), minutes(1)),
        ] {
            assert!(planned < most, "{planned:?} of {most:?}");
        }
    }
}
