//! A guard that leaves nothing running, however the process that started it ends.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A shell that waits for our end, then kills a process, if there is one, and removes folders.
///
/// `Drop` does not run if a test is killed by a timeout, aborts or is interrupted. But the system
/// always closes our end of a pipe, and the shell waits for that.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Child,
}

impl Guard {
    pub(crate) fn of(process: &Child, folders: [&Path; 2]) -> io::Result<Self> {
        let kill = r#"read -r _; kill -9 "$0"; rm -rf -- "$@""#;
        Self::start(kill, &process.id().to_string(), &folders)
    }

    pub(crate) fn of_folder(folder: &Path) -> io::Result<Self> {
        Self::start(r#"read -r _; rm -rf -- "$@""#, "sh", &[folder])
    }

    fn start(script: &str, name: &str, folders: &[&Path]) -> io::Result<Self> {
        let shell = Command::new("sh")
            .args(["-c", script, name])
            .args(folders)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C goes to the foreground group: it must not end the guard before us.
            .process_group(0)
            .spawn()?;
        Ok(Self { shell })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Kills the shell, because closing the pipe would make it kill the process. Neither call
        // fails for a child of ours.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
