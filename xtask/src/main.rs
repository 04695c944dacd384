//! The project's own commands, such as `cargo xtask demo`, `cargo xtask test` and `cargo xtask bench`.
//!
//! Each first sees to it that what it needs is there, a Redis server for example, and installs it where it is not, so
//! that Rust and git are all a newcomer needs.

mod bench;
mod browser;
mod install;
mod link;
mod package_manager;
mod program;
mod python;
mod server;
mod test;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask <COMMAND> [ARGUMENTS]

Commands:
  demo [ARGUMENTS]  move a component between two servers while 64 tasks call it;
                    arguments go to the example `move_server`
  web               a small web service that shows where its components live
  soak [ARGUMENTS]  call four components that move, while servers and network are broken at
                    random: --minutes N (30 unless given), --seed N, --json FILE
  test [ARGUMENTS]  run all tests, doc tests included; arguments go to
                    `cargo nextest run`, or to `cargo test` where there is no nextest;
                    with --browser the tests in a browser too
  bench [OPTIONS]   measure how fast it is beside its peers, in 15 minutes; with --quick in
                    two; --help lists the options
  python            set up a Python with redis-py under target/python, which the tests,
                    the benchmark and the example `mixed_fleet` use; `test` and `bench`
                    do so by themselves
  help              print this

All but `python` find `redis-server` or `valkey-server` on PATH, or take the binary named by
REDISRS_SERVER_BIN, or say what they are going to install and install it.";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let command = arguments.next().unwrap_or_default();
    let outcome = run(&command.to_string_lossy(), arguments.collect());
    outcome.unwrap_or_else(|message| {
        eprintln!("error: {message}");
        ExitCode::FAILURE
    })
}

fn run(command: &str, arguments: Vec<OsString>) -> Result<ExitCode, String> {
    match command {
        "demo" => program::run(program::DEMO, arguments),
        "web" => program::run(program::WEB, arguments),
        "soak" => program::run(program::SOAK, arguments),
        "test" => test::run(arguments),
        "bench" => bench::run(arguments),
        "python" => python::find_or_make().map(|()| ExitCode::SUCCESS),
        "help" | "-h" | "--help" => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        "" => Err(format!("no command was named\n\n{HELP}")),
        unknown => Err(format!("there is no command `{unknown}`\n\n{HELP}")),
    }
}
