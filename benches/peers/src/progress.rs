//! The progress of the run, by planned time.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;

pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn over(planned: Duration) -> Result<Self, Failure> {
        let bar = ProgressBar::new(milliseconds(planned));
        let style = "{elapsed_precise} [{bar:40}] {percent:>3} %  {eta} left  {msg}";
        bar.set_style(ProgressStyle::with_template(style)?.progress_chars("=> "));
        bar.enable_steady_tick(Duration::from_millis(250));
        Ok(Self(bar))
    }

    /// Shows the current step. Without a terminal for the bar, it is a line.
    pub(crate) fn begin(&self, what: &str) {
        if self.0.is_hidden() {
            eprintln!("{what} …");
        }
        self.0.set_message(what.to_owned());
    }

    /// Shows a message on its own line.
    pub(crate) fn say(&self, what: &str) {
        self.0.suspend(|| eprintln!("{what}"));
    }

    pub(crate) fn advance(&self, planned: Duration) {
        self.0.inc(milliseconds(planned));
    }

    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
