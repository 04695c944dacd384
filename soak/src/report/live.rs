//! A line every few seconds.

use std::time::Duration;

use crate::report::summary::grouped;
use crate::report::usage::Usage;
use crate::soak::Soak;

/// How often a line is written.
pub(crate) const EVERY: Duration = Duration::from_secs(5);

/// Writes a line every few seconds, forever.
pub(crate) async fn watch(soak: &Soak) {
    let mut before = 0;
    loop {
        tokio::time::sleep(EVERY).await;
        let figures = soak.tally.figures();
        let rate = (figures.calls - before) / EVERY.as_secs();
        before = figures.calls;
        let sum =
            |counts: &std::collections::BTreeMap<&'static str, u64>| grouped(counts.values().sum());
        println!(
            "{:>6.0} s {:>12} calls {:>7}/s {:>6} changes {:>5} faults   failed: {:>8} expected, {} not {}",
            soak.journal.elapsed().as_secs_f64(),
            grouped(figures.calls),
            grouped(rate),
            sum(&figures.changes),
            sum(&figures.faults),
            sum(&figures.failed_as_expected),
            figures.failed_unexpectedly,
            Usage::now()
        );
    }
}
