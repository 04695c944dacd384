//! What is to move: the configs before and after.

use std::collections::BTreeMap;

use redis_components::ComponentConfig;
use serde_json::{Map, Value};

use crate::context::read_text;
use crate::failure::{Code, Failure};
use crate::moving::records::record::Record;
use crate::moving::servers::attach::{Login, Replication};
use crate::moving::servers::identity::is_one_run;
use crate::moving::servers::link::Place;
use crate::repeated::secrets_of;
use crate::session::Session;
use crate::subject::{invalid, utf8};

/// Returns the move that the options ask for.
///
/// # Errors
///
/// Returns an error if a component is not on the same server, or the new one is not understood.
pub(crate) async fn plan(
    session: &Session,
    component: &str,
    with: &[String],
    to: &str,
) -> Result<Record, Failure> {
    let mut old = BTreeMap::new();
    for component in with.iter().map(String::as_str).chain([component]) {
        session.demand_no_canary(component).await?;
        let text = utf8(session.config_of(component).await?, component)?;
        if let Some(failure) = invalid(component, &text) {
            return Err(failure.of_component(component));
        }
        old.insert(component.to_owned(), text);
    }
    let source = Place::of_config(component, &old[component])?;
    let given = given(component, to).await?;
    let mut new = BTreeMap::new();
    for (one, text) in &old {
        if let Some(first) = before_along(&source, one, text) {
            let text = format!(
                "the config of `{one}` names its server in a way in which it cannot move along with \
                `{component}`; give {first} first"
            );
            return Err(Failure::new(Code::NotPossible, text).of_component(one));
        }
        let place = Place::of_config(one, text)?;
        // One server has many addresses.
        if !place.is_same(&source).await && !is_one_run(&place, &source).await {
            let text = format!(
                "`{one}` is on {}, and not on {}, as far as the servers say; it cannot move along: leave it \
                out of --with; if both are one server, let its config name the same host and port",
                place.address(),
                source.address()
            );
            return Err(Failure::new(Code::NotPossible, text).of_component(one));
        }
        let text = match &given {
            Given::Whole(text) if one == component => text.clone(),
            Given::Whole(text) => {
                let place = Place::of_config(component, text)?;
                elsewhere(&old[one], &place.host, place.port)
            }
            Given::Address(host, port) => elsewhere(text, host, *port),
        };
        new.insert(one.clone(), text);
    }
    Ok(Record::new(component, old, new))
}

/// Returns the command after which a component can move along from a server, if it cannot as it is.
pub(crate) fn before_along(source: &Place, component: &str, text: &str) -> Option<String> {
    match Place::of_config(component, text) {
        Ok(place) if place.is_tls == source.is_tls => None,
        Ok(_) => {
            let tls = format!(" ssl={}", source.is_tls);
            Some(naming(source, component, text) + &tls)
        }
        Err(_) if source.is_tls => Some(naming(source, component, text) + " ssl=true"),
        Err(_) => Some(naming(source, component, text)),
    }
    .map(|command| format!("`{command}`"))
}

/// Returns the command that lets a config name a server by its host and port.
pub(crate) fn naming(server: &Place, component: &str, text: &str) -> String {
    let (host, port) = (&server.host, server.port);
    let fields = fields(text);
    let others = ["unix_socket_path", "sentinels", "service_name"].into_iter();
    let others = others.filter(|name| fields.contains_key(*name));
    let removed: String = others.map(|name| format!(" {name}=")).collect();
    format!("set {component} host={host} port={port}{removed}")
}

/// Where to move.
pub(crate) enum Given {
    Address(String, u16),
    Whole(String),
}

/// Returns the host and the port that an argument names, if it names them.
pub(crate) fn address(to: &str) -> Option<(String, u16)> {
    let (host, port) = to.rsplit_once(':')?;
    if to.trim_start().starts_with('{') {
        return None;
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((host.to_owned(), port.parse().ok()?))
}

/// Reads where to move.
///
/// # Errors
///
/// Returns an error if it names no server, or holds a secret among the arguments.
pub(crate) async fn given(component: &str, to: &str) -> Result<Given, Failure> {
    if let Some((host, port)) = address(to) {
        return Ok(Given::Address(host, port));
    }
    let is_json = to.trim_start().starts_with('{');
    let address = to.rsplit_once(':').filter(|_| !is_json);
    let is_number = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((_, port)) = address
        && is_number(port)
    {
        let text = format!("`{to}` names no server: `{port}` is no port; ports are 1 to 65535");
        return Err(Failure::usage(text));
    }
    let text = if is_json {
        demand_no_secret(to)?;
        to.to_owned()
    } else {
        let read = read_text(to.as_ref()).await;
        read.map_err(|mut failure| {
            let hint = "; --to is HOST:PORT, a file with the config of the new server, or its JSON";
            failure.message.push_str(hint);
            failure
        })?
    };
    match invalid(to, &text) {
        Some(failure) => Err(failure.of_component(component)),
        None => Ok(Given::Whole(text)),
    }
}

/// # Errors
///
/// Returns an error if a config among the arguments holds a secret, which others can read there.
fn demand_no_secret(config: &str) -> Result<(), Failure> {
    match secrets_of(config).first() {
        None => Ok(()),
        Some(name) => {
            let text = format!(
                "`{name}` stands in the arguments of this process, which others can read; give the \
                config as a file: --to FILE"
            );
            Err(Failure::new(Code::SecretInArguments, text))
        }
    }
}

/// Returns a config with another server in it.
fn elsewhere(text: &str, host: &str, port: u16) -> String {
    let mut fields = written(text);
    fields.insert("host".to_owned(), host.into());
    fields.insert("port".to_owned(), port.into());
    Value::Object(fields).to_string()
}

/// Returns the fields of a config as they are written. Only a url is taken apart.
pub(crate) fn written(text: &str) -> Map<String, Value> {
    let mut written: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    if written.remove("url").is_some() {
        written.extend(fields(text));
    }
    written
}

/// Returns the logins of the component, with which the servers replicate each other unless another
/// one is given.
///
/// # Errors
///
/// Returns an error if one is not written in the configs.
pub(crate) fn logins(record: &Record) -> Result<Replication, Failure> {
    let of = |configs: &BTreeMap<String, String>| login(configs.get(&record.component));
    Ok(Replication {
        at_source: of(&record.old)?,
        at_target: of(&record.new)?,
    })
}

/// Returns the fields of a config. A url is taken apart.
pub(crate) fn fields(text: &str) -> Map<String, Value> {
    let config = ComponentConfig::from_json(text);
    let text = config.map_or_else(|_| text.to_owned(), |config| config.to_json());
    serde_json::from_str(&text).unwrap_or_default()
}

fn login(text: Option<&String>) -> Result<Login, Failure> {
    let fields = fields(text.map_or("{}", String::as_str));
    let written = |field: &str| match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => {
            let text = format!(
                "the `{field}` of a config is not written there, and servers need it to replicate; give \
                --replication-user and --replication-password"
            );
            Err(Failure::usage(text))
        }
    };
    Ok(Login {
        user: written("username")?,
        password: written("password")?,
    })
}
