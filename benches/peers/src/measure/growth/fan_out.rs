//! A change that all processes have to see.

use std::time::Duration;

use super::components::{float, number_of};
use super::servers::{COMPONENTS, Servers};
use crate::failure::Failure;
use crate::measure::run::Run;
use crate::plan::Growth;
use crate::process::Process;
use crate::report::{Bar, Finding, Section, Table, Unit, number};
use crate::statistics::{Estimate, median};
use crate::worker::{FanOut, Mode, Request};

const PROCESSES: [usize; 3] = [10, 100, 1_000];

/// A SET, and the pause after it.
const SET: Duration = Duration::from_millis(300);

fn measured(plan: &Growth) -> impl Iterator<Item = usize> {
    let most = plan.simulated;
    PROCESSES.into_iter().filter(move |count| *count <= most)
}

pub(super) fn planned(plan: &Growth) -> Duration {
    let sets = measured(plan).count() * plan.sets;
    SET * u32::try_from(sets).unwrap_or(u32::MAX)
}

pub(in crate::measure) fn measure(run: &mut Run<'_>) -> Result<Section, Failure> {
    let plan = run.plan.growth;
    let mut table = Table::new([
        "ms from a SET until it is seen",
        "by half of them",
        "by the last",
        "by the last, slowest SET",
        "not seen in 20 s",
        "processor of the config server",
    ]);
    let mut findings = Vec::new();
    for processes in measured(&plan) {
        let what = format!("{} simulated processes", number_of(processes));
        run.progress.begin(&format!("growth, a change for {what}"));
        let servers = Servers::start(processes)?;
        let mut worker = Process::start(Mode::Push, &servers.urls())?;
        let simulate = Request::Simulate {
            processes,
            components: COMPONENTS,
        };
        let () = worker.ask(&simulate)??;
        let before = servers.work()?;
        let request = Request::FanOut { sets: plan.sets };
        let seen: Vec<FanOut> = worker.ask(&request)??;
        let work = servers.work()?.since(&before);
        run.progress
            .advance(SET * u32::try_from(plan.sets).unwrap_or(u32::MAX));
        let milliseconds =
            |of: fn(&FanOut) -> u64| seen.iter().map(move |one| float(of(one)) / 1e6);
        let half = median(milliseconds(|one| one.median));
        let last = median(milliseconds(|one| one.last));
        let slowest = milliseconds(|one| one.last).fold(0.0, f64::max);
        let sets = float(u64::try_from(plan.sets)?);
        let processor = work.processor.as_secs_f64() * 1e3 / sets;
        let shown =
            |estimate: Option<Estimate>| estimate.map_or_else(String::new, |it| number(it.value));
        let missing: usize = seen.iter().map(|one| one.missing).sum();
        let figures = [
            shown(half),
            shown(last),
            number(slowest),
            missing.to_string(),
            format!("{processor:.2} ms"),
        ];
        table.row(&what, figures);
        let name = format!("growth, push fan-out: {what}, not seen");
        let missing = float(u64::try_from(missing)?);
        findings.push(Finding::count(name, missing, Some(Bar::AtMost(0.0))));
        for (by, estimate) in [("half", half), ("the last", last)] {
            findings.extend(estimate.map(|estimate| Finding {
                name: format!("growth, push fan-out: {what}, seen by {by}"),
                unit: Unit::Milliseconds,
                estimate,
                bar: None,
            }));
        }
    }
    Ok(Section {
        title: "A change for all processes",
        note: format!(
            "From the sending of a SET on the config server until a simulated process has been told and has read the config \
             again; {} SETs. All processes and the config server are on this machine. The last figure has the heartbeats \
             of that time in it.",
            plan.sets
        ),
        table,
        findings,
        charts: Vec::new(),
    })
}
