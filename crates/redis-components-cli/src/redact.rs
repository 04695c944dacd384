//! Configs without their secrets.

use redis_components::ComponentConfig;
use serde_json::{Map, Value};

/// What is shown in place of a secret.
pub(crate) const HIDDEN: &str = "***";

/// The fields whose values are shown. Others may be a password under a wrong name.
pub(crate) const SHOWN: [&str; 51] = [
    "client_name",
    "cluster",
    "comment",
    "db",
    "decode_responses",
    "disabled",
    "encoding",
    "health_check_interval",
    "host",
    "lib_name",
    "lib_version",
    "max_connections",
    "path",
    "port",
    "protocol",
    "read_from",
    "read_from_replicas",
    "require_full_coverage",
    "retry_on_error",
    "retry_on_timeout",
    "sentinel_ssl",
    "sentinel_ssl_ca_certs",
    "sentinel_ssl_cert_reqs",
    "sentinel_ssl_certfile",
    "sentinel_ssl_check_hostname",
    "sentinel_ssl_keyfile",
    "sentinel_ssl_min_version",
    "sentinel_ssl_server_name",
    "sentinel_username",
    "sentinels",
    "service_name",
    "single_connection_client",
    "socket_connect_timeout",
    "socket_keepalive",
    "socket_read_size",
    "socket_timeout",
    "socket_type",
    "ssl",
    "ssl_ca_certs",
    "ssl_ca_path",
    "ssl_cert_reqs",
    "ssl_certfile",
    "ssl_check_hostname",
    "ssl_ciphers",
    "ssl_keyfile",
    "ssl_min_version",
    "ssl_server_name",
    "startup_nodes",
    "unix_socket_path",
    "username",
    "version",
];

const SECRET: [&str; 5] = ["pass", "secret", "token", "key", "cred"];

/// Returns `true` if the field's value may be shown, if it is text.
pub(crate) fn is_shown(name: &str) -> bool {
    let own = name.strip_prefix("x-");
    SHOWN.contains(&name)
        || own.is_some_and(|own| {
            let own = own.to_lowercase();
            !SECRET.iter().any(|word| own.contains(word))
        })
}

/// Returns the fields of a config without secrets.
pub(crate) fn object(object: &Map<String, Value>) -> Map<String, Value> {
    let fields = object.iter();
    fields
        .map(|(name, value)| (name.clone(), field(name, value)))
        .collect()
}

/// Returns a field's value, or what is shown in its place.
pub(crate) fn field(name: &str, value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        // A host may be a whole url by mistake.
        Value::String(text) if is_shown(name) && !text.contains(['@', '?']) => value.clone(),
        Value::String(text) if name == "url" => url(text).into(),
        Value::Object(object) if is_reference(object) => value.clone(),
        _ if is_shown(name) && !holds_text_with_login(value) => value.clone(),
        _ => HIDDEN.into(),
    }
}

/// Returns `true` for `{"env": "NAME"}`: it says where a secret is, and holds none.
fn is_reference(object: &Map<String, Value>) -> bool {
    let mut fields = object.iter();
    let only = fields.next().filter(|_| object.len() == 1);
    only.is_some_and(|(name, value)| {
        ["env", "file", "provider"].contains(&&**name) && value.is_string()
    })
}

fn holds_text_with_login(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('@'),
        Value::Array(elements) => elements.iter().any(holds_text_with_login),
        Value::Object(_) => true,
        _ => false,
    }
}

/// Returns a url without its login and its query.
fn url(text: &str) -> String {
    if ComponentConfig::from_url(text).is_err() {
        return HIDDEN.to_owned();
    }
    let (scheme, rest) = text.split_once("://").unwrap_or(("redis", text));
    let (rest, query) = rest
        .split_once('?')
        .map_or((rest, ""), |(rest, _)| (rest, "?***"));
    match rest.rsplit_once('@') {
        Some((_, server)) => format!("{scheme}://{HIDDEN}@{server}{query}"),
        None => format!("{scheme}://{rest}{query}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{SHOWN, field, is_shown, object};

    #[test]
    fn r8_what_may_be_a_secret_is_hidden() {
        for (name, value) in [
            ("password", json!("s3cret")),
            ("pasword", json!("s3cret")),
            ("password", json!(1234)),
            ("sentinel_kwargs", json!({"password": "s3cret"})),
            ("url", json!("redis://u:s3cret@h:1/2")),
            ("url", json!("redis://u:s3#cret@h:1/2")),
            ("host", json!("redis://u:s3cret@h")),
            ("sentinels", json!(["u:s3cret@h:1"])),
            ("x-api-token", json!("s3cret")),
            ("comment", json!({"password": "s3cret"})),
        ] {
            let shown = field(name, &value).to_string();
            assert!(
                !shown.contains("cret") && !shown.contains("1234"),
                "{name}: {shown}"
            );
        }
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        let config = json!({"host": "h", "port": 1, "password": {"env": "NAME"}, "x-owner": ["team"],
            "comment": "old", "url": "redis://h:1/2", "sentinels": ["h:1"], "db": null});
        let Value::Object(fields) = &config else {
            panic!()
        };
        assert_eq!(Value::Object(object(fields)), config);
        assert_eq!(
            field("url", &json!("redis://u:p@h:1/2")),
            "redis://***@h:1/2"
        );
    }

    #[test]
    fn every_field_that_is_shown_is_a_field() {
        let schema = include_str!("../../redis-components/config.schema.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        for name in SHOWN {
            assert!(schema["properties"].get(name).is_some(), "{name}");
        }
    }

    /// What the runtime uses is shown, so that `diff` says what changes.
    #[test]
    fn every_field_that_is_used_is_shown_unless_it_holds_a_secret() {
        let table = include_str!("../../../docs/config.md");
        // Name, values, default, meaning.
        let used = table.lines().filter(|line| line.split(" | ").count() == 4);
        let names = used.filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
        let hidden: Vec<_> = names
            .map(|(name, _)| name)
            .filter(|name| !name.starts_with('{') && !is_shown(name))
            .collect();
        let secret = [
            "password",
            "url",
            "sentinel_password",
            "sentinel_kwargs",
            "sentinel_ssl_ca_data",
            "ssl_ca_data",
        ];
        assert_eq!(hidden, secret);
    }
}
