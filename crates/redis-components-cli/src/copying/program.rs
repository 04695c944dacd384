//! The program that copies: run by a shell, with the servers in its environment.

use std::ffi::OsString;
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tokio::time::sleep;

use super::side::{Side, is_cluster};
use crate::failure::{Code, Failure};
use crate::files::read_file;
use crate::moving::preflight::options::database;
use crate::moving::records::lease::{host, processes};
use crate::moving::records::plan::fields;
use crate::moving::records::record::Record;
use crate::text::printable;

/// What the processes of a copy have in their environment: the id of the move.
const MARK: &str = "REDIS_COMPONENTS_MOVE";
const LOOKED_EVERY: Duration = Duration::from_millis(10);
/// How long a program may take to end when it is asked to.
const ENDS_WITHIN: Duration = Duration::from_millis(500);

/// The program that copies.
pub(crate) struct Program<'a> {
    /// What the shell runs.
    pub(crate) command: &'a str,
}

/// Whether calls go on while the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// The source takes writes, and what has changed is copied again by the last pass.
    Warm,
    /// The source refuses writes.
    Last,
}

impl Program<'_> {
    /// Demands that a shell understands the command and finds its first word, as far as that is known
    /// before it runs.
    ///
    /// # Errors
    ///
    /// Returns an error if it does not.
    pub(crate) fn demand_runnable(&self) -> Result<(), Failure> {
        if self.command.trim().is_empty() {
            return Err(Failure::usage(
                "--copy-with is empty; give the command that copies",
            ));
        }
        let look = |words: &[&str]| {
            let mut shell = Command::new("sh");
            shell.args(words).stdin(Stdio::null());
            let output = shell.output();
            output.map_err(|error| Failure::usage(format!("`sh` cannot be started: {error}")))
        };
        let parsed = look(&["-n", "-c", self.command])?;
        if !parsed.status.success() {
            let said = String::from_utf8_lossy(&parsed.stderr);
            let said = printable(said.trim());
            return Err(Failure::usage(format!(
                "`sh` does not understand the command of --copy-with: {said}"
            )));
        }
        let first = self.command.split_whitespace().next().unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+".contains(c);
        let is_found = if !first.chars().all(is_plain) {
            true
        } else if first.contains('/') {
            // Shells find files that they may not run.
            let facts = std::fs::metadata(first);
            facts.is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
        } else {
            look(&["-c", "command -v -- \"$1\"", "sh", first])?
                .status
                .success()
        };
        if !is_found {
            return Err(Failure::usage(format!(
                "`sh` finds no program `{first}` that it may run; name it by its path, and look at its rights"
            )));
        }
        Ok(())
    }

    /// Runs the program to its end. It is ended if this is dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be started or fails.
    pub(super) async fn run(
        &self,
        record: &Record,
        (source, target): (&Side, &Side),
        pass: Pass,
    ) -> Result<(), Failure> {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(self.command);
        shell.envs(environment(record, source, target)?);
        shell.env("REDIS_COMPONENTS_PASS", pass.name());
        // Standard output is for data.
        shell.stdin(Stdio::null()).process_group(0);
        let stderr = std::io::stderr().as_fd().try_clone_to_owned();
        let stderr = stderr.map_err(|error| Failure::new(Code::Unreadable, error.to_string()))?;
        shell.stdout(stderr);
        let started = shell.spawn().map_err(|error| {
            Failure::new(
                Code::NotPossible,
                format!("`sh` cannot be started: {error}"),
            )
        })?;
        let mut running = Running {
            child: started,
            id: &record.id,
        };
        loop {
            match running.child.try_wait() {
                Ok(None) => sleep(LOOKED_EVERY).await,
                Ok(Some(status)) => return judge(status),
                Err(error) => return Err(Failure::new(Code::NotPossible, error.to_string())),
            }
        }
    }
}

impl Pass {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Last => "last",
        }
    }
}

/// A program that runs. Its processes end with it.
struct Running<'a> {
    child: Child,
    /// The id of the move.
    id: &'a str,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let group = Pid::from_child(&self.child);
            end(
                |signal| {
                    // There is nothing to do about one that has ended.
                    let _ = kill_process_group(group, signal);
                },
                || matches!(self.child.try_wait(), Ok(Some(_))),
            );
            let _ = self.child.wait();
        }
        // What it has left in the background must not write to the target either.
        end_left_over(self.id);
    }
}

