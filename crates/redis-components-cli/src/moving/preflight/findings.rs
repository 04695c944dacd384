//! What the checks before a move have found.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use crate::failure::{Code, Failure};
use crate::lines::{say, warn_once_about};

/// Says what a check has found that stops nothing, once in a command: before the cut it is made again.
pub(crate) fn warn_of(name: &str, found: &str, advice: &str) {
    let text = format!("{name}: {found}; {advice}");
    warn_once_about(&format!("{name}: {advice}"), &text);
}

/// A check that has found something.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    pub(crate) found: String,
    pub(crate) advice: Cow<'static, str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    Warning,
    Refusal,
}

/// The outcome of all checks.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    pub(crate) made: usize,
    pub(crate) found: Vec<Check>,
}

impl Checks {
    pub(crate) fn check(
        &mut self,
        name: &'static str,
        level: Level,
        found: Option<String>,
        advice: impl Into<Cow<'static, str>>,
    ) {
        self.made += 1;
        self.found.extend(found.map(|found| Check {
            name,
            level,
            found,
            advice: advice.into(),
        }));
    }

    pub(crate) fn refuse(
        &mut self,
        name: &'static str,
        found: Option<String>,
        advice: impl Into<Cow<'static, str>>,
    ) {
        self.check(name, Level::Refusal, found, advice);
    }

    pub(crate) fn warn(&mut self, name: &'static str, found: Option<String>, advice: &'static str) {
        self.check(name, Level::Warning, found, advice);
    }

    /// Returns how many checks there were and how many warn, for scripts.
    pub(crate) fn shown(&self) -> Value {
        json!({"checks": self.made, "warnings": self.found.len()})
    }

    /// Says what was found.
    pub(crate) fn say(&self) {
        for check in &self.found {
            let Check {
                name,
                found,
                advice,
                ..
            } = check;
            match check.level {
                Level::Warning => warn_of(name, found, advice),
                Level::Refusal => say(&format!("refused: {name}: {found}; {advice}")),
            }
        }
    }

    /// Returns the failure that the refusals make.
    pub(crate) fn failure(&self, component: &str) -> Option<Failure> {
        let mut refusals = self
            .found
            .iter()
            .filter(|check| check.level == Level::Refusal);
        let first = refusals.next()?;
        let more = refusals.count();
        let more = if more > 0 {
            format!(" (and {more} more)")
        } else {
            String::new()
        };
        let text = format!(
            "the move of `{component}` cannot begin: {}: {}; {}{more}; nothing has changed",
            first.name, first.found, first.advice
        );
        Some(Failure::new(Code::NotPossible, text).of_component(component))
    }
}
