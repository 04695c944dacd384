//! `redis://user:password@host:port/db`.

use super::component_config::{ComponentConfig, DEFAULT_PORT};
use super::endpoint::LONGEST_SOCKET;
use super::field::Effect;
use super::path::{WrittenPath, absolute};
use super::table;
use super::tls::TlsOptions;
use super::{host, number};
use crate::error::text::is_unprintable;

const FORM: &str = "write it as redis://user:password@host:port/db";

/// Returns the config that the URL means.
///
/// # Errors
///
/// Returns the reason and what to write instead. The text contains no part of the URL, because a
/// password that is not percent-encoded may stand anywhere in it.
pub(super) fn parse(text: &str) -> Result<ComponentConfig, String> {
    // Line ends come with files and variables of the environment.
    let url = text.trim_end();
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let server = match scheme {
        "redis" | "valkey" => Server::Plain,
        "rediss" | "valkeys" => Server::Tls,
        "unix" | "redis+unix" | "valkey+unix" => Server::Unix,
        _ => return Err(format!("the url does not begin with redis://; {FORM}")),
    };
    if rest.chars().any(char::is_control) {
        return Err(
            "the url has a control character in it; leave it out, or percent-encode it".into(),
        );
    }
    let parts = Parts::of(rest)?;
    let mut config = if server == Server::Unix {
        let mut config = ComponentConfig::unix(socket(&parts)?);
        config.db = database("", parts.query)?;
        config
    } else {
        let (host, port) = host_and_port(parts.server)?;
        let mut config = ComponentConfig::new(host).port(port);
        config.db = database(parts.path, parts.query)?;
        config
    };
    config.tls = (server == Server::Tls).then(TlsOptions::new);
    if let Some(login) = parts.login {
        let (username, password) = login.split_once(':').unwrap_or((login, ""));
        let username = decoded(username, "user name")?;
        let password = decoded(password, "password")?;
        if username.contains(is_unprintable) {
            return Err(
                "the url's user name has a character in it that is not shown, such as a line end; leave it out".into(),
            );
        }
        config = config.username(username).password(password);
    }
    Ok(config)
}

/// The kind of server that a scheme names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Server {
    Plain,
    Tls,
    Unix,
}

/// The parts of a URL after its scheme, as written.
struct Parts<'a> {
    login: Option<&'a str>,
    server: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn of(rest: &'a str) -> Result<Self, String> {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, behind) = rest.split_at(end);
        // A login ends at its last `@`, so an `@` in a password need not be encoded. After the
        // server there is no `@`.
        if behind.contains('@') {
            return Err(
                "the url has an `@` behind a `#`, `?` or `/`; percent-encode `#`, `?` and `/` in a user name or password, \
                 as %23, %3F and %2F"
                    .into(),
            );
        }
        if behind.contains('#') {
            return Err(
                "the url has a `#`; percent-encode it as %23 if it belongs to a user name or password, or leave out what \
                 stands behind it"
                    .into(),
            );
        }
        let (login, server) = match authority.rsplit_once('@') {
            Some((login, server)) => (Some(login), server),
            None => (None, authority),
        };
        let (path, query) = behind.split_once('?').unwrap_or((behind, ""));
        Ok(Self {
            login,
            server,
            path,
            query,
        })
    }
}

fn socket(parts: &Parts<'_>) -> Result<WrittenPath, String> {
    if !parts.server.is_empty() {
        return Err(
            "the url of a unix socket names a host; write it as redis+unix:///path?db=2".into(),
        );
    }
    let path = decoded(parts.path, "path")?;
    if path.len() > LONGEST_SOCKET {
        return Err(format!(
            "the url's path is longer than {LONGEST_SOCKET} bytes, the longest that the path of a socket can be"
        ));
    }
    absolute(&path).map_err(|wrong| format!("the url's path {wrong}"))
}

fn host_and_port(server: &str) -> Result<(String, u16), String> {
    let is_one = !server.contains([',', ';']);
    let has_whole_brackets = server.contains('[') == server.contains(']');
    if !is_one || !has_whole_brackets {
        return host_of(server).map(|host| (host, DEFAULT_PORT));
    }
    // The colons of an IPv6 address stand between brackets.
    let behind_brackets = server.rfind(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match server[behind_brackets..].split_once(':') {
        Some((name, port)) => (&server[..behind_brackets + name.len()], port),
        None => (server, ""),
    };
    if port.contains(':') {
        return Err(
            "the url has several colons where its port is; write an IPv6 address in brackets"
                .into(),
        );
    }
    if host.is_empty() {
        return Err(format!("the url names no host; {FORM}"));
    }
    let host = host_of(host)?;
    if port.is_empty() {
        return Ok((host, DEFAULT_PORT));
    }
    let port = number::digits(port)
        .filter(|port| *port > 0)
        .and_then(|port| u16::try_from(port).ok());
    port.map(|port| (host, port))
        .ok_or_else(|| "the url's port is not a whole number from 1 to 65535".into())
}

fn host_of(written: &str) -> Result<String, String> {
    // In a URL the `%` before the zone of an IPv6 address is percent-encoded.
    let host = if written.starts_with('[') {
        written.replacen("%25", "%", 1)
    } else {
        written.to_owned()
    };
    host::check(&host)
        .map(str::to_owned)
        .map_err(|wrong| format!("the url's host {wrong}"))
}

/// Returns the database's number, from the path or, as redis-py takes it, from the query.
fn database(path: &str, query: &str) -> Result<u32, String> {
    let path = path.trim_matches('/');
    let mut database = (!path.is_empty()).then(|| db(path)).transpose()?;
    for parameter in query.split('&').filter(|text| !text.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match table::find(name) {
            Some(field) if field.name == table::DB.name => {
                if database.replace(db(value)?).is_some() {
                    return Err("the url gives the database twice; keep one of them".into());
                }
            }
            Some(field) if field.effect == Effect::Ignored => {}
            // The name of a field is shown from the table. Any other name may be a part of a
            // password.
            Some(field) => {
                return Err(format!(
                    "the url's query gives `{}`, which has no meaning there; leave it out, or write it as a field of the \
                     config",
                    field.name
                ));
            }
            None => {
                return Err(
                    "the url has a query that is not understood; leave it out, or percent-encode `?` as %3F if it belongs \
                     to a user name or password"
                        .into(),
                );
            }
        }
    }
    Ok(database.unwrap_or(0))
}

fn db(digits: &str) -> Result<u32, String> {
    number::digits(digits)
        .and_then(|db| u32::try_from(db).ok())
        .ok_or_else(|| "the url's database is not a whole number from 0 up".into())
}

/// Returns the text without percent-encoding. A `%` that encodes nothing stays.
fn decoded(text: &str, what: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = |at: usize| {
            behind
                .get(at)
                .and_then(|byte| char::from(*byte).to_digit(16))
        };
        let byte = (*first == b'%')
            .then(|| Some(hex(0)? << 4 | hex(1)?))
            .flatten();
        match byte.and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes)
        .map_err(|_| format!("the url's {what} is not UTF-8 once it is decoded; write it as UTF-8"))
}