/// Asks processes to end, and ends them.
fn end(send: impl Fn(Signal), mut has_ended: impl FnMut() -> bool) {
    send(Signal::TERM);
    let begun = std::time::Instant::now();
    while begun.elapsed() < ENDS_WITHIN && !has_ended() {
        std::thread::sleep(LOOKED_EVERY);
    }
    send(Signal::KILL);
}

fn judge(status: ExitStatus) -> Result<(), Failure> {
    let how = match (status.code(), status.signal()) {
        (Some(0), _) => return Ok(()),
        (Some(126), _) => "exit code 126: the shell may not run it".to_owned(),
        (Some(127), _) => "exit code 127: the shell does not find it".to_owned(),
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no exit code".to_owned(),
    };
    let text = format!("the copying program ended with {how}");
    Err(Failure::new(Code::NotPossible, text))
}

/// Returns this machine, as a record names it.
pub(super) fn here() -> String {
    format!("{} {}", host(), processes())
}

/// Ends the processes of a move's program that an earlier command has left on this machine. Returns how
/// many there were.
pub(crate) fn end_left_over(id: &str) -> usize {
    let left = left_over(id);
    let send = |signal| {
        for pid in left_over(id) {
            let _ = rustix::process::kill_process(pid, signal);
        }
    };
    if !left.is_empty() {
        end(send, || left_over(id).is_empty());
    }
    left.len()
}

fn left_over(id: &str) -> Vec<Pid> {
    let mark = format!("{MARK}={id}");
    let has_mark = |folder: &std::fs::DirEntry| {
        // The processes of others cannot be read.
        let environment = std::fs::read(folder.path().join("environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|one| one == mark.as_bytes())
    };
    let folders = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = folders.filter(has_mark).filter_map(|folder| {
        let number = folder.file_name().to_str()?.parse().ok()?;
        Pid::from_raw(number).filter(|pid| *pid != rustix::process::getpid())
    });
    numbers.collect()
}

/// Returns where both servers are, as the program finds it in its environment.
fn environment(
    record: &Record,
    source: &Side,
    target: &Side,
) -> Result<Vec<(String, OsString)>, Failure> {
    let component = &*record.component;
    let mut all = vec![
        (MARK.to_owned(), record.id.clone().into()),
        ("REDIS_COMPONENTS_COMPONENT".to_owned(), component.into()),
    ];
    for (name, side, configs) in [
        ("SOURCE", source, &record.old),
        ("TARGET", target, &record.new),
    ] {
        let text = configs.get(component).map_or("{}", String::as_str);
        let mut add = |what: &str, value: OsString| {
            all.push((format!("REDIS_COMPONENTS_{name}{what}"), value));
        };
        let config = fields(text);
        add("", text.into());
        add(
            "_KIND",
            if is_cluster(text) {
                "cluster"
            } else {
                "single"
            }
            .into(),
        );
        let nodes = side.servers();
        add("_NODES", nodes.join(",").into());
        let scheme = if config.get("ssl") == Some(&Value::Bool(true)) {
            "rediss"
        } else {
            "redis"
        };
        let first = nodes.first().map(String::as_str).unwrap_or_default();
        // Without the login: programs take it as an argument, which others can read.
        add(
            "_URL",
            format!("{scheme}://{first}/{}", database(text)).into(),
        );
        for field in ["username", "password"] {
            let value = written(component, config.get(field))?;
            add(&format!("_{}", field.to_uppercase()), value);
        }
    }
    Ok(all)
}

/// Returns a part of a login, read from where the config says.
fn written(component: &str, value: Option<&Value>) -> Result<OsString, Failure> {
    let unreadable = |text: String| Failure::new(Code::Unreadable, text).of_component(component);
    match value {
        None | Some(Value::Null) => Ok(OsString::new()),
        Some(Value::String(text)) => Ok(text.into()),
        Some(reference) => {
            if let Some(name) = reference.get("env").and_then(Value::as_str) {
                return std::env::var_os(name).ok_or_else(|| {
                    unreadable(format!(
                        "the variable `{name}` that the config names is not set here"
                    ))
                });
            }
            if let Some(path) = reference.get("file").and_then(Value::as_str) {
                let text = read_file(path.as_ref())?;
                return Ok(text.trim_end_matches(['\r', '\n']).into());
            }
            // A provider is a part of the application. The program has to know its login itself.
            Ok(OsString::new())
        }
    }
}
