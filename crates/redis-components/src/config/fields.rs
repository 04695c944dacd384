//! The fields of a config: which are used, which are accepted, which are refused.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{ComponentConfig, Secret, url};
use crate::error::text::printable;

/// Fields that this version acts upon.
const USED: [&str; 10] = [
    "disabled",
    "host",
    "port",
    "db",
    "username",
    "password",
    "url",
    "socket_timeout",
    "socket_connect_timeout",
    "max_connections",
];

/// Arguments of redis-py that a Rust client has no use for, and names kept free for later versions.
const WITHOUT_EFFECT: [&str; 19] = [
    "decode_responses",
    "encoding",
    "encoding_errors",
    "charset",
    "errors",
    "retry_on_timeout",
    "retry_on_error",
    "single_connection_client",
    "socket_keepalive",
    "socket_keepalive_options",
    "socket_type",
    "client_name",
    "protocol",
    "health_check_interval",
    "lib_name",
    "lib_version",
    "socket_read_size",
    "version",
    "comment",
];

/// Fields whose meaning must not be passed over in silence, and what they ask for.
const NOT_YET: [(&str, &str); 5] = [
    ("ssl", "TLS"),
    ("unix_socket_path", "a unix socket"),
    ("sentinels", "sentinels"),
    ("service_name", "sentinels"),
    ("cluster", "a cluster"),
];

/// The longest time-out a config can ask for, ten minutes, so that every call ends.
const LONGEST_TIMEOUT: f64 = 600.0;

/// The config that the fields mean, or what is wrong with them.
pub(super) fn read(object: &Map<String, Value>) -> Result<ComponentConfig, String> {
    let fields = || object.iter().filter(|(_, value)| !value.is_null());
    for (name, value) in fields() {
        check_name(name, value)?;
    }
    let field = |name: &str| object.get(name).filter(|value| !value.is_null());

    let disabled = match field("disabled") {
        Some(value) => value.as_bool().ok_or("`disabled` must be true or false")?,
        None => false,
    };
    let mut config = match (field("url"), field("host")) {
        (Some(url), _) => {
            let apart = ["host", "port", "db", "username", "password"];
            if let Some(name) = apart.into_iter().find(|name| field(name).is_some()) {
                return Err(format!(
                    "`url` and `{name}` are both given; keep one of them"
                ));
            }
            url::parse(text("url", url)?)?
        }
        (None, Some(host)) => ComponentConfig::new(host_name(host)?),
        (None, None) if disabled => ComponentConfig::disabled(),
        (None, None) => {
            return Err("`host` is missing; write {\"host\": \"…\", \"port\": …}".into());
        }
    };
    config.disabled = disabled;
    if let Some(port) = field("port") {
        config.port = whole(port)
            .and_then(|port| u16::try_from(port).ok())
            .filter(|port| *port > 0)
            .ok_or("`port` must be a whole number from 1 to 65535")?;
    }
    if let Some(db) = field("db") {
        config.db = whole(db)
            .and_then(|db| u32::try_from(db).ok())
            .ok_or("`db` must be a whole number from 0 up")?;
    }
    if let Some(username) = field("username") {
        config.username =
            Some(text("username", username)?.to_owned()).filter(|name| !name.is_empty());
    }
    if let Some(password) = field("password") {
        config.password = match text("password", password)? {
            "" => None,
            password => Some(Secret::new(password)),
        };
    }
    config.socket_timeout = seconds("socket_timeout", field("socket_timeout"))?;
    config.socket_connect_timeout =
        seconds("socket_connect_timeout", field("socket_connect_timeout"))?;
    if let Some(count) = field("max_connections") {
        let count = whole(count)
            .filter(|count| *count > 0)
            .ok_or("`max_connections` must be a whole number from 1 up")?;
        config.max_connections = Some(usize::try_from(count).unwrap_or(usize::MAX));
    }
    Ok(config)
}

fn check_name(name: &str, value: &Value) -> Result<(), String> {
    if USED.contains(&name) || WITHOUT_EFFECT.contains(&name) || name.starts_with("x-") {
        return Ok(());
    }
    if name == "ssl" && value == &Value::Bool(false) {
        return Ok(());
    }
    let asked = NOT_YET
        .iter()
        .find(|(refused, _)| *refused == name || name.starts_with("ssl_") && *refused == "ssl");
    if let Some((_, asked)) = asked {
        return Err(format!(
            "`{name}` asks for {asked}, which this version does not support"
        ));
    }
    let nearest = USED
        .iter()
        .find(|used| strsim::damerau_levenshtein(name, used) <= 2);
    let hint = nearest.map_or_else(
        || format!("the fields are {}", USED.join(", ")),
        |used| format!("did you mean `{used}`?"),
    );
    Err(format!(
        "`{}` is not a known field; {hint}",
        printable(name)
    ))
}

fn text<'a>(name: &str, value: &'a Value) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| {
        if name == "password" && value.is_object() {
            "`password` is given by reference, which this version does not support; write the password itself".into()
        } else {
            format!("`{name}` must be text in quotes")
        }
    })
}

fn host_name(value: &Value) -> Result<&str, String> {
    let host = text("host", value)?;
    if host.is_empty() {
        Err("`host` is empty; name the server".into())
    } else if host.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Err("`host` has white space or a control character in it".into())
    } else if host.len() > 253 {
        Err("`host` is longer than the 253 characters of a host name".into())
    } else {
        Ok(host)
    }
}

fn whole(value: &Value) -> Option<u64> {
    value.as_u64()
}

fn seconds(name: &str, value: Option<&Value>) -> Result<Option<Duration>, String> {
    let Some(value) = value else { return Ok(None) };
    value
        .as_f64()
        .filter(|seconds| (0.001..=LONGEST_TIMEOUT).contains(seconds))
        .map(|seconds| Some(Duration::from_secs_f64(seconds)))
        .ok_or_else(|| {
            format!("`{name}` must be a number of seconds from 0.001 to {LONGEST_TIMEOUT}")
        })
}
