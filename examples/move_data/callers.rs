//! The processes that call.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use redis_components_testing::python;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::servers::Servers;
use crate::tally::Tally;

/// The longest time until all processes have made their first calls.
const BEGUN_WITHIN: Duration = Duration::from_secs(30);

/// Two processes in Rust, and one in Python; they end when this is dropped.
pub(crate) struct Callers {
    processes: Vec<Process>,
    /// The tasks of a process in Rust, and the threads of that in Python.
    tasks: usize,
    threads: usize,
}

struct Process {
    _child: Child,
    /// The process ends when this is closed.
    stdin: Option<ChildStdin>,
    told: watch::Receiver<Tally>,
    reading: JoinHandle<()>,
}

impl Callers {
    pub(crate) fn start(servers: &Servers, tasks: usize) -> Result<Self, Box<dyn Error>> {
        // Threads in Python take turns, and few are as fast as many.
        let threads = (tasks / 16).max(1);
        let tasks = (tasks.saturating_sub(threads) / 2).max(1);
        let example = std::env::current_exe()?;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut processes = Vec::new();
        for number in ["1", "2"] {
            let mut command = Command::new(&example);
            command.args(["--worker", number, "--tasks", &tasks.to_string()]);
            processes.push(Process::start(command, servers)?);
        }
        let mut command = Command::new(python()?);
        command
            .arg(folder.join("examples/move_data/worker.py"))
            .arg(threads.to_string())
            .env("PYTHONPATH", folder.join("python/src"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        processes.push(Process::start(command, servers)?);
        Ok(Self {
            processes,
            tasks,
            threads,
        })
    }

    /// Waits until each process has called.
    ///
    /// # Errors
    ///
    /// Returns an error if one has not in time.
    pub(crate) async fn have_begun(&mut self) -> Result<(), Box<dyn Error>> {
        for process in &mut self.processes {
            let has_called = |tally: &Tally| tally.succeeded > 0;
            let begun = process.told.wait_for(has_called);
            let begun = tokio::time::timeout(BEGUN_WITHIN, begun).await;
            if !matches!(begun, Ok(Ok(_))) {
                return Err("a process has made no call; its reason stands above".into());
            }
        }
        Ok(())
    }

    /// Returns what all were told until now.
    pub(crate) fn tally(&self) -> Tally {
        let mut sum = Tally::default();
        for process in &self.processes {
            sum += &process.told.borrow();
        }
        sum
    }

    /// Stops all after their current calls, and returns what they were told.
    ///
    /// # Errors
    ///
    /// Returns an error if one has ended before.
    pub(crate) async fn stop(mut self) -> Result<Tally, Box<dyn Error>> {
        for process in &mut self.processes {
            process.stdin = None;
        }
        for process in &mut self.processes {
            (&mut process.reading).await?;
            if process.told.borrow().counters.is_empty() {
                return Err("a process has ended before it was told to".into());
            }
        }
        Ok(self.tally())
    }
}

impl Process {
    fn start(mut command: Command, servers: &Servers) -> Result<Self, Box<dyn Error>> {
        let mut child = command
            .env("REDIS_CONFIG_URL", servers.config_url())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or("a process has no stdout")?;
        let (tell, told) = watch::channel(Tally::default());
        let reading = tokio::spawn(async move {
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Ok(tally) = serde_json::from_str(&line) {
                    tell.send_replace(tally);
                }
            }
        });
        Ok(Self {
            _child: child,
            stdin,
            told,
            reading,
        })
    }
}

impl fmt::Display for Callers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tasks, threads, .. } = self;
        write!(
            f,
            "2 processes in Rust ({tasks} callers each) and 1 in Python ({threads}) count; a queue is filled and emptied, and a subscriber listens"
        )
    }
}
