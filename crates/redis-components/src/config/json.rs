//! A config as JSON text, in and out.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::{Map, Value, json};

use super::{ComponentConfig, DEFAULT_PORT, fields, invalid};
use crate::error::Error;
use crate::error::text::printable;

/// The config that the text means.
pub(super) fn parse(text: &str) -> Result<ComponentConfig, Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let object = deserializer
        .deserialize_map(ObjectVisitor)
        .and_then(|object| deserializer.end().map(|()| object))
        .map_err(|error| describe(&error))?;
    fields::read(&object).map_err(invalid)
}

/// The shortest text that means the config.
pub(super) fn write(config: &ComponentConfig) -> String {
    let mut object = Map::new();
    if config.disabled {
        object.insert("disabled".into(), json!(true));
    }
    if !config.host.is_empty() || !config.disabled {
        object.insert("host".into(), json!(config.host));
    }
    if config.port != DEFAULT_PORT {
        object.insert("port".into(), json!(config.port));
    }
    if config.db != 0 {
        object.insert("db".into(), json!(config.db));
    }
    let optional = [
        ("username", config.username.as_ref().map(|name| json!(name))),
        (
            "password",
            config
                .password
                .as_ref()
                .map(|secret| json!(secret.expose())),
        ),
        (
            "socket_timeout",
            config.socket_timeout.map(|time| json!(time.as_secs_f64())),
        ),
        (
            "socket_connect_timeout",
            config
                .socket_connect_timeout
                .map(|time| json!(time.as_secs_f64())),
        ),
        (
            "max_connections",
            config.max_connections.map(|count| json!(count)),
        ),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            object.insert(name.into(), value);
        }
    }
    Value::Object(object).to_string()
}

/// What is wrong with the text, without showing any of it: what serde says of a wrong type has the value in it.
fn describe(error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    if error.is_data() {
        // Only `ObjectVisitor` makes these: a second field of one name, or something that is not an object.
        match error.to_string().strip_prefix(DUPLICATE) {
            Some(name) => {
                let name = name.rsplit_once(" at line").map_or(name, |(name, _)| name);
                invalid(format!(
                    "`{}` is given twice (line {line} column {column})",
                    printable(name)
                ))
            }
            None => invalid(
                "the value is not a JSON object; write it as {\"host\": \"…\", \"port\": …}",
            ),
        }
    } else {
        invalid(format!(
            "the value is not JSON (line {line} column {column})"
        ))
    }
}

const DUPLICATE: &str = "duplicate ";

/// Reads an object's fields, refusing two of one name, of which serde_json would keep the last in silence.
struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if object.insert(name.clone(), value).is_some() {
                return Err(A::Error::custom(format_args!("{DUPLICATE}{name}")));
            }
        }
        Ok(object)
    }
}
