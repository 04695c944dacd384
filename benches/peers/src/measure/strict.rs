//! Measures calls per second if the config is read for each call, beside a literal port of the book.

use std::time::Duration;

use super::run::{Run, ratio};
use crate::failure::Failure;
use crate::names;
use crate::plan::Plan;
use crate::report::{Bar, Finding, Section, Table, counted, number};
use crate::rounds::{self, Entrant, Rates};

const CONCURRENCY: [usize; 4] = [1, 16, 64, 256];

/// With so many callers at once, reads are shared, and the book has to be beaten.
const MANY: usize = 64;

const TASKS: &[Entrant] = &[
    Entrant::pushed(names::BOOK_FRESH, 1),
    Entrant::pushed(names::BOOK_FRESH_AGAIN, 1),
    Entrant::pushed(names::OURS_FRESH, 1),
    Entrant::polled(names::BOOK_FRESH_POLL, 1),
    Entrant::polled(names::POLL_FRESH, 1),
];

const THREADS: &[Entrant] = &[
    Entrant::pushed(names::THREADS_BOOK_FRESH, 1),
    Entrant::pushed(names::THREADS_FRESH, 1),
    Entrant::polled(names::THREADS_BOOK_FRESH_POLL, 1),
    Entrant::polled(names::THREADS_POLL_FRESH, 1),
];

/// Who is compared with whom, and whether there is a bar.
const ASKED: &[(&str, &str, bool)] = &[
    (names::BOOK_FRESH_AGAIN, names::BOOK_FRESH, false),
    (names::OURS_FRESH, names::BOOK_FRESH, true),
    (names::POLL_FRESH, names::BOOK_FRESH_POLL, true),
    (names::THREADS_FRESH, names::THREADS_BOOK_FRESH, true),
    (
        names::THREADS_POLL_FRESH,
        names::THREADS_BOOK_FRESH_POLL,
        true,
    ),
    (names::OURS_FRESH, names::TWO_SOCKETS, false),
    (names::BOOK_FRESH, names::TWO_SOCKETS, false),
    (names::THREADS_FRESH, names::TWO_SOCKETS, false),
    (names::THREADS_BOOK_FRESH, names::TWO_SOCKETS, false),
];

fn entrants(callers: usize) -> Vec<Entrant> {
    let mut entrants = [TASKS, THREADS].concat();
    if callers == 1 {
        entrants.push(Entrant::pushed(names::TWO_SOCKETS, 1));
    }
    entrants
}

pub(super) fn planned(plan: &Plan) -> Duration {
    let each = CONCURRENCY.map(|callers| rounds::planned(&entrants(callers), plan.strict));
    each.into_iter().sum()
}

pub(super) fn measure(run: &mut Run<'_>) -> Result<Section, Failure> {
    let mut of_callers = Vec::new();
    let mut findings = Vec::new();
    for callers in CONCURRENCY {
        let within = format!("wait 0s, {}", counted(callers, "caller"));
        run.progress.begin(&within);
        let (entrants, plan) = (entrants(callers), run.plan.strict);
        let rates = rounds::run(run.workers, &entrants, callers, plan, run.progress)?;
        findings.extend(ratios(&rates, callers, &within));
        of_callers.push(rates);
    }
    let columns = CONCURRENCY.map(|callers| counted(callers, "caller"));
    let mut table = Table::new(std::iter::once("calls per second".to_owned()).chain(columns));
    for entrant in entrants(1) {
        let medians = of_callers.iter().map(|rates| rates.median(entrant.name));
        let shown = medians.map(|rate| rate.map_or_else(String::new, |rate| number(rate.value)));
        table.row(entrant.name, shown);
    }
    Ok(Section {
        title: "Strict",
        note: "`log_recent` with `wait = \"0s\"`: each call reads the config first. Callers are tasks, or threads if it says \
               *blocking*. Medians."
            .to_owned(),
        table,
        findings,
        charts: Vec::new(),
    })
}

fn ratios(rates: &Rates, callers: usize, within: &str) -> Vec<Finding> {
    let bar = if callers < MANY { 0.97 } else { 1.0 };
    let asked = ASKED.iter();
    asked
        .filter_map(|(of, to, has_bar)| {
            let bar = has_bar.then_some(Bar::AtLeast(bar));
            ratio(rates, of, to, within, bar)
        })
        .collect()
}
