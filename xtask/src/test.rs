//! `cargo xtask test`: all tests, with a Redis server to run them against and a Python to run beside them.

use std::ffi::OsString;
use std::process::{ExitCode, Stdio};

use crate::server::Server;
use crate::{browser, python, workspace};

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

/// What is left to the browser by the steps before.
const NEXTEST_BROWSER: &[&str] = &[
    "nextest",
    "run",
    "--locked",
    "--retries",
    "0",
    "--package",
    "redis-components-example",
    "--test",
    "web",
    "--run-ignored",
    "only",
];
const CARGO_TEST_BROWSER: &[&str] = &[
    "test",
    "--locked",
    "--package",
    "redis-components-example",
    "--test",
    "web",
    "--",
    "--ignored",
];
/// The argument that is ours.
const BROWSER: &str = "--browser";

/// Runs the tests, then the doc tests, then those in a browser where they are asked for. The first step that fails is the
/// last, and gives the exit code.
pub(crate) fn run(mut arguments: Vec<OsString>) -> Result<ExitCode, String> {
    let in_browser = take(&mut arguments, BROWSER);
    let server = Server::find_or_install()?;
    python::find_or_make()?;
    if in_browser {
        browser::find_or_install()?;
    }
    for (words, arguments) in steps(has_nextest(), in_browser, &arguments) {
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

/// Takes an argument out, and tells whether it was there. What stands behind `--` is not ours.
fn take(arguments: &mut Vec<OsString>, wanted: &str) -> bool {
    let mut ours = arguments.iter().take_while(|argument| *argument != "--");
    let found = ours.position(|argument| argument == wanted);
    found.map(|index| arguments.remove(index)).is_some()
}

type Step<'a> = (&'static [&'static str], &'a [OsString]);

fn steps(nextest: bool, in_browser: bool, arguments: &[OsString]) -> Vec<Step<'_>> {
    let (first, last) = if nextest {
        (NEXTEST, NEXTEST_BROWSER)
    } else {
        (CARGO_TEST, CARGO_TEST_BROWSER)
    };
    let mut steps = vec![(first, arguments), (DOC_TESTS, &[])];
    if in_browser {
        // In the end, because the first step has built the example.
        steps.push((last, &[]));
    }
    steps
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

    use super::{CARGO_TEST, CARGO_TEST_BROWSER, DOC_TESTS, NEXTEST, NEXTEST_BROWSER, steps, take};

    #[test]
    fn nextest_is_preferred_and_gets_the_arguments_alone() {
        let arguments = [OsString::from("logs")];
        let [nextest, cargo] = [true, false].map(|nextest| steps(nextest, false, &arguments));
        assert_eq!(nextest, [(NEXTEST, &arguments[..]), (DOC_TESTS, &[])]);
        assert_eq!(cargo, [(CARGO_TEST, &arguments[..]), (DOC_TESTS, &[])]);
    }

    #[test]
    fn the_browser_comes_last_where_it_is_asked_for() {
        let [nextest, cargo] = [true, false].map(|nextest| steps(nextest, true, &[]));
        assert_eq!(nextest[2], (NEXTEST_BROWSER, &[][..]));
        assert_eq!(cargo[2], (CARGO_TEST_BROWSER, &[][..]));
    }

    #[test]
    fn our_own_argument_is_not_passed_on() {
        let mut arguments = ["--browser", "logs", "--", "--browser"]
            .map(OsString::from)
            .to_vec();
        assert!(take(&mut arguments, "--browser"));
        assert_eq!(arguments, ["logs", "--", "--browser"]);
        assert!(!take(&mut arguments, "--browser"));
    }
}
