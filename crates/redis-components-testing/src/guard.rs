//! Nothing is left running, whatever ends the process that started it.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A shell that waits for our end, then kills a process and removes its folders.
///
/// `Drop` does not run where a test is killed by a timeout, aborts or is interrupted. The system, however, always
/// closes our end of a pipe, which is what the shell waits for.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Child,
}

impl Guard {
    pub(crate) fn of(process: &Child, folders: [&Path; 2]) -> io::Result<Self> {
        let shell = Command::new("sh")
            .args(["-c", r#"read -r _; kill -9 "$0"; rm -rf -- "$@""#])
            .arg(process.id().to_string())
            .args(folders)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C is for the foreground group: it must not end the guard before us.
            .process_group(0)
            .spawn()?;
        Ok(Self { shell })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Killed, because closing the pipe would be the signal to kill the process. Neither fails for a child of ours.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
