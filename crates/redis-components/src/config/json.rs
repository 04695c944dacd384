//! A config as JSON text, in and out.

use std::collections::HashSet;
use std::fmt;

use secrecy::zeroize::Zeroize;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::component_config::{ComponentConfig, DEFAULT_PORT};
use super::endpoint::{Address, Endpoint};
use super::{fields, fields_cluster, fields_login, fields_tls, sentinels};
use crate::error::text::printable;

/// Returns the config that the text means.
///
/// # Errors
///
/// Returns the reason if the text is refused. It contains none of the text's values.
pub(super) fn parse(text: &str) -> Result<ComponentConfig, String> {
    let object: Result<Map<String, Value>, _> =
        demand_unique(text).and_then(|()| serde_json::from_str(text));
    let mut object = object.map_err(|error| describe(text, &error))?;
    let config = fields::read(&object);
    object.values_mut().for_each(wipe);
    config
}

/// Refuses what is no object in JSON, or has a name twice in an object.
///
/// # Errors
///
/// Returns an error of serde's, which may show a part of the text.
pub(crate) fn demand_unique(text: &str) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer
        .deserialize_map(Unique)
        .and_then(|()| deserializer.end())
}

/// Returns what the object in the text means. For serde alone, an array of its fields is as good.
pub(crate) fn object<'t, T: Deserialize<'t>>(text: &'t str) -> Option<T> {
    let is_object = text.trim_start().starts_with('{');
    is_object.then(|| serde_json::from_str(text).ok()).flatten()
}

/// Returns the shortest text that means the config.
pub(super) fn write(config: &ComponentConfig) -> String {
    let mut object = Map::new();
    if config.disabled {
        object.insert("disabled".into(), json!(true));
    }
    if let Endpoint::Server(Address::Tcp { host, port }) = &config.endpoint {
        if !host.is_empty() || !config.disabled {
            object.insert("host".into(), json!(host));
        }
        if *port != DEFAULT_PORT {
            object.insert("port".into(), json!(port));
        }
    }
    if let Endpoint::Cluster(cluster) = &config.endpoint {
        fields_cluster::write(cluster, &mut object);
    }
    if let Endpoint::Sentinels(sentinels) = &config.endpoint {
        sentinels::write(sentinels, &mut object);
    }
    if let Endpoint::Server(Address::Unix(path)) = &config.endpoint {
        object.insert("unix_socket_path".into(), json!(path.to_string_lossy()));
    }
    if let Some(tls) = &config.tls {
        fields_tls::write(tls, &mut object);
    }
    if config.db != 0 {
        object.insert("db".into(), json!(config.db));
    }
    fields_login::write(&config.login, &mut object);
    let optional = [
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
            "client_name",
            config.client_name.as_ref().map(|name| json!(name)),
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

/// Returns why the text is refused. No part of the text is shown: serde_json repeats a value of a
/// wrong type.
fn describe(text: &str, error: &serde_json::Error) -> String {
    let said = error.to_string();
    let said = said
        .rsplit_once(" at line ")
        .map_or(&*said, |(said, _)| said);
    let place = format!("(line {} column {})", error.line(), error.column());
    if let Some(name) = said.strip_prefix(DUPLICATE) {
        return format!("`{}` is given twice {place}", printable(name));
    }
    if said == RAW_VALUE {
        return format!("`{RAW_VALUE}` is no field {place}");
    }
    if let Some(known) = mistake(text) {
        return known.into();
    }
    if error.is_data() {
        // Only `Unique` makes these.
        return "the value is not a JSON object; write it as {\"host\": \"…\", \"port\": …}".into();
    }
    // serde_json has fixed texts for wrong syntax, which contain nothing from the user.
    format!("the value is not JSON: {said} {place}")
}

/// Returns the advice for a common mistake, if the text is one.
fn mistake(text: &str) -> Option<&'static str> {
    let trimmed = text.trim();
    let in_quotes = trimmed.strip_prefix('"');
    if text.starts_with('\u{feff}') {
        Some("the value begins with a byte order mark; write it without one")
    } else if text.contains('\0') {
        Some(
            "the value is not JSON in UTF-8: it has NUL characters, as UTF-16 text has; write it as UTF-8",
        )
    } else if trimmed.is_empty() {
        Some("the value is empty; write it as {\"host\": \"…\", \"port\": …}")
    } else if has_scheme(in_quotes.unwrap_or(trimmed)) {
        Some("the value is a url; write it as {\"url\": \"…\"}")
    } else if in_quotes.is_some_and(|text| text.trim_start().starts_with('{')) {
        Some("the value is JSON in quotes; write the object itself, without quotes around it")
    } else if trimmed.starts_with('\'') {
        Some("the value has single quotes around it; leave them out")
    } else if trimmed
        .strip_prefix('{')
        .is_some_and(begins_with_other_quotes)
    {
        Some("the value is not JSON; write names and text in double quotes (\")")
    } else {
        None
    }
}

fn has_scheme(text: &str) -> bool {
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    !scheme.is_empty()
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'+')
}

/// Returns `true` for single quotes, and for the quotes that word processors make.
fn begins_with_other_quotes(text: &str) -> bool {
    text.trim_start()
        .starts_with(['\'', '‘', '’', '“', '”', '„', '«', '»'])
}

const DUPLICATE: &str = "duplicate ";

/// The name by which serde_json tells itself that a text is JSON. Under this name, a text would be
/// read as what it holds: once more, and deeper than the bound.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// Refuses a name that stands twice in an object, or in one inside of it. serde_json would keep the
/// last.
///
/// It makes no values, because only serde_json's own `Value` takes every number that its features
/// allow.
#[derive(Clone, Copy)]
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = access.next_key::<String>()? {
            if name == RAW_VALUE {
                return Err(A::Error::custom(RAW_VALUE));
            }
            access.next_value_seed(self)?;
            if let Some(name) = names.replace(name) {
                return Err(A::Error::custom(format_args!("{DUPLICATE}{name}")));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while access.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// Overwrites all text, because some of it is passwords.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(object) => object.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::RAW_VALUE;
    use crate::config::ComponentConfig;

    #[test]
    fn r11_no_text_is_read_as_json_inside_of_json() {
        let inside = |text: &str| serde_json::json!({ RAW_VALUE: text }).to_string();
        let host = inside("\"elsewhere\"");
        // Each text is as deep as a value may be, and holds the next.
        let mut deep = "1".to_owned();
        for _ in 0..14 {
            let (open, close) = ("[".repeat(120), "]".repeat(120));
            deep = inside(&format!("{open}{deep}{close}"));
            if deep.len() > 30_000 {
                break;
            }
        }
        for text in [
            format!("{{\"host\":{host}}}"),
            format!("{{\"host\":\"h\",\"x-note\":{deep}}}"),
            deep,
        ] {
            let refused = ComponentConfig::from_json(&text).unwrap_err();
            assert!(refused.message().contains("is no field"), "{refused}");
        }
    }
}
