//! The steps of a move, told as they begin and as they end.

use std::cell::RefCell;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::lines::{say, tell};
use crate::options::Format;
use crate::output::{Reply, event};
use crate::text::counted;

/// Tells steps: as events to programs, and as lines to people.
#[derive(Debug)]
pub(crate) struct Steps {
    format: Format,
    /// Those that are under way, the one that began last at the end.
    under_way: RefCell<Vec<&'static str>>,
}

impl Steps {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            under_way: RefCell::default(),
        }
    }

    /// Begins a step, which is under way until it is done or the command fails.
    pub(crate) fn begin(&self, step: &'static str, data: &Value) {
        self.enter(step);
        self.tell(step, "begin", data);
    }

    /// Begins a step that others tell, unless the command fails in it.
    pub(crate) fn enter(&self, step: &'static str) {
        self.under_way.borrow_mut().push(step);
    }

    /// Ends a step that others tell.
    pub(crate) fn leave(&self) {
        self.under_way.borrow_mut().pop();
    }

    /// Tells how far the step has come that is under way.
    pub(crate) fn progress(&self, data: &Value) {
        let step = self.under_way.borrow().last().copied();
        if let Some(step) = step {
            self.tell(step, "progress", data);
        }
    }

    /// Begins a step, or tells how far it has come if it is under way.
    pub(crate) fn goes_on(&self, step: &'static str, data: &Value) {
        if self.under_way.borrow().last() == Some(&step) {
            self.progress(data);
        } else {
            self.begin(step, data);
        }
    }

    /// Ends the step that is under way.
    pub(crate) fn done(&self, data: &Value) {
        let step = self.under_way.borrow_mut().pop();
        if let Some(step) = step {
            self.tell(step, "done", data);
        }
    }

    /// Ends a step if it is under way.
    pub(crate) fn ends(&self, step: &'static str, data: &Value) {
        if self.under_way.borrow().last() == Some(&step) {
            self.done(data);
        }
    }

    /// Tells that the command has failed in all that is under way.
    pub(crate) fn end(&self, outcome: &Result<Reply, Failure>) {
        let failure = match outcome {
            Ok(reply) => reply.failure.as_ref(),
            Err(failure) => Some(failure),
        };
        if let Some(failure) = failure {
            while !self.under_way.borrow().is_empty() {
                self.failed(failure);
            }
        }
    }

    /// Tells that the step has failed that is under way.
    pub(crate) fn failed(&self, failure: &Failure) {
        let step = self.under_way.borrow_mut().pop();
        if let Some(step) = step {
            self.tell(step, "failed", &json!(failure.shown()));
        }
    }

    fn tell(&self, step: &str, state: &str, data: &Value) {
        match self.format {
            Format::Ndjson => tell(event("move", step, state, data)),
            Format::Table => say(&line(step, state, data)),
            Format::Json => {}
        }
    }
}

/// Returns what a person reads of a step; nothing if the next line says enough.
fn line(step: &str, state: &str, data: &Value) -> String {
    match (step, state) {
        ("preflight", "done") if data["checks"].is_u64() => {
            let count = |what: &str| data[what].as_u64().unwrap_or_default();
            let (made, warnings) = (counted(count("checks"), "check"), count("warnings"));
            format!("{made}, {}", counted(warnings, "warning"))
        }
        ("copy", "begin") if data["pass"] == "warm" => "copying while calls go on".to_owned(),
        ("attach" | "copy", "begin") => "copying".to_owned(),
        ("prepare", "done") => {
            format!("ready: {} of {} processes", data["ready"], data["expected"])
        }
        ("cut", "done") if data["held_ms"].is_number() => {
            format!("cut: writes were held for {} ms", data["held_ms"])
        }
        ("fence", "begin") => "the old server refuses writes".to_owned(),
        ("compare", "begin") => "comparing".to_owned(),
        ("compare", "done") => format!("the same: {} keys were compared", data["keys"]),
        ("commit", "done") if data["held_ms"].is_number() => format!(
            "the configs name the new server; writes were refused for {} ms",
            data["held_ms"]
        ),
        ("commit", "done") => "the configs name the new server".to_owned(),
        (step, "failed") => format!("failed: {step}"),
        _ => String::new(),
    }
}
