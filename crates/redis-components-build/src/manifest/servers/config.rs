//! A config server as JSON: the same fields as a component's config.
//!
//! The runtime alone checks the options of TLS.

use serde_json::{Map, Value};

use super::problem::{Problem, SECRET};
use super::{fields, host, url};
use crate::diagnostics::file::quoted;
use crate::nearest::nearest;

/// Fields that stand in a URL, and cannot stand beside one.
const PARTS_OF_A_URL: [&str; 7] = [
    "host",
    "port",
    "db",
    "username",
    "password",
    "unix_socket_path",
    "path",
];

/// Fields that say where a server is, and cannot stand beside `sentinels`.
const OTHER_PLACES: [&str; 5] = ["host", "port", "url", "unix_socket_path", "path"];

/// The bounds of a timeout, in seconds.
const TIMEOUTS: std::ops::RangeInclusive<f64> = 0.001..=600.0;

/// Refuses a config that holds a secret, and a config that the runtime would refuse.
pub(super) fn check(config: &Value) -> Result<(), Problem> {
    refuse_secrets(config)?;
    let Value::Object(fields) = config else {
        return Err(wrong(
            "is JSON, but no object",
            "write it as {\"host\": \"…\", \"port\": …}",
        ));
    };
    let given = Given(fields);
    for (name, value) in fields {
        if !value.is_null() && !fields::is_known(name) {
            return Err(unknown(name));
        }
    }
    match given.get("disabled") {
        None | Some(Value::Bool(false)) => {}
        _ => {
            let help = "leave it out; a config server cannot be switched off";
            return Err(wrong("has the field `disabled`", help));
        }
    }
    if given
        .get("cluster")
        .or(given.get("startup_nodes"))
        .is_some()
    {
        let help = "name a server, or sentinels that know one: no single node of a cluster holds the configs of all components";
        return Err(wrong("is a cluster", help));
    }
    check_place(&given)?;
    given.whole("port", 1, u64::from(u16::MAX))?;
    given.whole("db", 0, u64::from(u32::MAX))?;
    for name in ["username", "password"] {
        check_login(&given, name)?;
    }
    for name in ["socket_timeout", "socket_connect_timeout"] {
        let is_timeout =
            |value: &Value| value.as_f64().is_some_and(|time| TIMEOUTS.contains(&time));
        given.must(name, is_timeout, "a number of seconds from 0.001 to 600")?;
    }
    let is_count = |value: &Value| value.as_u64().is_some_and(|count| count > 0);
    given.must("max_connections", is_count, "a whole number from 1 up")?;
    let is_line =
        |value: &Value| matches!(value, Value::String(text) if !text.contains(url::is_unprintable));
    given.must("client_name", is_line, "text in one line")
}

/// Refuses passwords, wherever they stand. A reference to one holds none.
fn refuse_secrets(value: &Value) -> Result<(), Problem> {
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            let is_secret = !matches!(value, Value::Null | Value::Object(_))
                && *value != Value::String(String::new());
            if is_secret && names_a_secret(&name.to_lowercase()) {
                return Err(Problem {
                    help: format!("{SECRET}; or write where it stands: {{\"env\": \"NAME\"}}"),
                    ..Problem::of_secret("a password in its JSON")
                });
            }
            refuse_secrets(value)
        }),
        Value::Array(values) => values.iter().try_for_each(refuse_secrets),
        _ => Ok(()),
    }
}

/// Returns `true` for passwords, and for notes that the command line hides like one.
fn names_a_secret(name: &str) -> bool {
    const OF_NOTES: [&str; 5] = ["pass", "secret", "token", "key", "cred"];
    let is_note = name.starts_with(fields::OWN_PREFIX);
    name.contains("password") || (is_note && OF_NOTES.iter().any(|word| name.contains(word)))
}

/// Checks the fields that say where the server is.
fn check_place(given: &Given<'_>) -> Result<(), Problem> {
    if let Some(sentinels) = given.get("sentinels") {
        given.refuse_beside("sentinels", &OTHER_PLACES)?;
        check_sentinels(sentinels)?;
        let is_name = |value: &Value| matches!(value, Value::String(text) if !text.is_empty());
        return match given.get("service_name") {
            None => Err(wrong(
                "names sentinels and no `service_name`",
                "add the name that the sentinels know the primary by",
            )),
            _ => given.must("service_name", is_name, "text in quotes, and not empty"),
        };
    }
    let of_sentinels = |name: &str| name == "service_name" || name.starts_with("sentinel_");
    if let Some(name) = given.names().find(|name| of_sentinels(name)) {
        let message = format!("has the field `{name}` and no `sentinels`");
        return Err(wrong(
            message,
            "add them as [\"host:26379\"], or leave the field out",
        ));
    }
    if let Some(value) = given.get("url") {
        given.refuse_beside("url", &PARTS_OF_A_URL)?;
        let Value::String(text) = value else {
            return Err(must_be("url", "text in quotes"));
        };
        return url::check(text);
    }
    for name in ["unix_socket_path", "path"] {
        if given.get(name).is_some() {
            let others = ["path", "host", "port"];
            let others: Vec<&str> = others.into_iter().filter(|other| *other != name).collect();
            given.refuse_beside(name, &others)?;
            let is_path =
                |value: &Value| matches!(value, Value::String(path) if url::is_socket_path(path));
            return given.must(name, is_path, "an absolute path of at most 107 bytes");
        }
    }
    match given.get("host") {
        Some(Value::String(name)) => check_host("has a `host` that", name),
        Some(_) => Err(must_be("host", "text in quotes")),
        None => Err(wrong(
            "has no `host`",
            "write it as {\"host\": \"…\", \"port\": …}",
        )),
    }
}

