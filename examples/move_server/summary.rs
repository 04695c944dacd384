//! What came of it.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use crate::callers::Calls;
use crate::servers::Servers;

/// The calls that were made, beside those that arrived.
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

    /// Success where no call failed, none was lost and none was sent twice.
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

    /// Calls that succeeded, but were counted by no server.
    fn lost(&self) -> u64 {
        self.calls.succeeded.saturating_sub(self.counted())
    }

    /// Calls that were counted, but that nobody has made. One that failed may well have been counted: what failed then
    /// was its answer.
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
            writeln!(f, "{name:<13} {:>12}", grouped(number))?;
        }
        let (seconds, longest) = (self.elapsed.as_secs_f64(), self.longest_move.as_millis());
        write!(f, "in {seconds:.1} s; the longest move took {longest} ms")?;
        for (reason, times) in &self.calls.reasons {
            write!(f, "\nfailed {} times: {reason}", grouped(*times))?;
        }
        Ok(())
    }
}

/// A number with its thousands apart: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
