//! Measures calls per second of tasks.

use std::time::Duration;

use super::run::{Run, ratio};
use crate::failure::Failure;
use crate::names;
use crate::plan::Plan;
use crate::report::chart::data::{Line, Lines, Tone};
use crate::report::chart::{Chart, Kind};
use crate::report::{Bar, Finding, Section, Table, counted, number};
use crate::rounds::{self, Entrant, Place, Rates};

const TASKS: [usize; 4] = [1, 16, 64, 256];
const NEARLY_BARE: Option<Bar> = Some(Bar::AtLeast(0.97));

/// `bare`, and those with a bar against it.
const BARE_AND_OURS: &[Entrant] = &[
    Entrant::pushed(names::BARE, 1),
    Entrant::pushed(names::BARE_AGAIN, 1),
    Entrant::pushed(names::BARE_EACH, 2),
    Entrant::pushed(names::BARE_NODELAY, 2),
    Entrant::pushed(names::OURS, 1),
    Entrant::pushed(names::BARE_TWO, 1),
    Entrant::pushed(names::OURS_TWO, 1),
];

/// The alternatives.
const PEERS: &[&str] = &[
    names::MANAGER,
    names::FRED,
    names::FRED_TWO,
    names::RUSTIS,
    names::DEADPOOL,
    names::BB8,
];

fn entrants(plan: &Plan, tasks: usize) -> Vec<Entrant> {
    let every = plan.peers_every;
    let polled = [
        names::BARE_POLL,
        names::POLL,
        names::BARE_POLL_TWO,
        names::POLL_TWO,
    ];
    let now_and_then = [names::BOOK, names::BOOK_FRESH];
    let mut entrants = BARE_AND_OURS.to_vec();
    // These have a bar too, but run in half of the rounds, because there are many.
    entrants.extend(polled.map(|name| Entrant::polled(name, 2)));
    entrants.extend(PEERS.iter().map(|name| Entrant::pushed(name, every)));
    entrants.extend(now_and_then.map(|name| Entrant::pushed(name, every)));
    entrants.push(Entrant::pushed(names::LIMIT, every));
    if tasks == 1 {
        entrants.push(Entrant::pushed(names::SOCKET, every));
        entrants.push(Entrant {
            name: names::PYTHON,
            place: Place::Python,
            every,
        });
    }
    entrants
}

pub(super) fn planned(plan: &Plan) -> Duration {
    let each = TASKS.map(|tasks| rounds::planned(&entrants(plan, tasks), plan.throughput));
    each.into_iter().sum()
}

pub(super) fn measure(run: &mut Run<'_>) -> Result<Section, Failure> {
    let mut of_tasks = Vec::new();
    let mut findings = Vec::new();
    for tasks in TASKS {
        run.progress
            .begin(&format!("throughput, {}", counted(tasks, "task")));
        let rates = rounds::run(
            run.workers,
            &entrants(&run.plan, tasks),
            tasks,
            run.plan.throughput,
            run.progress,
        )?;
        findings.extend(ratios(&rates, tasks));
        of_tasks.push(rates);
    }
    let columns = TASKS.map(|tasks| counted(tasks, "task"));
    let mut table = Table::new(std::iter::once("calls per second".to_owned()).chain(columns));
    let mut lines = Vec::new();
    for entrant in entrants(&run.plan, 1) {
        let medians = of_tasks.iter().map(|rates| rates.median(entrant.name));
        let medians: Vec<Option<f64>> = medians.map(|rate| Some(rate?.value)).collect();
        let shown = medians
            .iter()
            .map(|rate| rate.map_or_else(String::new, number));
        table.row(entrant.name, shown);
        if drawn(entrant.name) {
            let points = TASKS.iter().zip(medians);
            let points = points.filter_map(|(tasks, rate)| Some((place(*tasks), rate?)));
            lines.push(Line {
                name: entrant.name.to_owned(),
                tone: Tone::of(entrant.name),
                points: points.collect(),
            });
        }
    }
    Ok(Section {
        title: "Throughput",
        note: "`log_recent`, one pipeline of LPUSH and LTRIM, called without pause by so many tasks: calls per second, medians."
            .to_owned(),
        table,
        findings,
        charts: vec![Chart {
            file: "throughput.svg",
            title: "Calls per second by tasks".to_owned(),
            kind: Kind::Lines(Lines {
                over: "tasks",
                marks: TASKS.map(|tasks| (place(tasks), tasks.to_string())).to_vec(),
                is_logarithmic: true,
                is_filled: false,
                unit: "calls per second",
                lines,
            }),
        }],
    })
}

fn place(tasks: usize) -> f64 {
    u32::try_from(tasks).map_or(0.0, f64::from)
}

fn drawn(name: &str) -> bool {
    let ours = [
        names::BARE,
        names::OURS,
        names::BARE_TWO,
        names::OURS_TWO,
        names::BOOK_FRESH,
    ];
    ours.contains(&name) || PEERS.contains(&name)
}

fn ratios(rates: &Rates, tasks: usize) -> Vec<Finding> {
    let within = format!("throughput, {}", counted(tasks, "task"));
    let mut asked = vec![
        (names::BARE_AGAIN, names::BARE, None),
        (names::BARE_EACH, names::BARE, None),
        (names::BARE_NODELAY, names::BARE, None),
        (names::OURS, names::BARE, NEARLY_BARE),
        (names::OURS, names::BARE_EACH, None),
        (names::OURS, names::BARE_NODELAY, None),
        (names::OURS_TWO, names::BARE_TWO, NEARLY_BARE),
        (names::POLL, names::BARE_POLL, NEARLY_BARE),
        (names::POLL_TWO, names::BARE_POLL_TWO, NEARLY_BARE),
        (names::BARE_POLL, names::BARE, None),
        (names::OURS_TWO, names::OURS, None),
        (names::POLL, names::BOOK, None),
        (names::OURS, names::LIMIT, None),
        (names::BARE, names::LIMIT, None),
        (names::RUSTIS, names::LIMIT, None),
    ];
    if tasks == 1 {
        asked.push((names::OURS, names::SOCKET, None));
        asked.push((names::BARE, names::SOCKET, None));
        asked.push((names::OURS, names::PYTHON, None));
    }
    for peer in PEERS {
        let bar = match *peer {
            names::DEADPOOL if tasks == 64 => Some(Bar::AtLeast(3.0)),
            names::BB8 if tasks == 64 => Some(Bar::AtLeast(2.0)),
            _ => None,
        };
        asked.push((names::OURS, *peer, bar));
    }
    let best = |name: &&&str| rates.median(name).map_or(0.0, |rate| rate.value);
    let best = PEERS.iter().max_by(|a, b| best(a).total_cmp(&best(b)));
    for peer in PEERS {
        // From 16 tasks on, the best of them counts.
        let counts = tasks >= 16 && Some(peer) == best;
        asked.push((names::OURS_TWO, *peer, counts.then_some(Bar::AtLeast(1.0))));
    }
    let ratios = asked.into_iter();
    ratios
        .filter_map(|(of, to, bar)| ratio(rates, of, to, &within, bar))
        .collect()
}
