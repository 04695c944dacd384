//! Measures how a move slows calls down.

use std::time::Duration;

use super::run::Run;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::process::Process;
use crate::report::chart::data::{Line, Lines, Tone};
use crate::report::chart::{Chart, Kind};
use crate::report::{Finding, Section, Table, number};
use crate::statistics::median;
use crate::worker::{Mode, Moment, Request, Swap, Swaps};

const CALLERS: usize = 64;
const SWAP: Duration = Duration::from_millis(2200);

/// A figure before and at a move.
type Figure = fn(&Swap) -> [f64; 2];

pub(super) fn planned(plan: &Plan) -> Duration {
    SWAP * u32::try_from(plan.swaps).unwrap_or(u32::MAX)
}

pub(super) fn measure(run: &mut Run<'_>) -> Result<Section, Failure> {
    run.progress.begin("swaps under load");
    let mut process = Process::start(Mode::Push, &run.servers.urls())?;
    let Swaps { swaps, moments } = process.ask(&Request::Swaps {
        callers: CALLERS,
        moves: run.plan.swaps,
    })??;
    run.progress.advance(planned(&run.plan));
    let mut table = Table::new(["calls, ms", "second before", "second of the move", "times"]);
    let mut findings = Vec::new();
    let figures: [(&str, Figure); 2] = [
        ("p99.9", |swap| swap.p999),
        ("slowest", |swap| swap.slowest),
    ];
    for (name, figure) in figures {
        let before = median(swaps.iter().map(|swap| figure(swap)[0] / 1e3));
        let after = median(swaps.iter().map(|swap| figure(swap)[1] / 1e3));
        let ratio = median(swaps.iter().map(|swap| figure(swap)[1] / figure(swap)[0]));
        let (Some(before), Some(after), Some(ratio)) = (before, after, ratio) else {
            continue;
        };
        let figures = [before, after, ratio].map(|estimate| number(estimate.value));
        table.row(format!("{name}, median of {} moves", swaps.len()), figures);
        let name =
            format!("swap under load, {CALLERS} tasks: {name}, second of the move / second before");
        findings.push(Finding::ratio(name, ratio, None));
    }
    let slowest = |which: usize| {
        let all = swaps.iter().map(|swap| swap.slowest[which]);
        all.fold(0.0, f64::max) / 1e3
    };
    let [before, after] = [slowest(0), slowest(1)];
    let figures = [before, after, after / before].map(number);
    table.row("slowest of all", figures);
    let failed: usize = swaps.iter().map(|swap| swap.failed).sum();
    let blank = String::new;
    table.row("failed", [blank(), failed.to_string(), blank()]);
    Ok(Section {
        title: "A move under load",
        note: format!("{CALLERS} tasks call without pause while their component moves, push."),
        table,
        findings,
        charts: vec![served(&moments), course(&swaps)],
    })
}

/// How many moves are drawn.
const DRAWN: u32 = 10;

fn served(moments: &[Moment]) -> Chart {
    let last = (SWAP * DRAWN).as_secs_f64();
    let moments = || moments.iter().take_while(|moment| moment.at <= last);
    let line = |name: &str, tone, value: fn(&Moment) -> f64| Line {
        name: name.to_owned(),
        tone,
        points: moments().map(|moment| (moment.at, value(moment))).collect(),
    };
    let lines = vec![
        line("served by the first server", Tone::Ours, |moment| {
            moment.served[0]
        }),
        line("served by the second server", Tone::Bare, |moment| {
            moment.served[1]
        }),
        line("failed", Tone::Other, |moment| moment.failed),
    ];
    let marks = (0..=4).map(|number| f64::from(number) * 5.0);
    Chart {
        file: "moves.svg",
        title: "Calls per second while a component moves there and back, 64 tasks".to_owned(),
        kind: Kind::Lines(Lines {
            over: "seconds",
            marks: marks.map(|mark| (mark, mark.to_string())).collect(),
            is_logarithmic: false,
            is_filled: true,
            unit: "calls per second",
            lines,
        }),
    }
}

fn course(swaps: &[Swap]) -> Chart {
    let bins = swaps.first().map_or(0, |swap| swap.course.len());
    let typical = (0..bins).map(|bin| {
        let values = swaps.iter().map(|swap| swap.course[bin] / 1e3);
        median(values).map_or(0.0, |estimate| estimate.value)
    });
    let slowest = (0..bins).map(|bin| {
        let values = swaps.iter().map(|swap| swap.course[bin] / 1e3);
        values.fold(0.0, f64::max)
    });
    let line = |name: &str, tone, values: Vec<f64>| Line {
        name: name.to_owned(),
        tone,
        points: (0..).map(f64::from).zip(values).collect(),
    };
    let lines = vec![
        line("median of the moves", Tone::Ours, typical.collect()),
        line("slowest of the moves", Tone::OursAlso, slowest.collect()),
    ];
    let marks = [
        (0, "-1 s"),
        (bins / 2, "SET"),
        (bins.saturating_sub(1), "1 s"),
    ];
    let place = |bin: usize| u32::try_from(bin).map_or(0.0, f64::from);
    let marks = marks.map(|(bin, text)| (place(bin), text.to_owned()));
    Chart {
        file: "swap.svg",
        title: "p99.9 of calls around a move, 64 tasks".to_owned(),
        kind: Kind::Lines(Lines {
            over: "twentieths of a second",
            marks: marks.to_vec(),
            is_logarithmic: false,
            is_filled: false,
            unit: "ms",
            lines,
        }),
    }
}
