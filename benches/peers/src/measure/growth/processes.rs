//! Processes on one config server: real ones, simulated ones, and more on paper.

use std::thread;
use std::time::{Duration, Instant};

use super::components::{float, number_of};
use super::servers::{COMPONENTS, Servers, Work};
use crate::failure::Failure;
use crate::measure::run::Run;
use crate::names;
use crate::plan::Growth;
use crate::process::Process;
use crate::report::{Bar, Finding, Section, Table, number};
use crate::subject::Slice;
use crate::worker::{Connected, Mode, Request};

/// How many processes are on paper.
const ON_PAPER: usize = 100_000;

/// The numbers of real processes.
const REAL: [usize; 3] = [1, 10, 100];

/// The commands of a simulated process are those of a real one, but for the times at which both
/// happen to read everything.
const ALIKE: Bar = Bar::AtLeast(0.8);

/// What was measured with some processes.
struct Row {
    processes: usize,
    calls: Option<f64>,
    commands: f64,
    /// Of one core of the config server.
    processor: f64,
    /// Bytes on the config server for each process.
    memory: f64,
    /// Bytes of each process.
    resident: Option<f64>,
}

fn real(plan: &Growth) -> impl Iterator<Item = usize> {
    let most = plan.processes;
    REAL.into_iter().filter(move |count| *count <= most)
}

pub(super) fn planned(plan: &Growth) -> Duration {
    plan.counted * u32::try_from(real(plan).count() + 1).unwrap_or(u32::MAX)
}

pub(in crate::measure) fn measure(run: &mut Run<'_>) -> Result<Section, Failure> {
    let plan = run.plan.growth;
    let mut rows = Vec::new();
    for count in real(&plan) {
        run.progress
            .begin(&format!("growth, {} processes", number_of(count)));
        rows.push(real_processes(&plan, count)?);
        run.progress.advance(plan.counted);
    }
    let count = plan.simulated;
    run.progress
        .begin(&format!("growth, {} simulated processes", number_of(count)));
    let simulated = simulated_processes(&plan, count)?;
    run.progress.advance(plan.counted);
    let mut table = Table::new([
        "processes",
        "calls per second",
        "commands to the config server per second",
        "per process",
        "cores of the config server",
        "its memory for each, KB",
        "memory of a process, MB",
    ]);
    let mut findings = Vec::new();
    for row in &rows {
        let name = number_of(row.processes);
        row.show(&mut table, &mut findings, &name);
    }
    let alike = rows.last().map(|real| {
        let (real, simulated) = (real.per_process(), simulated.per_process());
        (real / simulated).min(simulated / real)
    });
    findings.extend(alike.map(|alike| {
        let name = "growth, processes: commands of a simulated process beside those of a real one";
        Finding::count(name, alike, Some(ALIKE))
    }));
    let name = format!("{}, simulated", number_of(count));
    simulated.show(&mut table, &mut findings, &name);
    let name = format!("{}, on paper", number_of(ON_PAPER));
    simulated
        .times(ON_PAPER)
        .show(&mut table, &mut findings, &name);
    Ok(Section {
        title: "Processes on one config server",
        note: format!(
            "Each process uses {COMPONENTS} components, and one of its tasks calls one of them without pause; `wait` is \
             one second. Simulated processes are connections that send what the watch of a process sends, and make no \
             calls. The last row multiplies the row of simulated ones. Commands are counted for {} s.",
            plan.counted.as_secs()
        ),
        table,
        findings,
        charts: Vec::new(),
    })
}

impl Row {
    fn per_process(&self) -> f64 {
        self.commands / count(self.processes)
    }

    /// Returns the same figures for more processes.
    fn times(&self, processes: usize) -> Self {
        let times = count(processes) / count(self.processes);
        Self {
            processes,
            calls: None,
            commands: self.commands * times,
            processor: self.processor * times,
            memory: self.memory,
            resident: None,
        }
    }

