//! The project's own commands, such as `cargo xtask demo`, `cargo xtask test` and `cargo xtask
//! bench`.
//!
//! Each command first looks for what it needs, a Redis server for example, and installs what is
//! missing, so that Rust and git are all a newcomer needs.

mod bench;
mod browser;
mod consent;
mod install;
mod link;
mod options;
mod package_manager;
mod pictures;
mod program;
mod prometheus;
mod python;
mod server;
mod test;
mod words;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::consent::Consent;
use crate::words::Words;

/// The project's own commands.
///
/// Commands other than `pictures` and `python` use the Redis server named by REDISRS_SERVER_BIN, or `redis-server`
/// or `valkey-server` on PATH. If there is none, they show how they will install one with the
/// machine's package manager, ask for consent at a terminal, and install it.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    /// Install what is missing without asking.
    #[arg(long, global = true)]
    yes: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Move a component between two servers while tasks call it.
    Demo(Demo),
    /// Move a component through every kind of server while it is called.
    Topologies(options::topologies::Options),
    /// Start a small web service that shows where its components live.
    Web(options::web::Options),
    /// Call four components that move, while servers and network are broken at random.
    Soak(options::soak::Options),
    /// Run all tests, doc tests included.
    Test(test::Options),
    /// Measure redis-components beside its alternatives, in twenty minutes.
    Bench(options::bench::Options),
    /// Draw the pictures of the documentation again.
    ///
    /// That of `top` is drawn from an example. Those of the demo and of a build error were recorded
    /// at a terminal, as the files `docs/pictures/*.ansi`.
    Pictures,
    /// Set up a Python with redis-py under target/python.
    ///
    /// The tests, the benchmark, the example `mixed_fleet` and the package in the folder `python` use
    /// it. `test` and `bench` set it up themselves.
    Python,
}

#[derive(Debug, clap::Args)]
struct Demo {
    #[command(flatten)]
    options: options::demo::Options,
    /// Move the server's data along, with `redis-components move`, under three processes.
    #[arg(long)]
    data: bool,
    /// How many keys the server has besides, by default a million.
    #[arg(long, value_name = "N", requires = "data")]
    keys: Option<u64>,
}

fn main() -> ExitCode {
    let Words { ours, mut theirs } = Words::tell_apart(std::env::args_os());
    if ours.get(1).is_some_and(|command| command != "test")
        && theirs.first().is_some_and(|first| first == "--")
    {
        theirs.remove(0);
    }
    let Arguments { yes, command } = Arguments::parse_from(ours.iter().chain(&theirs));
    let consent = Consent::new(yes);
    let outcome = match command {
        Command::Demo(demo) if demo.data => {
            theirs.retain(|word| word != "--data");
            program::run_with_command_line(program::MOVE_DATA, theirs, consent)
        }
        Command::Demo(_) => program::run(program::DEMO, theirs, consent),
        Command::Topologies(_) => program::run(program::TOPOLOGIES, theirs, consent),
        Command::Web(_) => program::run(program::WEB, theirs, consent),
        Command::Soak(_) => program::run(program::SOAK, theirs, consent),
        Command::Test(options) => test::run(&options, &theirs, consent),
        Command::Bench(_) => bench::run(theirs, consent),
        Command::Pictures => pictures::draw(),
        Command::Python => python::find_or_make(consent).map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|message| {
        eprintln!("error: {message}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
