//! The process and the files of a server.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use redis::ConnectionAddr;
use redis_test::server::RedisServer;
use tempfile::TempDir;

use crate::guard::Guard;
use crate::plan::{Plan, Ports};

/// A redis-server process with its port, arguments and directory, which stay when the process ends.
pub(crate) struct Process {
    guard: Option<Guard>,
    server: RedisServer,
    program: OsString,
    arguments: Vec<OsString>,
    directory: TempDir,
}

impl Process {
    pub(crate) fn spawn(ports: Ports, plan: &Plan) -> io::Result<Self> {
        crate::binary::check()?;
        let directory = tempfile::Builder::new()
            .prefix("redis-components")
            .tempdir()?;
        let config_file = plan.config_file(directory.path());
        if let Some(file) = &config_file {
            File::create(file)?;
        }
        let mut program = OsString::new();
        let mut arguments = Vec::new();
        let server = RedisServer::new_with_addr_tls_modules_and_spawner(
            ConnectionAddr::Tcp("127.0.0.1".to_owned(), plan.plain_port(ports)),
            config_file.as_deref(),
            None,
            false,
            None,
            &[],
            |command| {
                command.args(plan.words(ports, directory.path()));
                program = command.get_program().to_owned();
                arguments = command.get_args().map(OsString::from).collect();
                spawn(&program, &arguments, directory.path()).unwrap_or_else(|error| {
                    panic!("`{}` cannot be started: {error}", program.display())
                })
            },
        );
        let folders = [server.tempdir.path(), directory.path()];
        let guard = Some(Guard::of(&server.process, folders)?);
        Ok(Self {
            guard,
            server,
            program,
            arguments,
            directory,
        })
    }

    /// Starts the process again after it was killed.
    pub(crate) fn respawn(&mut self) -> io::Result<()> {
        self.server.process = spawn(&self.program, &self.arguments, self.directory.path())?;
        let folders = [self.server.tempdir.path(), self.directory.path()];
        self.guard = Some(Guard::of(&self.server.process, folders)?);
        Ok(())
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn id(&self) -> u32 {
        self.server.process.id()
    }

    pub(crate) fn has_exited(&mut self) -> bool {
        !matches!(self.server.process.try_wait(), Ok(None))
    }

    /// Kills the process, frozen or not, and waits for its end.
    pub(crate) fn kill(&mut self) {
        // In this order: a killed process keeps its id until it is waited for. So the guard can
        // stay until then, and must be gone before another process can get the id. An error means
        // that the process has ended already.
        let _ = self.server.process.kill();
        self.guard = None;
        self.server.stop();
    }

    pub(crate) fn signal(&mut self, signal: rustix::process::Signal) -> io::Result<()> {
        // A process that has ended and was waited for no longer owns its id.
        if self.has_exited() {
            return Err(io::Error::other("the server is not running"));
        }
        let id = rustix::process::Pid::from_child(&self.server.process);
        Ok(rustix::process::kill_process(id, signal)?)
    }

    /// Returns what the server has written to its log and to stderr.
    pub(crate) fn output(&self) -> String {
        let log = self.server.log_file_contents().unwrap_or_default();
        let stderr =
            std::fs::read_to_string(stderr_path(self.directory.path())).unwrap_or_default();
        format!("{log}{stderr}")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(program: &OsString, arguments: &[OsString], directory: &Path) -> io::Result<Child> {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(stderr_path(directory))?)
        // Ctrl-C goes to the foreground group: the program that starts servers stops them when it
        // no longer needs them.
        .process_group(0)
        .spawn()
}

fn stderr_path(directory: &Path) -> PathBuf {
    directory.join("stderr.log")
}
