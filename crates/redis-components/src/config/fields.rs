//! Reads a config from the fields of a JSON object.

use serde_json::{Map, Value};

use super::component_config::{ComponentConfig, DEFAULT_PORT};
use super::field::{Effect, Field};
use super::given::Given;
use super::secret::Secret;
use super::table::{self, OWN_PREFIX};
use super::{fields_cluster, host, url};
use crate::error::text::printable;

/// Returns the config that the fields mean.
///
/// # Errors
///
/// Returns the reason if the fields are refused. It contains none of their values.
pub(super) fn read(object: &Map<String, Value>) -> Result<ComponentConfig, String> {
    let given = Given(object);
    let ssl = given.flag(&table::SSL)?;
    for (name, value) in object {
        if !value.is_null() {
            check_name(name, ssl)?;
        }
    }
    let disabled = given.flag(&table::DISABLED)?.unwrap_or(false);
    if let Some(cluster) = fields_cluster::read(&given)? {
        return common(&given, ComponentConfig::of(cluster), disabled);
    }
    let config = match (given.text(&table::URL)?, given.text(&table::HOST)?) {
        (Some(url), _) => {
            if let Some(field) = PARTS_OF_A_URL.iter().find(|field| given.has(field)) {
                return Err(format!(
                    "`url` and `{}` are both given; keep one of them",
                    field.name
                ));
            }
            url::parse(url)?
        }
        (None, Some(host)) => {
            let host = host::check(host).map_err(|wrong| format!("`host` {wrong}"))?;
            ComponentConfig::new(host).port(given.whole(&table::PORT)?.unwrap_or(DEFAULT_PORT))
        }
        (None, None) if disabled => {
            let port = given.whole(&table::PORT)?.unwrap_or(DEFAULT_PORT);
            ComponentConfig::disabled().port(port)
        }
        (None, None) => {
            return Err("`host` is missing; write {\"host\": \"…\", \"port\": …}".into());
        }
    };
    common(&given, config, disabled)
}

/// Adds the fields that all kinds of config have.
fn common(
    given: &Given<'_>,
    mut config: ComponentConfig,
    disabled: bool,
) -> Result<ComponentConfig, String> {
    config.disabled = disabled;
    if !given.has(&table::URL) {
        config.db = given.whole(&table::DB)?.unwrap_or(0);
        config.login.username = given
            .text(&table::USERNAME)?
            .filter(|name| !name.is_empty())
            .map(str::to_owned);
        config.login.password = given.text(&table::PASSWORD)?.and_then(Secret::unless_empty);
    }
    config.socket_timeout = given.seconds(&table::SOCKET_TIMEOUT)?;
    config.socket_connect_timeout = given.seconds(&table::SOCKET_CONNECT_TIMEOUT)?;
    config.max_connections = given.whole(&table::MAX_CONNECTIONS)?;
    Ok(config)
}

/// Fields that cannot stand beside `url`.
pub(super) const PARTS_OF_A_URL: [Field; 5] = [
    table::HOST,
    table::PORT,
    table::DB,
    table::USERNAME,
    table::PASSWORD,
];

fn check_name(name: &str, ssl: Option<bool>) -> Result<(), String> {
    if name.starts_with(OWN_PREFIX) {
        return Ok(());
    }
    let Some(field) = table::find(name) else {
        return Err(unknown(name));
    };
    let asks_for = match field.effect {
        Effect::Used | Effect::Ignored => return Ok(()),
        Effect::OfTls if ssl == Some(false) => return Ok(()),
        Effect::OfTls => "TLS",
        Effect::Refused(asks_for) => asks_for,
    };
    let instead = if field.effect == Effect::OfTls && ssl.is_none() {
        "; without TLS, add \"ssl\": false or leave it out"
    } else {
        ""
    };
    Err(format!(
        "`{name}` asks for {asks_for}, which this version does not support{instead}"
    ))
}

fn unknown(name: &str) -> String {
    let hint = match table::nearest(name) {
        Some(field) => format!("did you mean `{}`?", field.name),
        None => {
            let used = table::FIELDS
                .iter()
                .filter(|field| field.effect == Effect::Used);
            let names: Vec<_> = used.map(|field| field.name).collect();
            format!("the fields are {}", names.join(", "))
        }
    };
    format!("`{}` is not a known field; {hint}", printable(name))
}
