//! `diff`: where two configs differ in meaning.

use std::collections::BTreeSet;

use clap::Args;
use redis_components::ComponentConfig;
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::output::Reply;
use crate::redact;
use crate::subject::{Subject, invalid};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A component, an entry of its history (`logs@3`), a file, or `-`.
    a: Subject,
    /// The other one.
    b: Subject,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let Options { a, b } = options;
    let needs_server = a.needs_server() || b.needs_server();
    let session = if needs_server {
        Some(context.session().await?)
    } else {
        None
    };
    let mut sides = Vec::new();
    for subject in [a, b] {
        let text = subject.text(session.as_ref()).await?;
        sides.push(fields(&subject.name(), &text)?);
    }
    let [old, new] = [&sides[0], &sides[1]];
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let mut rows = Vec::new();
    let mut lines = vec![format!("--- {}", a.name()), format!("+++ {}", b.name())];
    for name in names {
        let (old, new) = (old.get(name), new.get(name));
        if old == new {
            continue;
        }
        let show = |value: Option<&Value>| value.map(|value| redact::field(name, value));
        let (old, new) = (show(old), show(new));
        lines.extend(
            old.iter()
                .map(|value| format!("\u{1b}[31m- {name}: {value}\u{1b}[0m")),
        );
        lines.extend(
            new.iter()
                .map(|value| format!("\u{1b}[32m+ {name}: {value}\u{1b}[0m")),
        );
        rows.push(json!({"field": name, "a": old, "b": new}));
    }
    let failure = (!rows.is_empty()).then(|| {
        let text = match rows.len() {
            1 => "1 field differs".to_owned(),
            count => format!("{count} fields differ"),
        };
        Failure::new(Code::Differences, text)
    });
    let text = if rows.is_empty() {
        "the same".to_owned()
    } else {
        lines.join("\n")
    };
    let data = json!({"a": a.name(), "b": b.name(), "differences": rows});
    Ok(Reply::new(data, text).failed(failure))
}

/// Returns what a config means, field by field.
fn fields(name: &str, text: &str) -> Result<Map<String, Value>, Failure> {
    if let Some(failure) = invalid(name, text) {
        return Err(failure);
    }
    let config = ComponentConfig::from_json(text)
        .map_err(|error| Failure::new(Code::ConfigInvalid, error.to_string()))?;
    Ok(serde_json::from_str(&config.to_json()).unwrap_or_default())
}
