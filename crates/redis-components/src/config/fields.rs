//! Reads a config from the fields of a JSON object.

use serde_json::{Map, Value};

use super::component_config::{ComponentConfig, DEFAULT_PORT};
use super::endpoint::{Address, Endpoint, LONGEST_SOCKET};
use super::field::{Effect, Field};
use super::given::Given;
use super::path::WrittenPath;
use super::table::{self, OWN_PREFIX};
use super::{fields_cluster, fields_login, fields_tls, host, sentinels, url};
use crate::error::text::printable;

/// Returns the config that the fields mean.
///
/// # Errors
///
/// Returns the reason if the fields are refused. It contains none of their values.
pub(super) fn read(object: &Map<String, Value>) -> Result<ComponentConfig, String> {
    let given = Given(object);
    for (name, value) in object {
        if !value.is_null() {
            check_name(name)?;
        }
    }
    let disabled = given.flag(&table::DISABLED)?.unwrap_or(false);
    let cluster = fields_cluster::read(&given)?;
    let sentinels = sentinels::read(&given)?;
    if let Some(cluster) = cluster {
        let config = with_login(ComponentConfig::of(cluster), &given)?;
        return common(&given, config, disabled);
    }
    let config = match (sentinels, given.text(&table::URL)?) {
        (Some(sentinels), _) => {
            let config = ComponentConfig::of(Endpoint::Sentinels(Box::new(sentinels)));
            with_login(config, &given)?
        }
        (None, Some(url)) => {
            if let Some(field) = PARTS_OF_A_URL.iter().find(|field| given.has(field)) {
                return Err(both_given(&table::URL, field));
            }
            url::parse(url)?
        }
        (None, None) => parts(&given, disabled)?,
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
    let is_unix = matches!(config.endpoint, Endpoint::Server(Address::Unix(_)));
    let of_url = (given.has(&table::URL) && !is_unix).then_some(config.tls.is_some());
    config.tls = fields_tls::read(given, of_url)?;
    if is_unix && config.tls.is_some() {
        return Err("`ssl` is true, and a unix socket has no TLS; leave one of them out".into());
    }
    config.client_name = filled(given.line(&table::CLIENT_NAME)?);
    config.socket_timeout = given.seconds(&table::SOCKET_TIMEOUT)?;
    config.socket_connect_timeout = given.seconds(&table::SOCKET_CONNECT_TIMEOUT)?;
    config.max_connections = given.whole(&table::MAX_CONNECTIONS)?;
    Ok(config)
}

/// Reads a config whose server is not given by a url.
fn parts(given: &Given<'_>, disabled: bool) -> Result<ComponentConfig, String> {
    let mut config = match (socket(given)?, given.text(&table::HOST)?) {
        (Some(socket), _) => ComponentConfig::unix(socket),
        (None, Some(host)) => {
            let host = host::check(host).map_err(|wrong| format!("`host` {wrong}"))?;
            ComponentConfig::new(host)
        }
        (None, None) if disabled => ComponentConfig::disabled(),
        (None, None) => {
            return Err("`host` is missing; write {\"host\": \"…\", \"port\": …}".into());
        }
    };
    config = config.port(given.whole(&table::PORT)?.unwrap_or(DEFAULT_PORT));
    with_login(config, given)
}

/// Returns the config with the database, and the login to it.
fn with_login(mut config: ComponentConfig, given: &Given<'_>) -> Result<ComponentConfig, String> {
    config.db = given.whole(&table::DB)?.unwrap_or(0);
    config.login = fields_login::read(given)?;
    Ok(config)
}

/// Returns the path of the server's unix socket, if it is given.
fn socket(given: &Given<'_>) -> Result<Option<WrittenPath>, String> {
    let fields = [table::UNIX_SOCKET_PATH, table::PATH];
    let Some(field) = fields.iter().find(|field| given.has(field)) else {
        return Ok(None);
    };
    let others = [table::PATH, table::HOST, table::PORT];
    let other = others
        .iter()
        .find(|other| other.name != field.name && given.has(other));
    if let Some(other) = other {
        return Err(both_given(field, other));
    }
    let path = given.path(field)?;
    if path
        .as_ref()
        .is_some_and(|path| path.as_os_str().len() > LONGEST_SOCKET)
    {
        return Err(format!(
            "`{}` is longer than {LONGEST_SOCKET} bytes, the longest that the path of a socket can be",
            field.name
        ));
    }
    Ok(path)
}

/// Returns the text, unless it is empty.
fn filled(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn both_given(one: &Field, other: &Field) -> String {
    format!(
        "`{}` and `{}` are both given; keep one of them",
        one.name, other.name
    )
}

/// Fields that cannot stand beside `url`.
pub(super) const PARTS_OF_A_URL: [Field; 7] = [
    table::HOST,
    table::PORT,
    table::DB,
    table::USERNAME,
    table::PASSWORD,
    table::UNIX_SOCKET_PATH,
    table::PATH,
];

fn check_name(name: &str) -> Result<(), String> {
    if name.starts_with(OWN_PREFIX) {
        return Ok(());
    }
    let Some(field) = table::find(name) else {
        return Err(unknown(name));
    };
    match field.effect {
        Effect::Refused(asks_for) => Err(format!(
            "`{name}` asks for {asks_for}, which this version does not support"
        )),
        _ => Ok(()),
    }
}

fn unknown(name: &str) -> String {
    let hint = match table::nearest(name) {
        Some(field) => format!("did you mean `{}`?", field.name),
        None => {
            let used = table::FIELDS
                .iter()
                .filter(|field| matches!(field.effect, Effect::Used | Effect::OfTls));
            let names: Vec<_> = used.map(|field| field.name).collect();
            format!("the fields are {}", names.join(", "))
        }
    };
    format!("`{}` is not a known field; {hint}", printable(name))
}
