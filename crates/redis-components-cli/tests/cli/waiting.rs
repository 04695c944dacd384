//! A command that waits for a fleet, and the receipts that it waits for.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use redis_components_testing::Server;
use serde_json::Value;

use crate::common::{Operator, check_schema};

pub(crate) const OLD: &str = "48bc90d10ff628a0";

/// Makes `logs`, and returns the digest of its config.
pub(crate) fn make_logs(operator: &Operator, server: &Server) -> String {
    operator.make_logs(server);
    let logs = operator.data(&["get", "logs"]);
    logs["digest"].as_str().unwrap().to_owned()
}

pub(crate) fn follows(digest: &str) -> String {
    format!("{digest} {digest} ok 2 1764170000 0 -")
}

pub(crate) fn behind(digest: &str) -> String {
    format!("{OLD} {digest} trying 1 1764170000 0 -")
}

/// A command that waits, with its events.
pub(crate) struct Waiting {
    pub(crate) child: Child,
    pub(crate) lines: Lines<BufReader<ChildStdout>>,
}

impl Waiting {
    pub(crate) fn start(operator: &Operator, words: &[&str]) -> Self {
        let mut command = operator.command(&[words, &["-o", "ndjson"]].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    pub(crate) fn line(&mut self) -> Value {
        let line = serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap();
        check_schema(&line);
        line
    }

    /// Returns the data of the next event with this state, and passes over progress before it.
    #[track_caller]
    pub(crate) fn next(&mut self, state: &str) -> Value {
        loop {
            let mut line = self.line();
            if line["state"] == state {
                return line["data"].take();
            }
            assert_eq!(line["state"], "progress", "{line:#}");
        }
    }

    /// Returns the exit code and the envelope.
    pub(crate) fn end(mut self) -> (i32, Value) {
        let mut line = self.line();
        while line["event"].is_string() {
            line = self.line();
        }
        (self.child.wait().unwrap().code().unwrap(), line)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // It has ended unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
