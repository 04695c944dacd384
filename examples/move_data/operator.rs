//! The operator, who has the command line.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

use crate::servers::{NAMES, Servers};

/// The components whose data is on the server that moves. The first is the one that is named first.
const COMPONENTS: [&str; 3] = ["statistics", "visits", "queues"];

/// Runs `redis-components`.
pub(crate) struct Operator<'a> {
    program: PathBuf,
    servers: &'a Servers,
}

/// What a move has come to.
#[derive(Debug, Deserialize)]
pub(crate) struct Moved {
    /// How long writes were held, in milliseconds.
    pub(crate) held_ms: f64,
}

impl<'a> Operator<'a> {
    /// Finds the program beside the examples, where Cargo puts it.
    pub(crate) fn of(servers: &'a Servers) -> io::Result<Self> {
        let example = std::env::current_exe()?;
        let folder = example.ancestors().nth(2);
        let program = folder.map(|folder| folder.join("redis-components"));
        let program = program.filter(|program| program.is_file()).ok_or_else(|| {
            let reason = "build the command first: `cargo build --package redis-components-cli`";
            io::Error::new(io::ErrorKind::NotFound, reason)
        })?;
        Ok(Self { program, servers })
    }

    /// Puts all components on the first server.
    pub(crate) fn place(&self) -> Result<(), Box<dyn Error>> {
        let port = format!("port={}", self.servers.data[0].port());
        for component in COMPONENTS {
            let words = ["set", component, "host=127.0.0.1", &port, "--create"];
            told(&self.command(&words).into_std().output()?)?;
        }
        Ok(())
    }

    /// Moves the data to the other server, or back.
    pub(crate) async fn move_to(&self, number: usize) -> Result<Moved, String> {
        let to = format!("127.0.0.1:{}", self.servers.data[number % 2].port());
        let with = COMPONENTS[1..].join(",");
        let mut words = vec!["move", COMPONENTS[0], "--yes"];
        if number == 1 {
            words.extend(["--to", &to, "--with", &with]);
        } else {
            words.push("--undo");
        }
        let output = self.command(&words).output().await;
        let data = told(&output.map_err(|error| error.to_string())?)?;
        serde_json::from_value(data).map_err(|error| format!("move {number}: {error}"))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(words)
            .args(["--output", "json"])
            .env("REDIS_CONFIG_URL", self.servers.config_url())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

impl Moved {
    /// Returns from where to where a move of this number went.
    pub(crate) fn names(number: usize) -> [char; 2] {
        [NAMES[(number + 1) % 2], NAMES[number % 2]]
    }
}

/// Returns the data of a command that has succeeded.
fn told(output: &Output) -> Result<Value, String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut envelope: Value = serde_json::from_str(&text).unwrap_or_default();
    if envelope["ok"] == true {
        return Ok(envelope["data"].take());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "redis-components: {} {stderr}",
        envelope["error"]["message"]
    ))
}
