//! Sentinels in a config: who they are, which service, and how to reach them.

use serde_json::{Map, Value, json};

use super::endpoint::Sentinels;
use super::field::{Effect, Field};
use super::given::Given;
use super::table_sentinels::{OF_SENTINELS, SENTINEL_KWARGS, SENTINELS, SERVICE_NAME};
use super::{fields_login, fields_tls, servers, table};
use crate::error::text::printable;

/// The port that sentinels usually listen on.
const DEFAULT_PORT: u16 = 26_379;

/// What the names of fields begin with that are about the connections to sentinels.
const PREFIX: &str = "sentinel_";

/// Fields that say where a server is, and so cannot stand beside `sentinels`.
pub(super) const OTHER_PLACES: [&str; 7] = [
    "host",
    "port",
    "url",
    "unix_socket_path",
    "path",
    "cluster",
    "startup_nodes",
];

/// Returns the sentinels that the fields name, if they name any.
///
/// # Errors
///
/// Returns the reason if the fields are refused. It contains none of their values.
pub(super) fn read(given: &Given<'_>) -> Result<Option<Sentinels>, String> {
    let Some(value) = given.get(&SENTINELS) else {
        return match OF_SENTINELS.iter().find(|field| given.has(field)) {
            Some(Field { name, .. }) => Err(format!(
                "`{name}` is given without `sentinels`; add them as [\"host:{DEFAULT_PORT}\", …], or leave it out"
            )),
            None => Ok(None),
        };
    };
    if let Some(name) = OTHER_PLACES.iter().find(|name| given.has_named(name)) {
        return Err(format!(
            "`sentinels` and `{name}` are both given; keep one of them"
        ));
    }
    let addresses = servers::read(SENTINELS.name, value, DEFAULT_PORT)?;
    let service = match given.text(&SERVICE_NAME)? {
        None => {
            return Err(
                "`sentinels` is given without `service_name`; add the name that the sentinels know the primary by"
                    .into(),
            );
        }
        Some("") => return Err("`service_name` is empty; name the service".into()),
        Some(service) => service.to_owned(),
    };
    let connection = of_connection(given)?;
    let connection = Given(&connection);
    let for_sentinels = |wrong: String| {
        let field = wrong.split('`').nth(1).unwrap_or_default();
        if given.has_named(&format!("{PREFIX}{field}")) {
            named_for_sentinels(&wrong)
        } else {
            format!("{wrong} (in `sentinel_kwargs`)")
        }
    };
    let login = fields_login::read(&connection).map_err(for_sentinels)?;
    Ok(Some(Sentinels {
        addresses,
        service,
        login,
        tls: fields_tls::read(&connection, None).map_err(for_sentinels)?,
        primary: None,
    }))
}

/// Returns what the connections to sentinels need, under the names that it has for the server.
fn of_connection(given: &Given<'_>) -> Result<Map<String, Value>, String> {
    let mut fields = given.object(&SENTINEL_KWARGS)?.cloned().unwrap_or_default();
    fields.retain(|_, value| !value.is_null());
    check_kwargs(&fields)?;
    for field in OF_SENTINELS
        .iter()
        .filter(|field| field.name != SENTINEL_KWARGS.name)
    {
        let (Some(name), Some(value)) = (field.name.strip_prefix(PREFIX), given.get(field)) else {
            continue;
        };
        if fields.insert(name.to_owned(), value.clone()).is_some() {
            return Err(format!(
                "`{}` and `{name}` in `sentinel_kwargs` are both given; keep one of them",
                field.name
            ));
        }
    }
    Ok(fields)
}

/// Refuses what connections to sentinels cannot have.
fn check_kwargs(kwargs: &Map<String, Value>) -> Result<(), String> {
    for name in kwargs.keys() {
        let shown = printable(name);
        let Some(field) = table::find(name) else {
            return Err(format!(
                "`{shown}` in `sentinel_kwargs` is not a known field"
            ));
        };
        let usable = [
            table::USERNAME.name,
            table::PASSWORD.name,
            table::SOCKET_TIMEOUT.name,
            table::SOCKET_CONNECT_TIMEOUT.name,
            table::CLIENT_NAME.name,
            "ssl",
        ];
        let has_place = match field.effect {
            Effect::OfTls | Effect::UnusableOfTls(_) | Effect::Ignored => true,
            Effect::Used => usable.contains(&field.name),
            Effect::Refused(_) => false,
        };
        if !has_place {
            return Err(format!(
                "`{shown}` in `sentinel_kwargs` cannot be used; leave it out"
            ));
        }
    }
    Ok(())
}

/// Returns a text about a connection with the names that its fields have for sentinels.
pub(crate) fn named_for_sentinels(text: &str) -> String {
    let names = [
        ("`ssl", "`sentinel_ssl"),
        ("\"ssl\"", "\"sentinel_ssl\""),
        ("`username`", "`sentinel_username`"),
        ("`password`", "`sentinel_password`"),
        (" or a rediss:// url", ""),
    ];
    names
        .into_iter()
        .fold(text.to_owned(), |text, (server, sentinels)| {
            text.replace(server, sentinels)
        })
}

/// Writes the shortest fields that mean the sentinels. The primary that they name is no part of a
/// config.
pub(super) fn write(sentinels: &Sentinels, object: &mut Map<String, Value>) {
    let addresses = servers::write(&sentinels.addresses);
    object.insert(SENTINELS.name.into(), addresses);
    object.insert(SERVICE_NAME.name.into(), json!(sentinels.service));
    let mut connection = Map::new();
    fields_login::write(&sentinels.login, &mut connection);
    if let Some(tls) = &sentinels.tls {
        fields_tls::write(tls, &mut connection);
    }
    object.extend(
        connection
            .into_iter()
            .map(|(name, value)| (format!("{PREFIX}{name}"), value)),
    );
}
