//! `cargo xtask demo`: a component's server moves while its callers run.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::server::Server;
use crate::workspace;

/// Becomes the example, where the system can do that, so that Ctrl-C reaches it and nobody else.
pub(crate) fn run(mut arguments: Vec<OsString>) -> Result<ExitCode, String> {
    if arguments.first().is_some_and(|first| first == "--") {
        arguments.remove(0);
    }
    let server = Server::find_or_install()?;
    let mut command = workspace::cargo();
    command.args([
        "run",
        "--release",
        "--locked",
        "--example",
        "move_server",
        "--",
    ]);
    command.args(arguments).current_dir(workspace::root());
    server.tell(&mut command)?;
    replace_with(command)
}

#[cfg(unix)]
fn replace_with(mut command: Command) -> Result<ExitCode, String> {
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    Err(format!(
        "`{}` cannot be run: {error}",
        workspace::shown(&command)
    ))
}

#[cfg(not(unix))]
fn replace_with(mut command: Command) -> Result<ExitCode, String> {
    let status = command.status();
    let status = status
        .map_err(|error| format!("`{}` cannot be run: {error}", workspace::shown(&command)))?;
    Ok(workspace::exit_code(status))
}
