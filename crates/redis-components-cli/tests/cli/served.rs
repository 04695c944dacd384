//! `serve` as a process, and requests to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{BOUND, Operator, check_schema, signal};

/// A process that serves.
pub(crate) struct Served {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    /// Its `host:port`.
    pub(crate) address: String,
}

/// An answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Served {
    pub(crate) fn start(operator: &Operator) -> Self {
        let words = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--interval",
            "200ms",
            "-o",
            "ndjson",
        ];
        let mut command = operator.command(&words);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        check_schema(&line);
        let url = line["data"]["url"].as_str().unwrap();
        let address = url.strip_prefix("http://").unwrap().trim_end_matches('/');
        Self {
            child,
            lines,
            address: address.to_owned(),
        }
    }

    /// Sends a request as it is written, and returns the stream of its answer.
    pub(crate) fn send(&self, request: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        BufReader::new(stream)
    }

    /// Asks for a path by a name of this program.
    pub(crate) fn get_as(&self, method: &str, path: &str, host: &str) -> Answer {
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let mut text = String::new();
        self.send(&request).read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_as("GET", path, &self.address)
    }

    /// Returns the picture, which is as the schema says.
    pub(crate) fn snapshot(&self) -> Value {
        let answer = self.get("/api/snapshot");
        assert_eq!(answer.status, 200, "{answer:?}");
        let snapshot: Value = serde_json::from_str(&answer.body).unwrap();
        check_schema(
            &serde_json::json!({"schema": 1, "command": "serve", "event": "snapshot",
            "state": "progress", "data": snapshot}),
        );
        snapshot
    }

    /// Interrupts it, and returns its exit code and envelope.
    pub(crate) fn end(mut self) -> (Option<i32>, Value) {
        signal(&self.child, Signal::INT);
        let envelope = serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap();
        check_schema(&envelope);
        (self.child.wait().unwrap().code(), envelope)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It has ended unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
