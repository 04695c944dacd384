//! The load on the config server.

use std::collections::BTreeMap;
use std::time::Duration;

use super::run::Run;
use crate::failure::Failure;
use crate::names;
use crate::plan::Plan;
use crate::process::Process;
use crate::report::{Finding, Section, Table, Unit, number};
use crate::statistics::median;
use crate::subject::Slice;
use crate::worker::{Mode, Request};

const TASKS: usize = 64;
const PROCESSES: f64 = 1000.0;

const COUNTED: &[(&str, Mode)] = &[
    (names::OURS, Mode::Push),
    (names::POLL, Mode::Poll),
    (names::POLL_FRESH, Mode::Poll),
    (names::BOOK, Mode::Push),
    (names::BOOK_FRESH, Mode::Push),
];

pub(super) fn planned(plan: &Plan) -> Duration {
    plan.counted * u32::try_from(COUNTED.len()).unwrap_or(u32::MAX)
}

pub(super) fn measure(run: &mut Run<'_>) -> Result<Section, Failure> {
    let mut table = Table::new([
        "commands to the config server",
        "per 1,000,000 calls",
        "per second",
        "per second of 1,000 processes",
        "which",
    ]);
    let mut findings = Vec::new();
    for (name, mode) in COUNTED {
        run.progress.begin(&format!("config server's load, {name}"));
        let (slice, commands) = count(run, name, *mode)?;
        let total: f64 = commands.values().map(|count| f64::from(*count)).sum();
        let seconds = f64::from(u32::try_from(slice.nanoseconds / 1_000_000)?) / 1e3;
        let per_million = total / (slice.rate() * seconds) * 1e6;
        let per_second = total / seconds;
        let which = commands
            .iter()
            .map(|(name, count)| format!("{count} {name}"));
        let which = which.collect::<Vec<_>>().join(", ");
        // Computed rather than measured if each process polls at its own pace: no command depends
        // on another.
        let paced = ![names::POLL_FRESH, names::BOOK_FRESH].contains(name);
        let of_all = paced.then(|| number(per_second * PROCESSES));
        let of_all = of_all.unwrap_or_else(|| "as many as it answers".to_owned());
        let figures = [number(per_million), number(per_second), of_all, which];
        table.row(*name, figures);
        findings.extend(median([per_million]).map(|estimate| Finding {
            name: format!("config server's load: {name}, commands per 1,000,000 calls"),
            unit: Unit::Count,
            estimate,
            bar: None,
        }));
    }
    Ok(Section {
        title: "The config server's load",
        note: format!(
            "{TASKS} tasks of one process call one component for {} s; the commands that the config server counted \
             meanwhile, without those of connecting. The last figure is for 1,000 such processes, on paper.",
            run.plan.counted.as_secs()
        ),
        table,
        findings,
        charts: Vec::new(),
    })
}

fn count(run: &Run<'_>, name: &str, mode: Mode) -> Result<(Slice, BTreeMap<String, u32>), Failure> {
    let mut process = Process::start(mode, &run.servers.urls())?;
    let mut slice = |time: Duration| -> Result<Slice, Failure> {
        let slice = process.ask(&Request::Slice {
            subject: name.to_owned(),
            concurrency: TASKS,
            microseconds: u64::try_from(time.as_micros())?,
        })?;
        Ok(slice?)
    };
    // Connecting is not counted, because it happens once.
    slice(Duration::from_millis(200))?;
    let before: BTreeMap<String, u64> = run.servers.config_commands()?.into_iter().collect();
    let counted = slice(run.plan.counted)?;
    let mut commands = BTreeMap::new();
    for (command, calls) in run.servers.config_commands()? {
        let new = calls - before.get(&command).copied().unwrap_or(0);
        if new > 0 {
            commands.insert(command, u32::try_from(new)?);
        }
    }
    run.progress.advance(run.plan.counted);
    Ok((counted, commands))
}
