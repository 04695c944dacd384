//! `cargo xtask test`: all tests, those in Python too, with the Redis server and the Python that they
//! need.

use std::ffi::OsString;
use std::process::{Command, ExitCode, Stdio};

use clap::Args;

use crate::consent::Consent;
use crate::server::Server;
use crate::{browser, prometheus, python, workspace};

/// The default here, unlike in Cargo: one failure must not hide another.
const NO_FAIL_FAST: &str = "--no-fail-fast";
/// The variable by which nextest is told how many tests to run at once.
const TEST_THREADS: &str = "NEXTEST_TEST_THREADS";
const FEWEST_TEST_THREADS: usize = 4;
/// The benchmark beside other clients is tested by itself. One of these clients builds tokio with
/// parking_lot, whose locks a forked child cannot use.
const NEXTEST: &[&str] = &[
    "nextest",
    "run",
    "--workspace",
    "--exclude",
    "redis-components-bench-peers",
    "--locked",
    "--retries",
    "0",
    NO_FAIL_FAST,
];
/// Everything that nextest runs. `cargo test` would add the doc tests, which are a step of their
/// own.
const CARGO_TEST: &[&str] = &[
    "test",
    NO_FAIL_FAST,
    "--workspace",
    "--exclude",
    "redis-components-bench-peers",
    "--locked",
    "--lib",
    "--bins",
    "--tests",
    "--examples",
];
const DOC_TESTS: &[&str] = &[
    "test",
    "--doc",
    NO_FAIL_FAST,
    "--workspace",
    "--exclude",
    "redis-components-bench-peers",
    "--locked",
];

const NEXTEST_PEERS: &[&str] = &[
    "nextest",
    "run",
    "--package",
    "redis-components-bench-peers",
    "--locked",
    "--retries",
    "0",
    NO_FAIL_FAST,
    "--no-tests",
    "pass",
];
const CARGO_TEST_PEERS: &[&str] = &[
    "test",
    NO_FAIL_FAST,
    "--package",
    "redis-components-bench-peers",
    "--locked",
];

/// The tests that the other steps ignore because they need a browser. They name the same packages as
/// the first step, so that nothing is built anew with other features.
const NEXTEST_BROWSER: &[&str] = &[
    "nextest",
    "run",
    "--locked",
    "--retries",
    "0",
    NO_FAIL_FAST,
    "--workspace",
    "--exclude",
    "redis-components-bench-peers",
    "--test",
    "page",
    "--test",
    "web",
    "--run-ignored",
    "only",
];
const CARGO_TEST_BROWSER: &[&str] = &[
    "test",
    NO_FAIL_FAST,
    "--locked",
    "--workspace",
    "--exclude",
    "redis-components-bench-peers",
    "--test",
    "page",
    "--test",
    "web",
    "--",
    "--ignored",
];
/// Our own options. Everything else goes to the program that runs the tests.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run the tests in a browser too.
    #[arg(long)]
    browser: bool,
    /// Install promtool if it is missing. The tests of alerts run it if it is there.
    #[arg(long)]
    prometheus: bool,
    /// Run all tests even if some fail. This is the default.
    #[arg(long, hide = true)]
    no_fail_fast: bool,
    /// Arguments for `cargo nextest run`, or for `cargo test` if there is no nextest. All tests run
    /// even if some fail, unless the arguments say `--fail-fast`.
    #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
    arguments: Vec<OsString>,
}

