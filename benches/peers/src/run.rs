//! A run, from the command line to the report.

use std::path::{Path, PathBuf};

use clap::Parser;

use crate::failure::Failure;
use crate::machine::Machine;
use crate::measure::run::Run;
use crate::measure::{self, Measured};
use crate::options::Options;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::{self, Section};
use crate::rounds::Workers;
use crate::servers::{Servers, Urls};
use crate::worker;

/// Does what the command line says.
///
/// # Errors
///
/// Returns an error if something could not be measured. A missed bar is part of the report and no
/// error.
pub fn run() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [worker, mode, config, first, second] = arguments.as_slice()
        && worker == "worker"
    {
        let urls = [config, first, second].map(String::clone);
        return worker::run(mode, Urls::from_arguments(urls));
    }
    bench(&Options::parse())
}

fn bench(options: &Options) -> Result<(), Failure> {
    let plan = match (&options.server, options.quick) {
        (Some(_), _) => Plan::ELSEWHERE,
        (None, true) => Plan::QUICK,
        (None, false) if options.growth || options.docs => Plan::LONG_GROWTH,
        (None, false) => Plan::FULL,
    };
    let servers = Servers::start(options.server.as_ref())?;
    let place = options.server.as_ref().map(ToString::to_string);
    let machine = Machine::look(servers.version()?, place, options.quick);
    let progress = Progress::over(match options.server {
        Some(_) => measure::planned_elsewhere(&plan),
        None if options.strict => measure::planned_strict(&plan),
        None if options.growth => measure::planned_growth(&plan),
        None => measure::planned(&plan),
    })?;
    let mut workers = Workers::new(servers.urls());
    let mut run = Run {
        plan,
        servers: &servers,
        workers: &mut workers,
        progress: &progress,
    };
    let Measured { sections, failures } = match options.server {
        Some(_) => measure::elsewhere(&mut run),
        None if options.strict => measure::only_strict(&mut run),
        None if options.growth => measure::only_growth(&mut run),
        None => measure::all(&mut run),
    };
    progress.end();
    print!("{}", report::to_text(&machine, &sections));
    let out = match &options.out {
        Some(folder) => folder.clone(),
        None if options.server.is_some() => target()?.join("bench-elsewhere"),
        None if options.strict => target()?.join("bench-strict"),
        None if options.growth => target()?.join("bench-growth"),
        None => target()?.join("bench"),
    };
    write(&machine, &sections, &out)?;
    if !failures.is_empty() {
        let (failures, out) = (failures.join("\n  "), out.display());
        return Err(format!("the report in {out} is not complete:\n  {failures}").into());
    }
    if options.docs {
        fill_docs(&machine, &sections)?;
    }
    println!("\nThe report is in {}.", out.display());
    Ok(())
}

fn write(machine: &Machine, sections: &[Section], out: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(out)?;
    let json = report::to_json(machine, sections);
    let json = serde_json::to_string_pretty(&json)? + "\n";
    std::fs::write(out.join("report.json"), json)?;
    let page = report::to_markdown(machine, sections);
    std::fs::write(out.join("report.md"), page)?;
    // The page looks for charts there, as the documentation does.
    let charts = out.join("performance");
    std::fs::create_dir_all(&charts)?;
    for chart in sections.iter().flat_map(|section| &section.charts) {
        chart.draw(&charts)?;
    }
    Ok(())
}

fn fill_docs(machine: &Machine, sections: &[Section]) -> Result<(), Failure> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = docs.join("performance.md");
    let filled = report::to_markdown(machine, sections);
    let filled = report::fill(&std::fs::read_to_string(&page)?, &filled)?;
    std::fs::write(&page, filled)?;
    let charts = docs.join("performance");
    std::fs::create_dir_all(&charts)?;
    for chart in sections.iter().flat_map(|section| &section.charts) {
        chart.draw(&charts)?;
    }
    Ok(())
}

/// Returns the folder that Cargo builds into. This program is in its `release`.
fn target() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(Path::parent);
    Ok(target.ok_or("this program is in no folder")?.to_owned())
}
