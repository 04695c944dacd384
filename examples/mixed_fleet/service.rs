//! The service in Python, as a child process.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use redis_components_testing::python;
use serde::Deserialize;
use serde_json::Value;

/// A running `service.py`; it ends when this is dropped.
pub(crate) struct Service {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
enum Answer {
    #[serde(rename = "ok")]
    Ok(Value),
    #[serde(rename = "error")]
    Error(String),
}

impl Service {
    /// Starts the service with the Python that has redis-py. `cargo xtask python` and
    /// `cargo xtask test` set it up.
    pub(crate) fn start(config_server: &str) -> Result<Self, Box<dyn Error>> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/mixed_fleet/service.py");
        let mut child = Command::new(python()?)
            .arg(script)
            .env(
                "PYTHONPATH",
                Path::new(env!("CARGO_MANIFEST_DIR")).join("python/src"),
            )
            .env("REDIS_CONFIG_URL", config_server)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let commands = child.stdin.take().ok_or("the service has no stdin")?;
        let answers = child.stdout.take().ok_or("the service has no stdout")?;
        Ok(Self {
            child,
            commands,
            answers: BufReader::new(answers),
        })
    }

    /// Sends a command, waits for its answer, and returns it.
    pub(crate) fn ask(&mut self, command: &str) -> Result<Value, Box<dyn Error>> {
        writeln!(self.commands, "{command}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        match serde_json::from_str(&answer)? {
            Answer::Ok(value) => Ok(value),
            Answer::Error(reason) => Err(format!("`{command}` in Python: {reason}").into()),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // An error means that the service has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
