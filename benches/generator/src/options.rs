use std::path::PathBuf;

use crate::Error;
use crate::generators::Generator;

pub(crate) const HELP: &str = "\
Usage: redis-components-bench-generator [OPTIONS]

Without --check and --cold, what is generated is measured: ours and tonic-prost-build's, for 10, 100 and 1,000 components.

  --check      `cargo check` of 100 generated modules and of the same wrappers written by hand
  --cold       `cargo build` of a crate that has the generator as its build dependency, from nothing (needs the registry)
  --all        all of these
  --runs N     how often each is measured, by default 5 (--cold: once)
  --json FILE  write what was measured";

/// What to do.
pub(crate) enum Command {
    Help,
    Measure(Options),
    /// One run of a generator, in a process of its own.
    Generate(Generator, usize),
}

/// What to measure.
pub(crate) struct Options {
    pub(crate) generation: bool,
    pub(crate) check: bool,
    pub(crate) cold: bool,
    pub(crate) runs: usize,
    pub(crate) json: Option<PathBuf>,
}

/// Reads the arguments.
pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Command, Error> {
    let mut options = Options {
        generation: false,
        check: false,
        cold: false,
        runs: 5,
        json: None,
    };
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or(format!("`{argument}` needs a value"))
        };
        match argument.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--check" => options.check = true,
            "--cold" => options.cold = true,
            "--all" => (options.generation, options.check, options.cold) = (true, true, true),
            "--runs" => options.runs = value()?.parse::<usize>()?.max(1),
            "--json" => options.json = Some(value()?.into()),
            "generate" => {
                let (name, components) = (value()?, value()?.parse()?);
                let generator = Generator::ALL.into_iter().find(|g| g.name() == name);
                let generator = generator.ok_or("an unknown generator")?;
                return Ok(Command::Generate(generator, components));
            }
            _ => return Err(format!("unknown argument `{argument}`\n\n{HELP}").into()),
        }
    }
    options.generation |= !options.check && !options.cold;
    Ok(Command::Measure(options))
}
