//! Measures the generator beside its peers, and checks the bars. `--help` lists the measurements.
//!
//! Build scripts are compiled without optimisation, and so is this program when it runs as `cargo
//! run --package redis-components-bench-generator`. Everything is measured in turns. CPU time
//! counts: generators and rustc's front end have one thread, and other work on the machine must not
//! count.

mod bar;
mod check;
mod cold;
mod cpu;
mod failure;
mod generators;
mod growth;
mod options;
mod package;
mod sample;

use std::process::ExitCode;

use clap::Parser;
use options::{Command, Options};
use serde_json::{Map, Value};

use crate::failure::Failure;

fn main() -> Result<ExitCode, Failure> {
    let options = Options::parse();
    match options.command {
        Some(Command::Generate {
            generator,
            components,
        }) => generator.run(components).map(|()| ExitCode::SUCCESS),
        None => measure(&options),
    }
}

fn measure(options: &Options) -> Result<ExitCode, Failure> {
    let runs = options.runs;
    let mut bars = Vec::new();
    let mut results = Map::new();
    if options.generation() {
        if !cfg!(debug_assertions) {
            println!(
                "note: optimised, which build scripts are not: the bars are for a debug build\n"
            );
        }
        results.insert("generation".to_owned(), growth::measure(runs, &mut bars)?);
    }
    if options.check() {
        results.insert("check".to_owned(), check::measure(runs, &mut bars)?);
    }
    if options.cold() {
        results.insert("cold".to_owned(), cold::measure(&mut bars)?);
    }
    println!();
    for bar in &bars {
        println!("{bar}");
    }
    if let Some(file) = &options.json {
        results.insert("debug".to_owned(), cfg!(debug_assertions).into());
        results.insert("bars".to_owned(), bars.iter().map(bar::Bar::json).collect());
        std::fs::write(file, format!("{:#}\n", Value::Object(results)))?;
    }
    let is_kept = bars.iter().all(bar::Bar::is_kept);
    Ok(if is_kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
