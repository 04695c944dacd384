//! What a command would send, without secrets.

use serde_json::{Map, Value, json};

use crate::fleet::control::Canary;
use crate::history::Note;
use crate::output::Reply;
use crate::redact;
use crate::session::Session;
use crate::text::quoted;

/// Returns what writing a config would send.
pub(super) fn of_config(
    session: &Session,
    (component, text): (&str, &str),
    note: &Note,
    ends_canary: bool,
    data: Value,
) -> Reply {
    let fleet = session.names.fleet();
    let key = session.names.key(component);
    let history = session.names.history(component);
    let object: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    let shown = Value::Object(redact::object(&object));
    let fields: Vec<_> = note
        .fields()
        .map(|(name, value)| format!("{name} {}", quoted(value)))
        .collect();
    let makes_salt = session.salt.is_empty();
    let edits = ends_canary || makes_salt;
    let mut commands = vec![
        format!("WATCH {key} {history} {fleet}"),
        format!("GETRANGE {key} 0 65536"),
        format!("GETRANGE {fleet} 0 65536"),
        "MULTI".to_owned(),
        format!(
            "XADD {history} MAXLEN 200 N-0 config '{shown}' {}",
            fields.join(" ")
        ),
        format!("SET {key} '{shown}'"),
    ];
    if edits {
        let what = match (ends_canary, makes_salt) {
            (true, false) => format!("without the canary of {component}"),
            (true, true) => format!("\"salt\": \"…\", without the canary of {component}"),
            _ => "\"salt\": \"…\"".to_owned(),
        };
        commands.push(format!("SET {fleet} '{{…, {what}}}'"));
    }
    commands.push("EXEC".to_owned());
    reply(session, &commands, data)
}

/// Returns what beginning or ending a canary would send.
pub(super) fn of_canary(
    session: &Session,
    component: &str,
    canary: Option<&Canary>,
    data: Value,
) -> Reply {
    let (fleet, key) = (session.names.fleet(), session.names.key(component));
    let part = canary.map_or(Value::Null, |canary| {
        let config = canary.config.as_object().map(redact::object);
        json!({"config": config, "percent": canary.percent, "salt": canary.salt, "base": canary.base})
    });
    let commands = [
        if canary.is_some() {
            format!("WATCH {fleet} {key} {}", session.names.record(component))
        } else {
            format!("WATCH {fleet} {key}")
        },
        format!("GETRANGE {fleet} 0 65536"),
        "MULTI".to_owned(),
        format!("SET {fleet} '{{…, \"canary\": {{\"{component}\": {part}}}}}'"),
        "EXEC".to_owned(),
    ];
    reply(session, &commands, data)
}

fn reply(session: &Session, commands: &[String], mut data: Value) -> Reply {
    let lines: Vec<_> = commands
        .iter()
        .map(|command| format!("{}> {command}", session.server))
        .collect();
    data["commands"] = json!(commands);
    Reply::new(data, lines.join("\n"))
}
