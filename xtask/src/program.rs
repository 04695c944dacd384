//! Programs that need only a Redis server.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use crate::consent::Consent;
use crate::server::Server;
use crate::{python, workspace};

/// The arguments with which Cargo finds the program.
pub(crate) const DEMO: [&str; 2] = ["--example", "move_server"];
pub(crate) const MOVE_DATA: [&str; 2] = ["--example", "move_data"];
pub(crate) const TOPOLOGIES: [&str; 2] = ["--example", "topologies"];
pub(crate) const WEB: [&str; 2] = ["--example", "web"];
pub(crate) const SOAK: [&str; 2] = ["--package", "redis-components-soak"];

/// Runs a program that starts the command line and a process in Python.
pub(crate) fn run_with_command_line(
    program: [&str; 2],
    arguments: Vec<OsString>,
    consent: Consent,
) -> Result<ExitCode, String> {
    python::find_or_make(consent)?;
    let mut build = workspace::cargo();
    build.args([
        "build",
        "--release",
        "--locked",
        "--package",
        "redis-components-cli",
    ]);
    workspace::run(build.current_dir(workspace::root()))?;
    run(program, arguments, consent)
}

/// Replaces this process with the program, so that Ctrl-C reaches only the program.
pub(crate) fn run(
    program: [&str; 2],
    arguments: Vec<OsString>,
    consent: Consent,
) -> Result<ExitCode, String> {
    let server = Server::find_or_install(consent)?;
    let mut command = workspace::cargo();
    command.args(["run", "--release", "--locked"]);
    command.args(program).arg("--");
    command.args(arguments).current_dir(workspace::root());
    server.tell(&mut command)?;
    let error = command.exec();
    Err(format!(
        "`{}` cannot be run: {error}",
        workspace::shown(&command)
    ))
}
