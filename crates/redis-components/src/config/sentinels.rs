//! Sentinels in a config: who they are, which service, and how to log in to them.

use serde_json::{Map, Value};

use super::endpoint::Sentinels;
use super::field::{Effect, Field};
use super::given::Given;
use super::secret::Secret;
use super::{servers, table};
use crate::error::text::printable;

/// The port that sentinels usually listen on.
pub(super) const DEFAULT_PORT: u16 = 26_379;

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

/// Fields that have a meaning beside `sentinels` only.
pub(super) const OF_SENTINELS: [Field; 4] = [
    table::SERVICE_NAME,
    table::SENTINEL_USERNAME,
    table::SENTINEL_PASSWORD,
    table::SENTINEL_KWARGS,
];

/// Returns the sentinels that the fields name, if they name any.
///
/// # Errors
///
/// Returns the reason if the fields are refused. It contains none of their values.
pub(super) fn read(given: Given<'_>) -> Result<Option<Sentinels>, String> {
    let Some(value) = given.get(&table::SENTINELS) else {
        return refuse_without_sentinels(given);
    };
    if let Some(name) = OTHER_PLACES.iter().find(|name| given.has_named(name)) {
        return Err(format!(
            "`sentinels` and `{name}` are both given; keep one of them"
        ));
    }
    let addresses = servers::read(table::SENTINELS.name, value, DEFAULT_PORT)?;
    let service = match given.text(&table::SERVICE_NAME)? {
        None => {
            return Err(
                "`sentinels` is given without `service_name`; add the name that the sentinels know the primary by"
                    .into(),
            );
        }
        Some("") => return Err("`service_name` is empty; name the service".into()),
        Some(service) => service.to_owned(),
    };
    let login = Login::read(given)?;
    Ok(Some(Sentinels {
        addresses,
        service,
        username: login.username,
        password: login.password,
        tls: None,
        primary: None,
    }))
}

/// The login to the sentinels.
struct Login {
    username: Option<String>,
    password: Option<Secret>,
}

impl Login {
    /// Reads the login from its own fields, or from `sentinel_kwargs` as redis-py has it.
    fn read(given: Given<'_>) -> Result<Self, String> {
        let none = Map::new();
        let kwargs = given.object(&table::SENTINEL_KWARGS)?.unwrap_or(&none);
        check_kwargs(kwargs)?;
        let kwargs = Given(kwargs);
        let text = |field: &Field, inner: &Field| match (given.text(field)?, kwargs.text(inner)?) {
            (Some(_), Some(_)) => Err(format!(
                "`{}` and `{}` in `sentinel_kwargs` are both given; keep one of them",
                field.name, inner.name
            )),
            (outer, inner) => Ok(outer.or(inner)),
        };
        let username = text(&table::SENTINEL_USERNAME, &table::USERNAME)?;
        let password = text(&table::SENTINEL_PASSWORD, &table::PASSWORD)?;
        Ok(Self {
            username: username.filter(|name| !name.is_empty()).map(str::to_owned),
            password: password.and_then(Secret::unless_empty),
        })
    }
}

/// Refuses what connections to sentinels cannot have.
fn check_kwargs(kwargs: &Map<String, Value>) -> Result<(), String> {
    for (name, _) in kwargs.iter().filter(|(_, value)| !value.is_null()) {
        let shown = printable(name);
        let Some(field) = table::find(name) else {
            return Err(format!(
                "`{shown}` in `sentinel_kwargs` is not a known field"
            ));
        };
        let is_login = [table::USERNAME.name, table::PASSWORD.name].contains(&field.name);
        let is_timeout = [
            table::SOCKET_TIMEOUT.name,
            table::SOCKET_CONNECT_TIMEOUT.name,
        ]
        .contains(&field.name);
        let is_off = kwargs.get(table::SSL.name).is_some_and(|ssl| ssl == false);
        let has_no_meaning = match field.effect {
            Effect::Ignored => true,
            Effect::OfTls => is_off,
            _ => false,
        };
        if is_login || is_timeout || has_no_meaning {
            continue;
        }
        return Err(format!(
            "`{shown}` in `sentinel_kwargs` cannot be used; leave it out"
        ));
    }
    Ok(())
}

fn refuse_without_sentinels(given: Given<'_>) -> Result<Option<Sentinels>, String> {
    match OF_SENTINELS.iter().find(|field| given.has(field)) {
        Some(field) => Err(format!(
            "`{}` is given without `sentinels`; add them as [\"host:{DEFAULT_PORT}\", …], or leave it out",
            field.name
        )),
        None => Ok(None),
    }
}
