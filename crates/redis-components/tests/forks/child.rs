//! Children of the tests' process, which report over a socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// How long a child may take, which is ten times what the slowest of them takes.
pub(crate) const BOUND: Duration = Duration::from_secs(20);

/// One fork at a time: a child has copies of the sockets of all tests.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child that runs, until it is awaited.
pub(crate) struct Child {
    pid: Pid,
    report: UnixStream,
}

impl Child {
    /// Forks, and has the child do `work`, which returns what it has to report.
    pub(crate) fn fork(work: impl FnOnce() -> Result<String, String>) -> Self {
        let (report, mut reports) = UnixStream::pair().unwrap();
        match fork::fork().unwrap() {
            fork::Fork::Parent(pid) => Self {
                pid: Pid::from_raw(pid).unwrap(),
                report,
            },
            fork::Fork::Child => {
                let done = catch_unwind(AssertUnwindSafe(work));
                let line = match done {
                    Ok(Ok(report)) => format!("+{report}"),
                    Ok(Err(failure)) => format!("-{failure}"),
                    Err(_) => "-it panicked".to_owned(),
                };
                let _ = reports.write_all(line.as_bytes());
                let _ = reports.shutdown(std::net::Shutdown::Both);
                // Nothing of the parent is dropped here.
                std::process::exit(0);
            }
        }
    }

    /// Returns `true` if the child has reported.
    pub(crate) fn has_ended(&self) -> bool {
        self.report.set_nonblocking(true).unwrap();
        let mut byte = [0];
        let peeked = rustix::net::recv(&self.report, &mut byte, rustix::net::RecvFlags::PEEK);
        self.report.set_nonblocking(false).unwrap();
        peeked.is_ok()
    }

    /// Returns what the child reports.
    pub(crate) fn join(mut self) -> String {
        self.report.set_read_timeout(Some(BOUND)).unwrap();
        let mut line = String::new();
        let read = self.report.read_to_string(&mut line);
        // An error says that it has ended.
        let _ = kill_process(self.pid, Signal::KILL);
        waitpid(Some(self.pid), WaitOptions::empty()).unwrap();
        match (read, line.strip_prefix('+')) {
            (Ok(_), Some(report)) => report.to_owned(),
            (read, _) => panic!("the child: {line} ({read:?})"),
        }
    }
}

/// Has a child do `work`, and returns what it reports.
pub(crate) fn in_child(work: impl FnOnce() -> Result<String, String>) -> String {
    Child::fork(work).join()
}
