//! The processes of contestants.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use redis_components_testing::python;
use serde::de::DeserializeOwned;

use crate::failure::Failure;
use crate::servers::Urls;
use crate::worker::{Answer, Mode, Request};

/// A worker, ended when this is dropped.
pub(crate) struct Process {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Process {
    /// Starts this program as a worker.
    pub(crate) fn start(mode: Mode, urls: &Urls) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["worker", mode.argument()]);
        command.args(urls.to_arguments());
        Self::spawn(command)
    }

    /// Starts the book's code in Python, with the Python that `cargo xtask python` sets up.
    pub(crate) fn start_python(urls: &Urls) -> Result<Self, Failure> {
        let mut command = Command::new(python()?);
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        command.arg(package.join("book.py"));
        command
            .env("REDIS_CONFIG_URL", &urls.config)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Result<Self, Failure> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", shown(&command)))?;
        let requests = child.stdin.take().ok_or("a worker without stdin")?;
        let answers = child.stdout.take().ok_or("a worker without stdout")?;
        Ok(Self {
            child,
            requests,
            answers: BufReader::new(answers),
        })
    }

    /// Sends a request. Returns its value, or the reason why there is none.
    pub(crate) fn ask<T: DeserializeOwned>(
        &mut self,
        request: &Request,
    ) -> Result<Result<T, String>, Failure> {
        self.send(request)?;
        self.answer(request)
    }

    /// Sends a request, so that several processes work at once.
    pub(crate) fn send(&mut self, request: &Request) -> Result<(), Failure> {
        Ok(writeln!(
            self.requests,
            "{}",
            serde_json::to_string(request)?
        )?)
    }

    /// Waits for the answer to the request that was sent.
    pub(crate) fn answer<T: DeserializeOwned>(
        &mut self,
        request: &Request,
    ) -> Result<Result<T, String>, Failure> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(format!("the worker ended at {request:?}").into());
        }
        match serde_json::from_str(&line)? {
            Answer::Ok(value) => Ok(Ok(serde_json::from_value(value)?)),
            Answer::Error(reason) => Ok(Err(format!("{request:?}: {reason}"))),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Either call may fail if the worker has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn shown(command: &Command) -> String {
    format!("`{}`", command.get_program().display())
}
