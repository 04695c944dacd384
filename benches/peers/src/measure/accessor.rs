//! Measures the cost of getting a handle.

use std::time::Duration;

use super::run::Run;
use crate::failure::Failure;
use crate::names;
use crate::plan::Plan;
use crate::report::chart::{Chart, Kind};
use crate::report::{Bar, Finding, Section, Table, counted, number};
use crate::rounds::{self, Entrant, Rates};

const THREADS: [usize; 2] = [1, 2];
/// Only noise changes it.
const SAME: Bar = Bar::AtMost(1.05);

const ENTRANTS: &[Entrant] = &[
    Entrant::pushed(names::CLONE, 1),
    Entrant::pushed(names::CLONE_AGAIN, 1),
    Entrant::pushed(names::ARC_SWAP, 1),
    Entrant::pushed(names::GET, 1),
    Entrant::pushed(names::GET_TWO, 1),
    Entrant::pushed(names::GET_OF_MANY, 1),
    Entrant::pushed(names::GET_DEADPOOL, 4),
    Entrant::polled(names::CLONE_POLL, 1),
    Entrant::polled(names::GET_POLL, 1),
];

pub(super) fn planned(plan: &Plan) -> Duration {
    rounds::planned(ENTRANTS, plan.accessor) * 2
}

pub(super) fn measure(run: &mut Run<'_>) -> Result<Section, Failure> {
    let mut of_threads = Vec::new();
    let mut findings = Vec::new();
    for threads in THREADS {
        run.progress
            .begin(&format!("accessor, {}", counted(threads, "thread")));
        let rates = rounds::run(
            run.workers,
            ENTRANTS,
            threads,
            run.plan.accessor,
            run.progress,
        )?;
        findings.extend(ratios(&rates, threads));
        of_threads.push((threads, rates));
    }
    let mut table = Table::new(["handle", "ns, 1 thread", "ns, 2 threads"]);
    let mut bars = Vec::new();
    for entrant in ENTRANTS {
        let cost = |(threads, rates): &(usize, Rates)| nanoseconds(rates, entrant.name, *threads);
        let costs: Vec<Option<f64>> = of_threads.iter().map(cost).collect();
        let shown = costs
            .iter()
            .map(|cost| cost.map_or_else(String::new, number));
        table.row(entrant.name, shown);
        if entrant.name != names::GET_DEADPOOL {
            bars.extend(costs[0].map(|cost| (entrant.name.to_owned(), cost)));
        }
    }
    Ok(Section {
        title: "Getting a handle",
        note: "Nanoseconds from asking for a handle to its drop, per thread; ratios are of times."
            .to_owned(),
        table,
        findings,
        charts: vec![Chart {
            file: "accessor.svg",
            title: "Getting a handle, one thread".to_owned(),
            kind: Kind::Bars { unit: "ns", bars },
        }],
    })
}

fn ratios(rates: &Rates, threads: usize) -> Vec<Finding> {
    let bar = |one: f64, two: f64| Some(Bar::AtMost(if threads == 1 { one } else { two }));
    let asked = [
        (names::CLONE_AGAIN, names::CLONE, None),
        (names::ARC_SWAP, names::CLONE, None),
        (names::GET, names::CLONE, bar(2.0, 1.5)),
        (names::GET_TWO, names::CLONE, bar(2.0, 1.5)),
        (names::GET_OF_MANY, names::GET, Some(SAME)),
        (names::GET_POLL, names::CLONE_POLL, bar(3.0, 3.0)),
        (names::GET_DEADPOOL, names::CLONE, None),
    ];
    let ratios = asked.into_iter().filter_map(|(of, to, bar)| {
        // These are times, so the ratio is inverted.
        let estimate = rates.ratio(to, of)?;
        let threads = counted(threads, "thread");
        let name = format!("accessor, {threads}: {of} / {to}");
        Some(Finding::ratio(name, estimate, bar))
    });
    ratios.collect()
}

fn nanoseconds(rates: &Rates, name: &str, threads: usize) -> Option<f64> {
    let threads = f64::from(u32::try_from(threads).ok()?);
    Some(threads * 1e9 / rates.median(name)?.value)
}
