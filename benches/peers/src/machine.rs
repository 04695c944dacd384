//! The machine of a run.

use std::process::Command;
use std::time::SystemTime;

use serde::Serialize;

/// The machine and the software of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) redis: String,
    /// The address of the data server, unless it is on this machine.
    pub(crate) server: Option<String>,
    pub(crate) rustc: String,
    pub(crate) quick: bool,
    /// Seconds since 1970.
    pub(crate) at: u64,
}

impl Machine {
    pub(crate) fn look(redis: String, server: Option<String>, quick: bool) -> Self {
        let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: processor().unwrap_or_else(|| "unknown".to_owned()),
            redis,
            server,
            rustc: rustc().unwrap_or_else(|| "unknown".to_owned()),
            quick,
            at: at.map_or(0, |since| since.as_secs()),
        }
    }
}

fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn rustc() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned())
}