fn check_host(subject: &str, name: &str) -> Result<(), Problem> {
    match host::check(name) {
        Ok(_) => Ok(()),
        Err(reason) => Err(Problem::of_reason(subject, reason, "not a server")),
    }
}

/// Checks `["h:26379", …]`, `[["h", 26379], …]` and `[{"host": "h", "port": 26379}, …]`.
fn check_sentinels(sentinels: &Value) -> Result<(), Problem> {
    const MOST: usize = 64;
    let form = || must_be("sentinels", "servers: [\"host:26379\", …]");
    let Value::Array(servers) = sentinels else {
        return Err(form());
    };
    if servers.is_empty() || servers.len() > MOST {
        return Err(must_be("sentinels", "a list of 1 to 64 servers"));
    }
    for server in servers {
        let (name, has_port) = match server {
            Value::String(text) => split(text),
            Value::Array(pair) => match pair.as_slice() {
                [Value::String(name), port] => (name.as_str(), is_port(port)),
                _ => return Err(form()),
            },
            Value::Object(fields) => {
                let given = Given(fields);
                let is_known = |name: &String| name == "host" || name == "port";
                match given.get("host") {
                    Some(Value::String(name)) if fields.keys().all(is_known) => {
                        (name.as_str(), given.get("port").is_none_or(is_port))
                    }
                    _ => return Err(form()),
                }
            }
            _ => return Err(form()),
        };
        if !has_port {
            let help = "write it as \"host:26379\", an IPv6 address in brackets";
            return Err(wrong("has a sentinel without a port from 1 to 65535", help));
        }
        check_host("has a sentinel that", name)?;
    }
    Ok(())
}

/// Returns the host of a server, and whether what stands behind it can be a port.
fn split(server: &str) -> (&str, bool) {
    let is_ipv6 = server.matches(':').count() > 1;
    match server.rsplit_once(':') {
        _ if server.contains("://") => (server, true),
        Some((host, port)) if !is_ipv6 || host.ends_with(']') => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            (host, digits && is_port(&Value::String(port.to_owned())))
        }
        _ => (server, true),
    }
}

fn is_port(value: &Value) -> bool {
    whole(value).is_some_and(|port| (1..=u64::from(u16::MAX)).contains(&port))
}

/// Checks a user name or password: text, or where it stands.
fn check_login(given: &Given<'_>, name: &str) -> Result<(), Problem> {
    let is_login = |value: &Value| match value {
        Value::String(text) => name == "password" || !text.contains(url::is_unprintable),
        Value::Object(fields) => is_reference(fields),
        _ => false,
    };
    given.must(
        name,
        is_login,
        "{\"env\": \"NAME\"}, {\"file\": \"/path\"} or {\"provider\": \"name\"}",
    )
}

fn is_reference(fields: &Map<String, Value>) -> bool {
    let Some((key, Value::String(at))) = fields.iter().next() else {
        return false;
    };
    let is_place = match key.as_str() {
        "file" => at.starts_with('/'),
        "env" => !at.contains('='),
        "provider" => true,
        _ => false,
    };
    fields.len() == 1 && is_place && !at.is_empty() && !at.contains(url::is_unprintable)
}

/// The fields that are given; `null` counts as absent.
struct Given<'a>(&'a Map<String, Value>);

impl<'a> Given<'a> {
    fn names(&self) -> impl Iterator<Item = &'a String> {
        self.0.keys().filter(|name| self.get(name).is_some())
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn must(
        &self,
        name: &str,
        is_right: impl Fn(&Value) -> bool,
        wanted: &str,
    ) -> Result<(), Problem> {
        match self.get(name) {
            Some(value) if !is_right(value) => Err(must_be(name, wanted)),
            _ => Ok(()),
        }
    }

    fn whole(&self, name: &str, least: u64, most: u64) -> Result<(), Problem> {
        let is_right = |value: &Value| whole(value).is_some_and(|n| (least..=most).contains(&n));
        self.must(
            name,
            is_right,
            &format!("a whole number from {least} to {most}"),
        )
    }

    fn refuse_beside(&self, name: &str, others: &[&str]) -> Result<(), Problem> {
        match others.iter().find(|other| self.get(other).is_some()) {
            Some(other) => Err(wrong(
                format!("has both `{name}` and `{other}`"),
                "keep one of them",
            )),
            None => Ok(()),
        }
    }
}

/// Returns the whole number that the value stands for: `6379`, `6379.0`, `"6379"`.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => {
            let digits = text.trim_ascii();
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| digits.parse().ok()).flatten()
        }
        number => number.as_u64().or_else(|| {
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            format!("{:.0}", float + 0.0).parse().ok()
        }),
    }
}

fn unknown(name: &str) -> Problem {
    let message = format!("has the unknown field {}", quoted(name));
    let help = match nearest(name, fields::USED) {
        Some(similar) => format!("a field with a similar name exists: `{similar}`"),
        None => "leave it out; `docs/config.md` lists the fields".to_owned(),
    };
    wrong(message, help)
}

fn must_be(name: &str, wanted: &str) -> Problem {
    wrong(
        format!("has the field `{name}` with a wrong value"),
        format!("write {wanted}"),
    )
}

fn wrong(message: impl Into<String>, help: impl Into<String>) -> Problem {
    Problem::new(message, "not a config server", help)
}
