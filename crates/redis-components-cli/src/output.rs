//! What goes to standard output: one envelope around data, or a table.

use std::io::ErrorKind;

use comfy_table::{Table, presets};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::failure::{Code, Failure};
use crate::lines::{flush, say, write_whole};
use crate::options::Format;

/// The version of everything that is written as JSON.
const SCHEMA: u32 = 1;

/// What a command has found or done.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) data: Value,
    /// The same for people.
    pub(crate) text: String,
    /// Why the exit code is not 0, although there is data.
    pub(crate) failure: Option<Failure>,
}

impl Reply {
    pub(crate) fn new(data: impl Serialize, text: impl Into<String>) -> Self {
        Self {
            data: serde_json::to_value(data).unwrap_or_default(),
            text: text.into(),
            failure: None,
        }
    }

    pub(crate) fn failed(self, failure: Option<Failure>) -> Self {
        Self { failure, ..self }
    }

    /// Returns the outcome of a command that has begun something: only another command goes on with it.
    pub(crate) fn begun(outcome: Result<Self, Failure>) -> Result<Self, Failure> {
        let outcome = outcome.map_err(Failure::begun)?;
        Ok(Self {
            failure: outcome.failure.map(Failure::begun),
            ..outcome
        })
    }
}

/// Writes the outcome of a command that may have changed something, and returns the exit code.
pub(crate) fn write(
    format: Format,
    command: &str,
    outcome: Result<Reply, Failure>,
    has_changed: bool,
) -> u8 {
    let (reply, failure) = match outcome {
        Ok(mut reply) => {
            let failure = reply.failure.take();
            (Some(reply), failure)
        }
        Err(failure) => (None, Some(failure)),
    };
    let text = match format {
        Format::Table => reply.map(|reply| reply.text).unwrap_or_default(),
        _ => envelope(
            format,
            command,
            reply.map(|reply| reply.data),
            failure.as_ref(),
        ),
    };
    flush();
    let written = write_whole(&text);
    if let Some(failure) = &failure {
        say(&failure.explanation);
        say(&format!("{ERROR} {}", failure.message));
    }
    let is_done = failure.is_none();
    let code = failure.map_or(0, |failure| failure.code.exit());
    let code = match written {
        // Who only looked and does not read on has seen what it wanted.
        Err(error) if has_changed || error.kind() != ErrorKind::BrokenPipe => {
            say(&text);
            let error = format!("{ERROR} cannot write to standard output: {error}");
            if has_changed && is_done {
                say(&format!(
                    "{error}; the change was made all the same, and what came of it stands above"
                ));
                Code::OutcomeUnknown.exit()
            } else {
                say(&error);
                code.max(1)
            }
        }
        _ => code,
    };
    flush();
    code
}

const ERROR: &str = "\u{1b}[1;31merror:\u{1b}[0m";

/// Returns one line about something that happens while a command runs.
pub(crate) fn event(command: &str, event: &str, state: &str, data: impl Serialize) -> String {
    let data = serde_json::to_value(data).unwrap_or_default();
    json!({"schema": SCHEMA, "command": command, "event": event, "state": state, "data": data})
        .to_string()
}

fn envelope(
    format: Format,
    command: &str,
    data: Option<Value>,
    failure: Option<&Failure>,
) -> String {
    let mut envelope = Map::new();
    envelope.insert("schema".into(), json!(SCHEMA));
    envelope.insert("command".into(), json!(command));
    envelope.insert("ok".into(), json!(failure.is_none()));
    if let Some(data) = data {
        envelope.insert("data".into(), data);
    }
    if let Some(failure) = failure {
        envelope.insert("error".into(), json!(failure.shown()));
    }
    let envelope = Value::Object(envelope);
    if format == Format::Json {
        format!("{envelope:#}")
    } else {
        envelope.to_string()
    }
}

/// Returns rows as a table, with `-` for what is not there.
pub(crate) fn table<const N: usize>(
    names: [&str; N],
    rows: impl IntoIterator<Item = [Option<String>; N]>,
) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(names.map(str::to_uppercase));
    for row in rows {
        table.add_row(row.map(|cell| cell.unwrap_or_else(|| "-".to_owned())));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines = table.lines();
    let lines: Vec<_> = lines.map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
