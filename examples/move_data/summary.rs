//! The outcome of the demo.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::HumanCount;
use redis_components_testing::Server;

use crate::listener::Heard;
use crate::live::Live;
use crate::queue::Items;
use crate::servers::Servers;
use crate::tally::Tally;

/// What callers were told, beside what the server holds.
pub(crate) struct Summary {
    calls: Tally,
    queue: Items,
    heard: Heard,
    /// Increments that callers were told of and the server does not hold.
    lost: u64,
    /// Increments that the server holds and no caller was told of.
    twice: u64,
    /// Keys that were there from the beginning and are not at the end.
    missing_keys: u64,
    held: Vec<f64>,
    elapsed: Duration,
}

impl Summary {
    pub(crate) fn new(
        servers: &Servers,
        server: &Server,
        calls: Tally,
        queue: Items,
        heard: Heard,
        live: &Live,
    ) -> Self {
        let (mut lost, mut twice) = (0, 0);
        for (key, told) in &calls.counters {
            let found = server.command(&["GET", key]);
            let found: Option<u64> = redis::from_redis_value(found).unwrap_or_default();
            let found = found.unwrap_or_default();
            lost += told.saturating_sub(found);
            // A call that failed may have been counted: then only its answer was lost.
            twice += found.saturating_sub(*told);
        }
        let populated = server.command(&["EVAL", COUNTED, "0", &servers.keys.to_string()]);
        let populated = redis::from_redis_value::<u64>(populated).unwrap_or_default();
        Self {
            lost,
            twice: twice.saturating_sub(calls.failed) + calls.wrong,
            missing_keys: servers.keys.saturating_sub(populated),
            held: live.held.clone(),
            elapsed: live.elapsed(),
            calls,
            queue,
            heard,
        }
    }

    /// Returns success if no call failed, and nothing was lost or counted twice.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let wrong = self.calls.failed
            + self.lost
            + self.twice
            + self.missing_keys
            + self.queue.lost
            + self.queue.twice
            + self.heard.missed
            + self.heard.gaps;
        let is_quiet = self.queue.reasons.is_empty() && self.heard.reasons.is_empty();
        if wrong == 0 && is_quiet {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Counts the keys that were there from the beginning.
const COUNTED: &str = "
local found = 0
for number = 0, tonumber(ARGV[1]) - 1 do
    found = found + redis.call('EXISTS', 'key:' .. number)
end
return found";

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("calls made", self.calls.succeeded + self.calls.failed),
            ("calls failed", self.calls.failed),
            ("lost increments", self.lost),
            ("counted twice", self.twice),
            ("keys missing", self.missing_keys),
            ("items queued", self.queue.pushed),
            ("items lost", self.queue.lost),
            ("items popped twice", self.queue.twice),
            ("messages published", self.heard.published),
            ("messages missed", self.heard.missed),
            ("heard twice", self.heard.twice),
            ("gaps reported", self.heard.gaps),
        ];
        for (name, number) in rows {
            writeln!(f, "{name:<19} {:>12}", HumanCount(number).to_string())?;
        }
        let mut held = self.held.clone();
        held.sort_by(f64::total_cmp);
        let median = held.get(held.len() / 2).copied().unwrap_or_default();
        let longest = held.last().copied().unwrap_or_default();
        writeln!(f, "{:<19} {median:>9.1} ms", "writes held (p50)")?;
        writeln!(f, "{:<19} {longest:>9.1} ms", "writes held (most)")?;
        writeln!(
            f,
            "{:<19} {:>9.1} ms",
            "longest call", self.calls.longest_ms
        )?;
        write!(f, "{:<19} {:>10.1} s", "time", self.elapsed.as_secs_f64())?;
        let reasons = self.calls.reasons.iter().chain(&self.queue.reasons);
        for reason in reasons.chain(&self.heard.reasons) {
            write!(f, "\nfailed: {reason}")?;
        }
        Ok(())
    }
}
