//! What came of it.

use std::fmt;

use serde::Serialize;

use crate::places::{SERVERS, name};
use crate::process::Usage;
use crate::rest::Rest;
use crate::tally::{Figures, Percentiles};

/// How much more memory, in KiB, there may be at the end than after the warm-up. Nothing that the runtime keeps grows with
/// time. What grows a little is what the system's allocator keeps for itself: it has an arena for each of several threads,
/// and each arena keeps about as much as its threads once used at the same time.
const MORE_RESIDENT_KIB: u64 = 24 * 1024;
/// How many more file descriptors and threads. At rest all components are on one server, with one connection for each client:
/// both are the same at each rest, but for what may be about to end.
const MORE_FILE_DESCRIPTORS: u64 = 4;
const MORE_THREADS: u64 = 4;

/// All that is told at the end.
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

/// What has grown beyond its bound between two rests.
pub(crate) fn growth(warm: &Usage, end: &Usage) -> Vec<String> {
    let bounds = [
        (
            "KiB resident",
            warm.resident_kib,
            end.resident_kib,
            MORE_RESIDENT_KIB,
        ),
        (
            "file descriptors",
            warm.file_descriptors,
            end.file_descriptors,
            MORE_FILE_DESCRIPTORS,
        ),
        ("threads", warm.threads, end.threads, MORE_THREADS),
    ];
    let grown = bounds.into_iter().filter_map(|(what, warm, end, more)| {
        let (warm, end) = (warm?, end?);
        (end > warm + more).then(|| {
            format!("{end} {what} at rest, {warm} after the warm-up, and at most {more} more are allowed")
        })
    });
    grown.collect()
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
                Times(class.milliseconds)
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
                Times(late)
            )?;
        }
        writeln!(f, "\nclients replaced {}", grouped(self.swaps))?;
        list(f, "changes of configs", &figures.changes)?;
        writeln!(
            f,
            "configs that had their time, after which no call ran elsewhere {}",
            grouped(figures.had_their_time)
        )?;
        list(f, "faults", &figures.faults)?;
        list(
            f,
            "calls that failed as expected, because of",
            &figures.failed_as_expected,
        )?;
        writeln!(
            f,
            "calls that failed unexpectedly {}",
            figures.failed_unexpectedly
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
            "counted exactly, and found the servers that were left empty, at each of {} rests",
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

/// Percentiles in a row.
struct Times(Percentiles);

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Percentiles {
            p50,
            p99,
            p999,
            max,
            ..
        } = self.0;
        write!(f, "{p50:>8.2} {p99:>8.1} {p999:>8.1} {max:>8.1}")
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

#[cfg(test)]
mod tests {
    use super::{grouped, growth};
    use crate::process::Usage;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([grouped(7), grouped(1_234_567)], ["7", "1,234,567"]);
    }

    #[test]
    fn growth_is_told_where_it_is_out_of_bounds() {
        let warm = Usage {
            resident_kib: Some(10_000),
            file_descriptors: Some(50),
            threads: None,
        };
        let end = Usage {
            file_descriptors: Some(80),
            ..warm
        };
        assert!(growth(&warm, &warm).is_empty());
        let grown = growth(&warm, &end);
        assert!(
            grown.len() == 1 && grown[0].starts_with("80 file descriptors"),
            "{grown:?}"
        );
    }
}
