//! Telling how far a fleet has come.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::failure::Code;
use crate::lines::{say, tell};
use crate::options::Format;
use crate::output::event;

/// A large fleet comes further with each millisecond.
const PAUSE: Duration = Duration::from_millis(100);

/// How far a fleet has come.
#[derive(Debug, Serialize)]
pub(super) struct Progress<'a> {
    pub(super) component: &'a str,
    pub(super) digest: &'a str,
    pub(super) following: usize,
    pub(super) expected: usize,
    pub(super) refused: usize,
    pub(super) silent: Option<usize>,
    pub(super) unreadable: usize,
    pub(super) old_connections: u64,
    /// Why waiting has failed, if it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<Code>,
}

/// Tells what has changed.
#[derive(Debug)]
pub(super) struct Teller {
    command: &'static str,
    format: Format,
    /// What was told last, and when.
    told: Option<(String, Instant)>,
}

impl Teller {
    pub(super) fn new(command: &'static str, format: Format) -> Self {
        Self {
            command,
            format,
            told: None,
        }
    }

    /// Tells what has changed, if anything has.
    pub(super) fn tell(&mut self, progress: &Progress<'_>) {
        let text = serde_json::to_string(progress).unwrap_or_default();
        if let Some((told, at)) = &self.told
            && (*told == text || at.elapsed() < PAUSE)
        {
            return;
        }
        let state = if self.told.is_none() {
            "begin"
        } else {
            "progress"
        };
        self.told = Some((text, Instant::now()));
        match self.format {
            Format::Ndjson => self.write(state, progress),
            Format::Table => progress.say(),
            Format::Json => {}
        }
    }

    /// Tells how it has ended. The reply says so to a person.
    pub(super) fn end(&self, progress: &Progress<'_>) {
        if self.format == Format::Ndjson {
            let state = progress.code.map_or("done", |_| "failed");
            self.write(state, progress);
        }
    }

    fn write(&self, state: &str, progress: &Progress<'_>) {
        tell(event(self.command, "receipts", state, progress));
    }
}

impl Progress<'_> {
    fn say(&self) {
        let Self {
            following,
            expected,
            silent,
            unreadable,
            ..
        } = self;
        let mut silent = match silent {
            None | Some(0) => String::new(),
            Some(silent) => format!(", {silent} silent"),
        };
        if *unreadable > 0 {
            silent.push_str(&format!(", {unreadable} unreadable"));
        }
        if following < expected || !silent.is_empty() {
            say(&format!("{following} of {expected} processes{silent}"));
        }
    }
}
