//! Programs of ours that need a Redis server and nothing else.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::server::Server;
use crate::workspace;

/// The words that tell Cargo which program is meant.
pub(crate) const DEMO: [&str; 2] = ["--example", "move_server"];
pub(crate) const WEB: [&str; 2] = ["--example", "web"];
pub(crate) const SOAK: [&str; 2] = ["--package", "redis-components-soak"];

/// Becomes the program, where the system can do that, so that Ctrl-C reaches it and nobody else.
pub(crate) fn run(program: [&str; 2], mut arguments: Vec<OsString>) -> Result<ExitCode, String> {
    if arguments.first().is_some_and(|first| first == "--") {
        arguments.remove(0);
    }
    let server = Server::find_or_install()?;
    let mut command = workspace::cargo();
    command.args(["run", "--release", "--locked"]);
    command.args(program).arg("--");
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
