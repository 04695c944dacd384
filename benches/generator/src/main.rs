//! What the generator costs, beside its peers, and whether the bars are kept. `--help` says what
//! can be measured.
//!
//! Build scripts are compiled without optimisation, so this is to be as well: `cargo run --package
//! redis-components-bench-generator`. Everything runs in turns, and CPU time is what counts:
//! generators and rustc's front end have one thread, and what else a machine does should not.

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