/// Runs the tests, then the doc tests, then the tests in a browser if asked to, and those in Python
/// unless the arguments choose among the tests. The first step that fails gives the exit code. Later
/// steps still run, unless the arguments ask to stop at a failure.
pub(crate) fn run(
    options: &Options,
    arguments: &[OsString],
    consent: Consent,
) -> Result<ExitCode, String> {
    let server = Server::find_or_install(consent)?;
    python::find_or_make(consent)?;
    if options.browser {
        browser::find_or_install(consent)?;
    }
    if options.prometheus {
        prometheus::find_or_install(consent)?;
    }
    let stops_early = stops_early(arguments);
    let steps = steps(has_nextest(), options.browser, arguments);
    let mut commands: Vec<Command> = steps
        .into_iter()
        .map(|(words, arguments)| {
            let words = words.iter();
            let mut command = workspace::cargo();
            command
                .args(words.filter(|word| !(stops_early && **word == NO_FAIL_FAST)))
                .args(arguments)
                .current_dir(workspace::root());
            command
        })
        .collect();
    if arguments.is_empty() {
        commands.push(python::tests());
    }
    let mut outcome = ExitCode::SUCCESS;
    for mut command in commands {
        server.tell(&mut command)?;
        if std::env::var_os(TEST_THREADS).is_none() {
            command.env(TEST_THREADS, test_threads().to_string());
        }
        let shown = workspace::shown(&command);
        println!("{shown}");
        let status = command
            .status()
            .map_err(|error| format!("`{shown}` cannot be run: {error}"))?;
        if !status.success() {
            eprintln!("error: `{shown}` failed ({status})");
            if outcome == ExitCode::SUCCESS {
                outcome = workspace::exit_code(status);
            }
            if stops_early {
                break;
            }
        }
    }
    Ok(outcome)
}

/// Returns how many tests nextest runs at once. Most wait for servers and for time, and only some
/// need a processor.
fn test_threads() -> usize {
    let processors = std::thread::available_parallelism();
    processors
        .map_or(1, std::num::NonZero::get)
        .max(FEWEST_TEST_THREADS)
}

/// Returns `true` if the arguments ask to stop at a failure.
fn stops_early(arguments: &[OsString]) -> bool {
    let words = arguments.iter().take_while(|word| *word != "--");
    let mut words = words.map(|word| word.to_string_lossy());
    words.any(|word| ["--fail-fast", "--ff"].contains(&&*word) || word.starts_with("--max-fail"))
}

type Step<'a> = (&'static [&'static str], &'a [OsString]);

fn steps(nextest: bool, in_browser: bool, arguments: &[OsString]) -> Vec<Step<'_>> {
    let (first, peers, last) = if nextest {
        (NEXTEST, NEXTEST_PEERS, NEXTEST_BROWSER)
    } else {
        (CARGO_TEST, CARGO_TEST_PEERS, CARGO_TEST_BROWSER)
    };
    let mut steps = vec![(first, arguments), (DOC_TESTS, &[])];
    if arguments.is_empty() {
        steps.push((peers, &[]));
    }
    if in_browser {
        // Last, because the first step builds the example.
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

    use super::{
        CARGO_TEST, CARGO_TEST_BROWSER, CARGO_TEST_PEERS, DOC_TESTS, NEXTEST, NEXTEST_BROWSER,
        NEXTEST_PEERS, NO_FAIL_FAST, steps, stops_early,
    };

    #[test]
    fn nextest_is_preferred_and_gets_the_arguments_alone() {
        let arguments = [OsString::from("logs")];
        let [nextest, cargo] = [true, false].map(|nextest| steps(nextest, false, &arguments));
        assert_eq!(nextest, [(NEXTEST, &arguments[..]), (DOC_TESTS, &[])]);
        assert_eq!(cargo, [(CARGO_TEST, &arguments[..]), (DOC_TESTS, &[])]);
    }

    #[test]
    fn the_browser_comes_last_if_asked_for() {
        let [nextest, cargo] = [true, false].map(|nextest| steps(nextest, true, &[]));
        assert_eq!(nextest.last(), Some(&(NEXTEST_BROWSER, &[][..])));
        assert_eq!(cargo.last(), Some(&(CARGO_TEST_BROWSER, &[][..])));
    }

    #[test]
    fn a_failure_stops_nothing_unless_asked_to() {
        let stops = |line: &str| {
            let words: Vec<OsString> = line.split_whitespace().map(Into::into).collect();
            stops_early(&words)
        };
        assert!(stops("--fail-fast") && stops("logs --max-fail=3"));
        assert!(!stops("") && !stops("logs -- --fail-fast"));
        for words in [
            NEXTEST,
            CARGO_TEST,
            DOC_TESTS,
            NEXTEST_PEERS,
            CARGO_TEST_PEERS,
            NEXTEST_BROWSER,
            CARGO_TEST_BROWSER,
        ] {
            assert!(words.contains(&NO_FAIL_FAST), "{words:?}");
        }
    }
}
