//! Components in one process.

use std::time::Duration;

use super::servers::Servers;
use crate::failure::Failure;
use crate::file_limit;
use crate::measure::run::{Run, ratio};
use crate::names::{self, Many};
use crate::plan::Growth;
use crate::report::chart::data::{Line, Lines, Tone};
use crate::report::chart::{Chart, Kind};
use crate::report::{Finding, Section, Table, number};
use crate::rounds::{self, Entrant, Place, Workers};
use crate::subject::Slice;
use crate::worker::{Connected, Mode, Request};

const TASKS: usize = 64;

/// Ours and bare connections have a process each: both need a file for each connection.
const OURS: Place = Place::Rust(Mode::Push);

/// Fewer components than this tell nothing about the memory of one.
const WEIGHED: usize = 100;

/// What is known of one number of components.
struct Row {
    calls: Option<[f64; 2]>,
    figures: Vec<String>,
    findings: Vec<Finding>,
}

fn measured(plan: &Growth) -> impl Iterator<Item = &'static Many> {
    let most = plan.components;
    let fits = move |components| components <= most && file_limit::allows(components);
    names::MANY.iter().filter(move |many| fits(many.components))
}

fn entrants(many: &Many) -> [Entrant; 2] {
    [Entrant::pushed(many.ours, 1), Entrant::polled(many.bare, 1)]
}

pub(super) fn planned(plan: &Growth) -> Duration {
    measured(plan)
        .map(|many| rounds::planned(&entrants(many), plan.rounds) + plan.counted)
        .sum()
}

pub(in crate::measure) fn measure(run: &mut Run<'_>) -> Result<Section, Failure> {
    let plan = run.plan.growth;
    let mut table = Table::new([
        "components",
        "connected after, ms",
        "processor for it, ms",
        "calls per second",
        "bare connections",
        "commands to the config server to connect",
        "and then per second",
        "memory of one, KB",
    ]);
    let mut findings = Vec::new();
    let (mut marks, mut lines) = (Vec::new(), [Vec::new(), Vec::new()]);
    for many in measured(&plan) {
        let row = one(run, &plan, many)?;
        if let Some(calls) = row.calls {
            let place = u32::try_from(many.components).map_or(0.0, f64::from);
            marks.push((place, number_of(many.components)));
            let lines = lines.iter_mut().zip(calls);
            lines.for_each(|(line, rate)| line.push((place, rate)));
        }
        table.row(number_of(many.components), row.figures);
        findings.extend(row.findings);
    }
    let line = |name: &str, points| Line {
        name: name.to_owned(),
        tone: Tone::of(name),
        points,
    };
    let [ours, bare] = lines;
    let lines = vec![line("ours, push", ours), line("bare", bare)];
    Ok(Section {
        title: "Components in one process",
        note: format!(
            "{TASKS} tasks call so many components in turn, all of one data server, or as many bare connections to \
             another one in another process. Commands to the config server are those of {} s of calls; those of \
             connecting come before. A row is left out if this system lets a process open too few files for it: one for \
             each component.",
            plan.counted.as_secs()
        ),
        table,
        findings,
        charts: vec![Chart {
            file: "components.svg",
            title: "Calls per second by components in one process, 64 tasks".to_owned(),
            kind: Kind::Lines(Lines {
                over: "components",
                marks,
                is_logarithmic: true,
                is_filled: false,
                unit: "calls per second",
                lines,
            }),
        }],
    })
}

fn one(run: &Run<'_>, plan: &Growth, many: &Many) -> Result<Row, Failure> {
    let components = many.components;
    run.progress.begin(&format!("growth, {}", many.ours));
    let servers = Servers::start(components)?;
    let mut workers = Workers::new(servers.urls());
    let connected: Connected = workers.ask(OURS, &Request::Connect { components })??;
    let connecting = servers.work()?.count() - u64::try_from(components)?;
    let entrants = entrants(many);
    let rates = rounds::run(&mut workers, &entrants, TASKS, plan.rounds, run.progress)?;
    let before = servers.work()?;
    let slice: Slice = workers.ask(
        OURS,
        &Request::Slice {
            subject: many.ours.to_owned(),
            concurrency: TASKS,
            microseconds: u64::try_from(plan.counted.as_micros())?,
        },
    )??;
    let commands = servers.work()?.since(&before).count();
    run.progress.advance(plan.counted);
    let per_second = float(commands) / (float(slice.nanoseconds) / 1e9);
    let memory = connected.resident.filter(|_| components >= WEIGHED);
    let memory = memory.map(|[before, after]| {
        (float(after) - float(before)) / float(u64::try_from(components).unwrap_or(1)) / 1024.0
    });
    let within = format!("growth, {}", number_of(components));
    let rate = |name: &str| rates.median(name).map(|rate| rate.value);
    let calls = [rate(many.ours), rate(many.bare)];
    let milliseconds = float(connected.nanoseconds) / 1e6;
    let processor = connected.processor.map(|time| time.as_secs_f64() * 1e3);
    let shown = |figure: Option<f64>| figure.map_or_else(String::new, number);
    let mut findings = Vec::new();
    findings.extend(ratio(&rates, many.ours, many.bare, &within, None));
    for (what, value) in [
        ("calls per second", calls[0]),
        ("milliseconds to connect", Some(milliseconds)),
        ("milliseconds of the processor to connect", processor),
        ("commands to connect", Some(float(connecting))),
        ("commands per second", Some(per_second)),
        ("kilobytes of one component", memory),
    ] {
        let name = format!("{within} components: {what}");
        findings.extend(value.map(|value| Finding::count(name, value, None)));
    }
    Ok(Row {
        calls: calls[0].zip(calls[1]).map(<[f64; 2]>::from),
        figures: vec![
            number(milliseconds),
            shown(processor),
            shown(calls[0]),
            shown(calls[1]),
            number(float(connecting)),
            number(per_second),
            shown(memory),
        ],
        findings,
    })
}

/// Returns a whole number with commas between thousands.
pub(super) fn number_of(count: usize) -> String {
    let text = count.to_string();
    let (thousands, rest) = text.split_at(text.len().saturating_sub(3));
    if thousands.is_empty() {
        text
    } else {
        format!("{thousands},{rest}")
    }
}

#[allow(clippy::cast_precision_loss, reason = "far less than 2^53")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}
