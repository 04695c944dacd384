//! The live display: a line for each move and, on a terminal, a last line that changes.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::callers::Callers;
use crate::servers::{NAMES, Servers};

const SAMPLE_EVERY: Duration = Duration::from_millis(25);
/// The span of time for rates.
const RATE_OVER: Duration = Duration::from_millis(250);
const BAR: usize = 12;

/// The display, and its figures.
pub(crate) struct Live<'a> {
    servers: &'a Servers,
    callers: &'a Callers,
    moves: usize,
    /// The number and the target of the current move.
    current: (usize, usize),
    samples: VecDeque<(Instant, [u64; 2])>,
    /// Hidden unless stdout is a terminal.
    line: ProgressBar,
}

impl<'a> Live<'a> {
    pub(crate) fn new(servers: &'a Servers, callers: &'a Callers, moves: usize) -> Self {
        let samples = VecDeque::from([(Instant::now(), servers.counted())]);
        let line = ProgressBar::no_length().with_style(ProgressStyle::default_spinner());
        line.set_draw_target(ProgressDrawTarget::stdout());
        Self {
            servers,
            callers,
            moves,
            current: (0, 0),
            samples,
            line,
        }
    }

    /// Notes the current move and its target.
    pub(crate) fn moving(&mut self, number: usize, target: usize) {
        self.current = (number, target);
    }

    /// Updates the display until the servers' counts are as `wanted`, but at most for `limit`.
    /// Returns `true` if they are.
    pub(crate) async fn until(
        &mut self,
        limit: Duration,
        wanted: impl Fn([u64; 2]) -> bool,
    ) -> io::Result<bool> {
        let deadline = Instant::now() + limit;
        loop {
            let counted = self.sample();
            self.redraw();
            if wanted(counted) {
                return Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            tokio::time::sleep(left.min(SAMPLE_EVERY)).await;
        }
    }

    /// Writes the line of a finished move.
    pub(crate) fn moved(&self, taken_over: Duration) -> io::Result<()> {
        let (number, target) = self.current;
        let [from, to] = [NAMES[1 - target], NAMES[target]];
        let [a, b] = self.rates().map(counted);
        let milliseconds = taken_over.as_millis();
        let (calls, failed) = (counted(self.callers.succeeded()), self.callers.failed());
        self.tell(&format!(
            "move {number:>2}  {from} -> {to} in {milliseconds:>4} ms  A {a:>7}/s  B {b:>7}/s  {calls:>9} calls, {failed} failed"
        ))
    }

    /// Clears the line that changes.
    pub(crate) fn end(&self) -> io::Result<()> {
        self.line.finish_and_clear();
        self.tell("")
    }

    fn sample(&mut self) -> [u64; 2] {
        let now = Instant::now();
        let counted = self.servers.counted();
        self.samples.push_back((now, counted));
        while self.samples.len() > 2 && now - self.samples[1].0 >= RATE_OVER {
            self.samples.pop_front();
        }
        counted
    }

    /// Returns the calls per second at each server.
    fn rates(&self) -> [u64; 2] {
        let (Some((earlier, before)), Some((later, now))) =
            (self.samples.front(), self.samples.back())
        else {
            return [0, 0];
        };
        let milliseconds = u64::try_from((*later - *earlier).as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        [0, 1].map(|server| (now[server] - before[server]) * 1000 / milliseconds)
    }

    fn redraw(&self) {
        let rates = self.rates();
        let total = rates.iter().sum::<u64>().max(1);
        let [a, b] = rates.map(|rate| {
            let full = usize::try_from(rate * BAR as u64 / total).unwrap_or(BAR);
            format!(
                "{}{} {:>7}/s",
                "█".repeat(full),
                "░".repeat(BAR - full),
                counted(rate)
            )
        });
        let (number, failed) = (self.current.0, self.callers.failed());
        self.line.set_message(format!(
            "A {a}   B {b}   move {number}/{}   failed {failed}",
            self.moves
        ));
    }

    fn tell(&self, text: &str) -> io::Result<()> {
        self.line
            .suspend(|| writeln!(io::stdout().lock(), "{text}"))
    }
}

fn counted(number: u64) -> String {
    HumanCount(number).to_string()
}