    fn show(&self, table: &mut Table, findings: &mut Vec<Finding>, name: &str) {
        let shown = |figure: Option<f64>| figure.map_or_else(String::new, number);
        let figures = [
            shown(self.calls),
            number(self.commands),
            number(self.per_process()),
            format!("{:.4}", self.processor),
            number(self.memory / 1024.0),
            shown(self.resident.map(|bytes| bytes / 1024.0 / 1024.0)),
        ];
        table.row(name, figures);
        for (what, value) in [
            ("calls per second", self.calls),
            ("commands per second", Some(self.commands)),
            ("cores of the config server", Some(self.processor)),
            ("bytes of the config server for each", Some(self.memory)),
            ("bytes of each", self.resident),
        ] {
            let name = format!("growth, {name} processes: {what}");
            findings.extend(value.map(|value| Finding::count(name, value, None)));
        }
    }
}

fn real_processes(plan: &Growth, processes: usize) -> Result<Row, Failure> {
    // Each has a connection for each of its components.
    let servers = Servers::start(COMPONENTS * processes.max(COMPONENTS))?;
    let empty = servers.memory()?;
    let urls = servers.urls();
    let mut started = Vec::new();
    for _ in 0..processes {
        started.push(Process::start(Mode::Push, &urls)?);
    }
    let connect = Request::Connect {
        components: COMPONENTS,
    };
    let connected = of_all::<Connected>(&mut started, &connect)?;
    let memory = (servers.memory()? - empty) / count(processes);
    // Many fields of the receipts come a little later.
    thread::sleep(Duration::from_secs(1));
    let ours = names::MANY
        .iter()
        .find(|many| many.components == COMPONENTS);
    let slice = Request::Slice {
        subject: ours
            .ok_or("no contestant has so many components")?
            .ours
            .to_owned(),
        concurrency: 1,
        microseconds: u64::try_from(plan.counted.as_micros())?,
    };
    let (before, begun) = (servers.work()?, Instant::now());
    let slices = of_all::<Slice>(&mut started, &slice)?;
    let (commands, processor) = per_second(&servers.work()?.since(&before), begun.elapsed());
    let resident = connected.iter().map(|one| Some(float(one.resident?[1])));
    let resident: Option<f64> = resident.sum();
    Ok(Row {
        processes,
        calls: Some(slices.into_iter().map(Slice::rate).sum()),
        commands,
        processor,
        memory,
        resident: resident.map(|bytes| bytes / count(processes)),
    })
}

fn simulated_processes(plan: &Growth, processes: usize) -> Result<Row, Failure> {
    let servers = Servers::start(processes)?;
    let empty = servers.memory()?;
    let mut worker = Process::start(Mode::Push, &servers.urls())?;
    let simulate = Request::Simulate {
        processes,
        components: COMPONENTS,
    };
    let () = worker.ask(&simulate)??;
    let memory = (servers.memory()? - empty) / count(processes);
    let (before, begun) = (servers.work()?, Instant::now());
    thread::sleep(plan.counted);
    let (commands, processor) = per_second(&servers.work()?.since(&before), begun.elapsed());
    Ok(Row {
        processes,
        calls: None,
        commands,
        processor,
        memory,
        resident: None,
    })
}

/// Lets all processes do the same at once.
fn of_all<T: serde::de::DeserializeOwned>(
    processes: &mut [Process],
    request: &Request,
) -> Result<Vec<T>, Failure> {
    for process in processes.iter_mut() {
        process.send(request)?;
    }
    let answers = processes.iter_mut();
    answers
        .map(|process| Ok(process.answer(request)??))
        .collect()
}

/// Returns the commands of a second, and the part of a core.
fn per_second(work: &Work, elapsed: Duration) -> (f64, f64) {
    let seconds = elapsed.as_secs_f64();
    (
        float(work.count()) / seconds,
        work.processor.as_secs_f64() / seconds,
    )
}

#[allow(clippy::cast_precision_loss, reason = "far less than 2^53")]
fn count(processes: usize) -> f64 {
    processes as f64
}
