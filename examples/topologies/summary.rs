//! The outcome: what was acknowledged, beside what the servers counted.

use std::fmt;
use std::process::ExitCode;

use indicatif::HumanCount;

use crate::callers::AllCalls;
use crate::places::Places;

/// The calls, beside the counters on all servers.
pub(crate) struct Summary {
    calls: AllCalls,
    counted: u64,
    /// Calls that were acknowledged and are counted by no server.
    lost: u64,
    /// Calls that are counted and were not made.
    repeated: u64,
}

impl Summary {
    /// Asks the servers. Each caller has a counter of its own, and each is compared.
    pub(crate) fn new(places: &Places, calls: AllCalls) -> Self {
        let (mut counted, mut lost, mut repeated) = (0, 0, 0);
        for caller in &calls.callers {
            let count = places.counter(&format!("visits:{}", caller.page));
            counted += count;
            lost += caller.succeeded.saturating_sub(count);
            // A call that failed may have been executed: then only its answer was lost.
            repeated += count.saturating_sub(caller.succeeded + caller.failed);
        }
        Self {
            calls,
            counted,
            lost,
            repeated,
        }
    }

    /// Returns success if no call failed, was lost or was sent twice.
    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.failed() == 0 && self.lost == 0 && self.repeated == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn failed(&self) -> u64 {
        self.calls.callers.iter().map(|caller| caller.failed).sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let succeeded: u64 = self
            .calls
            .callers
            .iter()
            .map(|caller| caller.succeeded)
            .sum();
        let rows = [
            ("calls made", succeeded + self.failed()),
            ("calls failed", self.failed()),
            ("counted", self.counted),
            ("lost calls", self.lost),
            ("sent twice", self.repeated),
        ];
        for (number, (name, count)) in rows.into_iter().enumerate() {
            let end = if number > 0 { "\n" } else { "" };
            write!(f, "{end}{name:<13} {:>12}", HumanCount(count).to_string())?;
        }
        for (reason, times) in &self.calls.reasons {
            write!(f, "\nfailed {} times: {reason}", HumanCount(*times))?;
        }
        Ok(())
    }
}
