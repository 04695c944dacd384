//! Measures how soon a change arrives.

use std::time::Duration;

use super::run::Run;
use crate::failure::Failure;
use crate::names;
use crate::plan::Plan;
use crate::process::Process;
use crate::report::chart::{Chart, Kind};
use crate::report::{Bar, Finding, Section, Table, Unit, number};
use crate::statistics::{median, quantile};
use crate::worker::{Mode, Request};

const CALLERS: [usize; 2] = [1, 64];
const PAUSE_PUSHED: Duration = Duration::from_millis(20);
const PAUSE_POLLED: Duration = Duration::from_secs(2);

struct Contestant {
    name: &'static str,
    mode: Mode,
    /// Whether changes are pushed to it.
    pushed: bool,
}

const CONTESTANTS: &[Contestant] = &[
    Contestant {
        name: names::OURS,
        mode: Mode::Push,
        pushed: true,
    },
    Contestant {
        name: names::DYNAMIC_CONFIG,
        mode: Mode::Push,
        pushed: true,
    },
    Contestant {
        name: names::POLL,
        mode: Mode::Poll,
        pushed: false,
    },
    Contestant {
        name: names::BOOK,
        mode: Mode::Push,
        pushed: false,
    },
];

impl Contestant {
    fn moves(&self, plan: &Plan) -> (usize, Duration) {
        if self.pushed {
            (plan.moves_pushed, PAUSE_PUSHED)
        } else {
            (plan.moves_polled, PAUSE_POLLED)
        }
    }

    fn planned(&self, plan: &Plan) -> Duration {
        let (moves, pause) = self.moves(plan);
        pause * u32::try_from(moves).unwrap_or(u32::MAX)
    }
}

pub(super) fn planned(plan: &Plan) -> Duration {
    let once: Duration = CONTESTANTS.iter().map(|who| who.planned(plan)).sum();
    once * 2
}

pub(super) fn measure(run: &mut Run<'_>) -> Result<Section, Failure> {
    let mut table = Table::new([
        "ms from SET to call",
        "p50",
        "p99",
        "max",
        "moves",
        "not followed",
    ]);
    let mut findings = Vec::new();
    let mut bars = Vec::new();
    for contestant in CONTESTANTS {
        for callers in CALLERS {
            let load = if callers == 1 { "idle" } else { "under load" };
            let name = format!("{}, {load}", contestant.name);
            run.progress.begin(&format!("propagation, {name}"));
            let moves = times(run, contestant, callers)?;
            let times: Vec<f64> = moves.iter().copied().flatten().collect();
            let lost = u32::try_from(moves.len() - times.len())?;
            let ours = contestant.name == names::OURS;
            let bar = |bar: f64| ours.then_some(Bar::AtMost(bar));
            findings.push(Finding::count(
                format!("propagation, {name}: moves not followed"),
                lost.into(),
                bar(0.0),
            ));
            let estimates = (
                median(times.iter().copied()),
                quantile(times.iter().copied(), 0.99),
            );
            let (Some(p50), Some(p99)) = estimates else {
                continue;
            };
            let slowest = times.iter().copied().fold(0.0, f64::max);
            let figures = [p50.value, p99.value, slowest].map(number);
            let counts = [moves.len().to_string(), lost.to_string()];
            table.row(&name, figures.into_iter().chain(counts));
            findings.extend([
                finding(format!("propagation, {name}: p50"), p50, bar(1.5)),
                finding(format!("propagation, {name}: p99"), p99, bar(10.0)),
            ]);
            if contestant.pushed {
                bars.push((format!("{name}, p50"), p50.value));
                bars.push((format!("{name}, p99"), p99.value));
            }
        }
    }
    Ok(Section {
        title: "Propagation",
        note: "Milliseconds from the return of the SET that moves a component to the end of the first call on the new server; \
               the calls are made without pause by one task (idle) or by 64 (under load). A move that no call has followed after \
               ten seconds is told again, and has no time."
            .to_owned(),
        table,
        findings,
        charts: vec![Chart {
            file: "propagation.svg",
            title: "From the SET to the first call on the new server".to_owned(),
            kind: Kind::Bars { unit: "ms", bars },
        }],
    })
}

/// Returns the milliseconds of each move, or none if no call followed.
fn times(
    run: &Run<'_>,
    contestant: &Contestant,
    callers: usize,
) -> Result<Vec<Option<f64>>, Failure> {
    let (moves, pause) = contestant.moves(&run.plan);
    let mut process = Process::start(contestant.mode, &run.servers.urls())?;
    let times: Vec<Option<f64>> = process.ask(&Request::Propagation {
        subject: contestant.name.to_owned(),
        callers,
        moves,
        pause: u64::try_from(pause.as_millis())?,
    })??;
    run.progress.advance(contestant.planned(&run.plan));
    let milliseconds = |time: Option<f64>| time.map(|nanoseconds| nanoseconds / 1e6);
    Ok(times.into_iter().map(milliseconds).collect())
}

fn finding(name: String, estimate: crate::statistics::Estimate, bar: Option<Bar>) -> Finding {
    Finding {
        name,
        unit: Unit::Milliseconds,
        estimate,
        bar,
    }
}
