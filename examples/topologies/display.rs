//! A line for each step and, on a terminal, a last line that changes.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::block_in_place;

use crate::callers::Callers;
use crate::places::Kind;

const REDRAW_EVERY: Duration = Duration::from_millis(100);

/// What has happened to the component.
pub(crate) struct Step {
    pub(crate) title: String,
    /// How long it took until the change was in force. `None` if nothing changes here.
    pub(crate) took: Option<Duration>,
}

/// The display.
pub(crate) struct Display<'a> {
    callers: &'a Callers,
    /// Hidden unless stdout is a terminal.
    line: ProgressBar,
}

impl<'a> Display<'a> {
    pub(crate) fn new(callers: &'a Callers) -> Self {
        let line = ProgressBar::no_length().with_style(ProgressStyle::default_spinner());
        line.set_draw_target(ProgressDrawTarget::stdout());
        Self { callers, line }
    }

    /// Writes the head of the table and its first row.
    pub(crate) async fn head(&mut self, kind: Kind, stay: Duration) -> io::Result<()> {
        self.write(&row(
            "",
            "in force",
            "longest call",
            "calls/s",
            "calls",
            "failed",
        ))?;
        let title = kind.to_string();
        self.tell(Step { title, took: None }, stay).await
    }

    /// Lets callers call for a while, and writes the row of a step.
    pub(crate) async fn tell(&mut self, step: Step, stay: Duration) -> io::Result<()> {
        let (begun, before) = (Instant::now(), self.callers.succeeded());
        while begun.elapsed() < stay {
            let left = stay.saturating_sub(begun.elapsed());
            tokio::time::sleep(left.min(REDRAW_EVERY)).await;
            self.line
                .set_message(format!("{}   {}", step.title, self.rate(begun, before)));
        }
        let took = step.took.map(milliseconds).unwrap_or_default();
        let longest = milliseconds(self.callers.longest());
        let rate = self.rate(begun, before);
        let calls = HumanCount(self.callers.succeeded()).to_string();
        let failed = self.callers.failed().to_string();
        self.write(&row(&step.title, &took, &longest, &rate, &calls, &failed))
    }

    /// Does something that no caller should notice.
    pub(crate) fn during(&self, title: &str, happens: impl FnOnce()) -> Step {
        self.line.set_message(title.to_owned());
        self.callers.forget_longest();
        block_in_place(happens);
        Step {
            title: title.to_owned(),
            took: None,
        }
    }

    /// Clears the line that changes.
    pub(crate) fn end(&self) {
        self.line.finish_and_clear();
    }

    fn rate(&self, begun: Instant, before: u64) -> String {
        let milliseconds = u64::try_from(begun.elapsed().as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        HumanCount((self.callers.succeeded() - before) * 1000 / milliseconds).to_string()
    }

    fn write(&self, text: &str) -> io::Result<()> {
        self.line
            .suspend(|| writeln!(io::stdout().lock(), "{text}"))
    }
}

fn row(title: &str, took: &str, longest: &str, rate: &str, calls: &str, failed: &str) -> String {
    format!("{title:<27} {took:>9} {longest:>13} {rate:>9} {calls:>10} {failed:>7}")
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
