//! The outcome of the demo.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::HumanCount;

use crate::callers::Calls;
use crate::servers::Servers;

/// The calls of the tasks, beside the calls that arrived.
pub(crate) struct Summary {
    calls: Calls,
    counted: [u64; 2],
    config_reads: u64,
    elapsed: Duration,
    longest_move: Duration,
}

impl Summary {
    pub(crate) fn new(
        servers: &Servers,
        calls: Calls,
        elapsed: Duration,
        longest_move: Duration,
    ) -> Self {
        let (counted, config_reads) = (servers.counted(), servers.config_reads());
        Self {
            calls,
            counted,
            config_reads,
            elapsed,
            longest_move,
        }
    }

    /// Returns success if no call failed, was lost or was sent twice.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let clean = self.calls.failed == 0 && self.lost() == 0 && self.repeated() == 0;
        if clean {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn made(&self) -> u64 {
        self.calls.succeeded + self.calls.failed
    }

    fn counted(&self) -> u64 {
        self.counted.iter().sum()
    }

    /// Returns how many calls succeeded but were counted by no server.
    fn lost(&self) -> u64 {
        self.calls.succeeded.saturating_sub(self.counted())
    }

    /// Returns how many counted calls no task has made. A server may have counted a call that
    /// failed: then only its answer was lost.
    fn repeated(&self) -> u64 {
        self.counted().saturating_sub(self.made())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("calls made", self.made()),
            ("calls failed", self.calls.failed),
            ("counted by A", self.counted[0]),
            ("counted by B", self.counted[1]),
            ("lost calls", self.lost()),
            ("sent twice", self.repeated()),
            ("config reads", self.config_reads),
        ];
        for (name, number) in rows {
            writeln!(f, "{name:<13} {:>12}", HumanCount(number).to_string())?;
        }
        let (seconds, longest) = (self.elapsed.as_secs_f64(), self.longest_move.as_millis());
        write!(f, "in {seconds:.1} s; the longest move took {longest} ms")?;
        for (reason, times) in &self.calls.reasons {
            write!(f, "\nfailed {} times: {reason}", HumanCount(*times))?;
        }
        Ok(())
    }
}
