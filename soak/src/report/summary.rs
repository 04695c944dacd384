//! The report at the end.

use std::fmt;

use indicatif::HumanCount;
use serde::Serialize;

use crate::judge::rest::Rest;
use crate::places::{SERVERS, name};
use crate::record::tally::Figures;
use crate::report::usage::Usage;

/// Everything that is reported at the end.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) seconds: f64,
    pub(crate) interrupted: bool,
    pub(crate) figures: Figures,
    /// How often a fleet's client was replaced, over all components.
    pub(crate) swaps: u64,
    pub(crate) at_start: Usage,
    /// The first is after the warm-up, the last at the end.
    pub(crate) rests: Vec<Rest>,
    pub(crate) violations: Vec<String>,
    pub(crate) violation_count: u64,
    pub(crate) before_the_first_violation: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures = &self.figures;
        writeln!(f, "seed {}, {:.0} s", self.seed, self.seconds)?;
        writeln!(
            f,
            "\n{:<22} {:>11} {:>9} {:>9}   {:>8} {:>8} {:>8} {:>8} ms",
            "calls of", "answered", "failed", "cancelled", "p50", "p99", "p99.9", "max"
        )?;
        for class in &figures.classes {
            writeln!(
                f,
                "{:<22} {:>11} {:>9} {:>9}   {}",
                class.callers,
                grouped(class.answered),
                grouped(class.failed),
                grouped(class.cancelled),
                class.milliseconds
            )?;
        }
        writeln!(f, "{:<22} {:>11}", "all", grouped(figures.calls))?;
        for (told, late) in ["pushed", "polled"].iter().zip(figures.late_milliseconds) {
            writeln!(
                f,
                "{:<22} {:>11} {:>9} {:>9}   {}",
                format!("late, {told}"),
                grouped(late.count),
                "",
                "",
                late
            )?;
        }
        writeln!(f, "\nclients replaced {}", grouped(self.swaps))?;
        list(f, "changes of configs", &figures.changes)?;
        writeln!(
            f,
            "configs with enough time, after which no call ran elsewhere {}",
            grouped(figures.had_their_time)
        )?;
        list(f, "faults", &figures.faults)?;
        list(
            f,
            "calls that failed for a known reason",
            &figures.failed_as_expected,
        )?;
        writeln!(
            f,
            "calls that failed unexpectedly {} (a failure of {:.0} % of the answered calls would have been unexpected)",
            figures.failed_unexpectedly, figures.percent_that_had_to_succeed
        )?;
        self.fmt_rests(f)?;
        if self.violation_count > 0 {
            writeln!(f, "\n{} violations, the first:", self.violation_count)?;
            for violation in &self.violations {
                writeln!(f, "  {violation}")?;
            }
            writeln!(f, "before the first:")?;
            for event in &self.before_the_first_violation {
                writeln!(f, "  {event}")?;
            }
            writeln!(f, "again with: cargo xtask soak --seed {}", self.seed)?;
        }
        Ok(())
    }
}

impl Report {
    fn fmt_rests(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, at: &str, rest: &Rest| {
            let clients =
                (0..SERVERS).map(|server| format!("{} {}", name(server), rest.clients[server]));
            let clients: Vec<_> = clients.collect();
            writeln!(
                f,
                "{at:<14} {:>7.0} s  {}   clients: {}, config server {}",
                rest.at_seconds,
                rest.usage,
                clients.join(", "),
                rest.config_server_clients
            )
        };
        writeln!(
            f,
            "\n{:<14} {:>7.0} s  {}",
            "at the start", 0.0, self.at_start
        )?;
        if let Some(warm) = self.rests.first() {
            row(f, "warmed up", warm)?;
        }
        if let Some(end) = self.rests.get(1..).and_then(|later| later.last()) {
            row(f, "at the end", end)?;
        }
        writeln!(
            f,
            "all counts were exact and all other servers empty at each of {} rests",
            self.rests.len()
        )
    }
}

fn list(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    counts: &std::collections::BTreeMap<&'static str, u64>,
) -> fmt::Result {
    writeln!(f, "{what} {}", grouped(counts.values().sum()))?;
    for (kind, count) in counts {
        writeln!(f, "  {:>9}  {kind}", grouped(*count))?;
    }
    Ok(())
}

/// Returns a number with its thousands apart: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}
