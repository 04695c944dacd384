//! The live display: a line for each move and, on a terminal, a last line that changes.

use std::io::{self, Write as _};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::callers::Callers;
use crate::listener::Figures;
use crate::operator::Moved;

const SHOWN_EVERY: Duration = Duration::from_millis(100);

/// The display, and its figures.
pub(crate) struct Live {
    moves: usize,
    number: usize,
    started: Instant,
    shown: (Instant, u64),
    /// How long writes were held by each move, in milliseconds.
    pub(crate) held: Vec<f64>,
    heard: Arc<Figures>,
    /// Hidden unless stdout is a terminal.
    line: ProgressBar,
}

impl Live {
    pub(crate) fn new(moves: usize, heard: Arc<Figures>) -> Self {
        let line = ProgressBar::no_length().with_style(ProgressStyle::default_spinner());
        line.set_draw_target(ProgressDrawTarget::stdout());
        let now = Instant::now();
        Self {
            moves,
            number: 0,
            started: now,
            shown: (now, 0),
            held: Vec::new(),
            heard,
            line,
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Shows the figures for so long.
    pub(crate) async fn show(&mut self, callers: &mut Callers, time: Duration) -> io::Result<()> {
        self.until(callers, tokio::time::sleep(time)).await
    }

    /// Shows the figures until something is done, and returns that.
    pub(crate) async fn until<T>(
        &mut self,
        callers: &mut Callers,
        done: impl Future<Output = T>,
    ) -> io::Result<T> {
        let mut done = pin!(done);
        loop {
            let pause = pin!(tokio::time::sleep(SHOWN_EVERY));
            match select(done.as_mut(), pause).await {
                Either::Left((done, _)) => return Ok(done),
                Either::Right(_) => self.redraw(callers),
            }
        }
    }

    /// Writes the line of a finished move.
    pub(crate) fn moved(
        &mut self,
        number: usize,
        moved: &Moved,
        callers: &Callers,
    ) -> io::Result<()> {
        self.number = number;
        self.held.push(moved.held_ms);
        let [from, to] = Moved::names(number);
        let (held, tally) = (moved.held_ms, callers.tally());
        let (calls, failed) = (HumanCount(tally.succeeded).to_string(), tally.failed);
        let missed = self.heard.missed();
        self.tell(&format!(
            "move {number:>2}  {from} -> {to}  writes held for {held:>5.1} ms  {calls:>11} calls, {failed} failed  {missed} messages missed"
        ))
    }

    /// Clears the line that changes.
    pub(crate) fn end(&self) -> io::Result<()> {
        self.line.finish_and_clear();
        self.tell("")
    }

    fn redraw(&mut self, callers: &Callers) {
        let (then, before) = self.shown;
        let (now, tally) = (Instant::now(), callers.tally());
        self.shown = (now, tally.succeeded);
        let seconds = (now - then).as_secs_f64().max(0.001);
        #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = (tally.succeeded - before) as f64 / seconds;
        self.line.set_message(format!(
            "{rate:>9.0} calls/s   move {}/{}   failed {}   messages missed {}",
            self.number,
            self.moves,
            tally.failed,
            self.heard.missed()
        ));
    }

    fn tell(&self, text: &str) -> io::Result<()> {
        self.line
            .suspend(|| writeln!(io::stdout().lock(), "{text}"))
    }
}
