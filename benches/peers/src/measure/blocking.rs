//! Measures calls per second of threads.

use std::time::Duration;

use super::run::{Run, ratio};
use crate::failure::Failure;
use crate::names;
use crate::plan::Plan;
use crate::report::{Bar, Section, Table, counted, number};
use crate::rounds::{self, Entrant};

const THREADS: [usize; 3] = [1, 4, 16];

const ENTRANTS: &[Entrant] = &[
    Entrant::pushed(names::THREADS_BARE, 1),
    Entrant::pushed(names::THREADS_BARE_AGAIN, 1),
    Entrant::pushed(names::THREADS_BOUNDED, 1),
    Entrant::pushed(names::THREADS_OURS, 1),
    Entrant::pushed(names::R2D2, 2),
];

pub(super) fn planned(plan: &Plan) -> Duration {
    rounds::planned(ENTRANTS, plan.blocking) * 3
}

pub(super) fn measure(run: &mut Run<'_>) -> Result<Section, Failure> {
    let mut of_threads = Vec::new();
    let mut findings = Vec::new();
    for threads in THREADS {
        let within = format!("blocking, {}", counted(threads, "thread"));
        run.progress.begin(&within);
        let rates = rounds::run(
            run.workers,
            ENTRANTS,
            threads,
            run.plan.blocking,
            run.progress,
        )?;
        let asked = [
            (names::THREADS_BARE_AGAIN, names::THREADS_BARE, None),
            (names::THREADS_BOUNDED, names::THREADS_BARE, None),
            (names::THREADS_OURS, names::THREADS_BARE, Some(0.97)),
            (names::THREADS_OURS, names::THREADS_BOUNDED, None),
            (names::THREADS_OURS, names::R2D2, Some(1.0)),
        ];
        for (of, to, bar) in asked {
            findings.extend(ratio(&rates, of, to, &within, bar.map(Bar::AtLeast)));
        }
        of_threads.push(rates);
    }
    let columns = THREADS.map(|threads| counted(threads, "thread"));
    let mut table = Table::new(std::iter::once("calls per second".to_owned()).chain(columns));
    for entrant in ENTRANTS {
        let medians = of_threads.iter().map(|rates| rates.median(entrant.name));
        table.row(
            entrant.name,
            medians.map(|rate| rate.map_or_else(String::new, |rate| number(rate.value))),
        );
    }
    Ok(Section {
        title: "Blocking",
        note: "The same call by threads, without a runtime.".to_owned(),
        table,
        findings,
        charts: Vec::new(),
    })
}
