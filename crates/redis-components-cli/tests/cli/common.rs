//! Runs the program, and checks all that it writes as JSON against the schema.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use boon::{Compiler, Schemas};
use redis_components_testing::Server;
use serde_json::Value;
use tempfile::TempDir;

/// Long enough for a loaded machine.
pub(crate) const BOUND: Duration = Duration::from_secs(30);

/// A person at work: a folder, and the variables of an environment.
pub(crate) struct Operator {
    folder: TempDir,
    url: Option<String>,
}

impl Operator {
    /// Works on this config server.
    pub(crate) fn of(server: &Server) -> Self {
        Self::at(&server.url())
    }

    pub(crate) fn at(url: &str) -> Self {
        Self {
            url: Some(url.to_owned()),
            ..Self::nowhere()
        }
    }

    /// Nothing says where the config server is.
    pub(crate) fn nowhere() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            url: None,
        }
    }

    /// Writes a file into the folder.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        self.prepared(Command::new(env!("CARGO_BIN_EXE_redis-components")), words)
    }

    /// Runs the program by another one.
    pub(crate) fn command_by(&self, by: &[&str], words: &[&str]) -> Command {
        let mut command = Command::new(by[0]);
        command
            .args(&by[1..])
            .arg(env!("CARGO_BIN_EXE_redis-components"));
        self.prepared(command, words)
    }

    fn prepared(&self, mut command: Command, words: &[&str]) -> Command {
        command
            .args(words)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        for name in [
            "REDIS_CONFIG_URL",
            "REDIS_COMPONENTS_PROFILE",
            "COMPLETE",
            "NO_COLOR",
        ] {
            command.env_remove(name);
        }
        command
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.folder.path());
        command.env("USER", "ada").env_remove("SUDO_USER");
        if let Some(url) = &self.url {
            command.env("REDIS_CONFIG_URL", url);
        }
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Run {
        Run::of(&self.command(words).output().unwrap())
    }

    /// Runs a command that must succeed.
    #[track_caller]
    pub(crate) fn done(&self, words: &[&str]) -> Run {
        let run = self.run(words);
        assert_eq!(run.code, 0, "{words:?}: {run:#?}");
        run
    }

    /// Runs a command with `input` as its standard input.
    pub(crate) fn feed(&self, words: &[&str], input: &str) -> Run {
        let mut command = self.command(words);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        Run::of(&child.wait_with_output().unwrap())
    }

    /// Runs a command with JSON as its output, and returns the exit code and the envelope.
    #[track_caller]
    pub(crate) fn json(&self, words: &[&str]) -> (i32, Value) {
        let run = self.run(&[words, &["--output", "json"]].concat());
        let envelope = run.envelope();
        assert_eq!(envelope["ok"], run.code == 0, "{words:?}: {run:#?}");
        (run.code, envelope)
    }

    /// Returns the data of a command that must succeed.
    #[track_caller]
    pub(crate) fn data(&self, words: &[&str]) -> Value {
        let (code, mut envelope) = self.json(words);
        assert_eq!(code, 0, "{words:?}: {envelope:#}");
        envelope["data"].take()
    }

    /// Makes the component `logs` on a server, with the first entry of its history.
    pub(crate) fn make_logs(&self, server: &Server) {
        self.make_other("logs", server);
    }

    /// As [`make_logs`](Self::make_logs), for another component.
    pub(crate) fn make_other(&self, component: &str, server: &Server) {
        let port = format!("port={}", server.port());
        self.done(&[
            "set",
            component,
            "host=127.0.0.1",
            &port,
            "--create",
            "--reason",
            "first",
        ]);
    }
}

/// What a command wrote, and its exit code.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Returns the envelope, which is the last or the only thing that was written.
    #[track_caller]
    pub(crate) fn envelope(&self) -> Value {
        let whole = serde_json::from_str(&self.stdout);
        let last = || serde_json::from_str(self.stdout.lines().last()?).ok();
        let envelope = whole.ok().or_else(last);
        let envelope = envelope.unwrap_or_else(|| panic!("no envelope: {self:#?}"));
        check_schema(&envelope);
        envelope
    }
}

/// Checks what was written as JSON.
#[track_caller]
pub(crate) fn check_schema(value: &Value) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/output.schema.json");
    let mut schemas = Schemas::new();
    let schema = Compiler::new().compile(path, &mut schemas).unwrap();
    if let Err(error) = schemas.validate(value, schema) {
        panic!("{value:#}\n{error:#}");
    }
}

/// Waits until something is true.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let deadline = Instant::now() + BOUND;
    while !is_true() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal to a child.
pub(crate) fn signal(child: &Child, signal: rustix::process::Signal) {
    let id = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(id, signal).unwrap();
}
