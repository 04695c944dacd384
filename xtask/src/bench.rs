//! `cargo xtask bench`: redis-components beside its alternatives.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::consent::Consent;
use crate::server::Server;
use crate::{python, workspace};

const PACKAGE: &str = "redis-components-bench-peers";
/// Builds both programs, because one runs the other.
const BUILD: &[&str] = &["build", "--release", "--locked", "--package", PACKAGE];
const RUN: &[&str] = &[
    "run",
    "--release",
    "--locked",
    "--quiet",
    "--package",
    PACKAGE,
    "--bin",
    "peers",
    "--",
];

/// Builds the benchmark and runs it.
pub(crate) fn run(arguments: Vec<OsString>, consent: Consent) -> Result<ExitCode, String> {
    let server = Server::find_or_install(consent)?;
    python::find_or_make(consent)?;
    let mut build = workspace::cargo();
    build.args(BUILD);
    let mut run = workspace::cargo();
    run.args(RUN).args(arguments);
    server.tell(&mut run)?;
    for mut command in [build, run] {
        let code = status(command.current_dir(workspace::root()))?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn status(command: &mut Command) -> Result<ExitCode, String> {
    let status = command.status();
    let status = status
        .map_err(|error| format!("`{}` cannot be run: {error}", workspace::shown(command)))?;
    Ok(workspace::exit_code(status))
}
