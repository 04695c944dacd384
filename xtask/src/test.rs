//! `cargo xtask test`: all tests, with a Redis server to run them against and a Python to run beside them.

use std::ffi::OsString;
use std::process::{ExitCode, Stdio};

use crate::server::Server;
use crate::{python, workspace};

const NEXTEST: &[&str] = &[
    "nextest",
    "run",
    "--workspace",
    "--locked",
    "--retries",
    "0",
];
/// Everything that nextest runs. Cargo would run the doc tests too, which have a step of their own.
const CARGO_TEST: &[&str] = &[
    "test",
    "--workspace",
    "--locked",
    "--lib",
    "--bins",
    "--tests",
    "--examples",
];
const DOC_TESTS: &[&str] = &["test", "--doc", "--workspace", "--locked"];

/// Runs the tests, then the doc tests. The first step that fails is the last, and gives the exit code.
pub(crate) fn run(arguments: &[OsString]) -> Result<ExitCode, String> {
    let server = Server::find_or_install()?;
    python::find_or_make()?;
    for (words, arguments) in steps(has_nextest(), arguments) {
        let mut command = workspace::cargo();
        command
            .args(words)
            .args(arguments)
            .current_dir(workspace::root());
        server.tell(&mut command)?;
        let shown = workspace::shown(&command);
        println!("{shown}");
        let status = command
            .status()
            .map_err(|error| format!("`{shown}` cannot be run: {error}"))?;
        if !status.success() {
            eprintln!("error: `{shown}` failed ({status})");
            return Ok(workspace::exit_code(status));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn steps(nextest: bool, arguments: &[OsString]) -> [(&'static [&'static str], &[OsString]); 2] {
    let first = if nextest { NEXTEST } else { CARGO_TEST };
    [(first, arguments), (DOC_TESTS, &[])]
}

fn has_nextest() -> bool {
    let mut asked = workspace::cargo();
    asked.args(["nextest", "--version"]);
    asked
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{CARGO_TEST, DOC_TESTS, NEXTEST, steps};

    #[test]
    fn nextest_is_preferred_and_gets_the_arguments_alone() {
        let arguments = [OsString::from("logs")];
        assert_eq!(
            steps(true, &arguments),
            [(NEXTEST, &arguments[..]), (DOC_TESTS, &[])]
        );
        assert_eq!(
            steps(false, &arguments),
            [(CARGO_TEST, &arguments[..]), (DOC_TESTS, &[])]
        );
    }
}
