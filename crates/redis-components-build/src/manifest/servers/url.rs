//! The URL of one config server.

use super::problem::{Problem, SECRET};
use super::{fields, host};

/// Schemes of URLs with a host and a port.
const HOSTS: [&str; 4] = ["redis", "rediss", "valkey", "valkeys"];

/// Schemes of URLs with the path of a socket.
const SOCKETS: [&str; 3] = ["redis+unix", "unix", "valkey+unix"];

/// The longest path of a unix socket, in bytes.
pub(super) const LONGEST_SOCKET: usize = 107;

const FORM: &str = "for example \"redis://127.0.0.1:6379\"";

/// Refuses a URL that holds a secret, and a URL that the runtime would refuse.
pub(super) fn check(text: &str) -> Result<(), Problem> {
    // The runtime ignores line ends, which come with files and variables.
    let url = text.trim_end();
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(Problem::new("has no scheme", "not a url", FORM));
    };
    let is_socket = SOCKETS.contains(&scheme);
    if !is_socket && !HOSTS.contains(&scheme) {
        let message = "does not begin with `redis://`";
        return Err(Problem::new(message, "another scheme", FORM));
    }
    if rest.chars().any(char::is_control) {
        let message = "has a control character in it";
        return Err(Problem::new(message, "not shown", "leave it out"));
    }
    if rest.contains('#') {
        let label = "a manifest is no place for secrets, and nothing else has a `#`";
        return Err(Problem::new("has a `#` in it", label, SECRET));
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    // A login ends at its last `@`. One behind the server shows that a `/` or `?` belongs to it.
    let (login, server) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    if !password.is_empty() || behind.contains('@') {
        return Err(Problem::of_secret("a password in it"));
    }
    check_user(user)?;
    let (path, query) = behind.split_once('?').unwrap_or((behind, ""));
    if is_socket {
        check_socket(server, path)?;
        return check_database("", query);
    }
    check_server(server)?;
    check_database(path, query)
}

fn check_user(user: &str) -> Result<(), Problem> {
    let help = "write the name as the server knows it";
    match decoded(user) {
        Some(user) if !user.contains(is_unprintable) => Ok(()),
        Some(_) => {
            let message = "has a user name with a character that is not shown";
            Err(Problem::new(message, "such as a line end", help))
        }
        None => Err(Problem::new(
            "has a user name that is not UTF-8",
            "once it is decoded",
            help,
        )),
    }
}

fn check_socket(server: &str, path: &str) -> Result<(), Problem> {
    let path = decoded(path).unwrap_or_default();
    if server.is_empty() && is_socket_path(&path) {
        return Ok(());
    }
    let label = "expected an absolute path behind `://`, of at most 107 bytes";
    let help = "for example \"redis+unix:///run/redis.sock\"";
    Err(Problem::new("has no path", label, help))
}

/// Returns `true` if a path can be that of a socket.
pub(super) fn is_socket_path(path: &str) -> bool {
    path.starts_with('/') && path.len() <= LONGEST_SOCKET && !path.contains(is_unprintable)
}

fn check_server(server: &str) -> Result<(), Problem> {
    let is_one = !server.contains([',', ';']);
    let has_whole_brackets = server.contains('[') == server.contains(']');
    // The colons of an IPv6 address stand between brackets.
    let behind_brackets = server.rfind(']').map_or(0, |bracket| bracket + 1);
    let colon = server[behind_brackets..].find(':');
    let colon = colon.filter(|_| is_one && has_whole_brackets);
    let (host, port) = match colon {
        Some(colon) => server.split_at(behind_brackets + colon),
        None => (server, ""),
    };
    let port = port.strip_prefix(':').unwrap_or(port);
    if port.contains(':') {
        let label = "several colons where the port is";
        let help = "write an IPv6 address in brackets: \"redis://[::1]:6379\"";
        return Err(Problem::new("has a wrong port", label, help));
    }
    if host.is_empty() {
        let label = "expected a name or an address behind `://`";
        return Err(Problem::new("names no host", label, FORM));
    }
    check_host(host)?;
    let is_port =
        port.is_empty() || (is_number(port) && port.parse::<u16>().is_ok_and(|port| port > 0));
    if !is_port {
        let label = "expected a port from 1 to 65535 behind the `:`";
        return Err(Problem::new("has a wrong port", label, FORM));
    }
    Ok(())
}

fn check_host(written: &str) -> Result<(), Problem> {
    // In a URL the `%` before the zone of an IPv6 address is percent-encoded.
    let host = if written.starts_with('[') {
        written.replacen("%25", "%", 1)
    } else {
        written.to_owned()
    };
    match host::check(&host) {
        Ok(_) => Ok(()),
        Err(reason) => Err(Problem::of_reason("has a host that", reason, "no host")),
    }
}

/// Checks the database's number, in the path or in the query, and that nothing else is there.
fn check_database(path: &str, query: &str) -> Result<(), Problem> {
    let is_database = |text: &str| is_number(text) && text.parse::<u32>().is_ok();
    let path = path.trim_matches('/');
    if !(path.is_empty() || is_database(path)) {
        let label = "expected the number of a database behind the `/`";
        let help = "for example \"redis://127.0.0.1:6379/2\"";
        return Err(Problem::new("has a path", label, help));
    }
    let mut is_given = !path.is_empty();
    for parameter in query.split('&').filter(|text| !text.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if name == "db" && is_database(value) && !is_given {
            is_given = true;
        } else if !fields::IGNORED.contains(&name) {
            let label = "only the database can be given there, once";
            let help = "write the database behind a `/`, and leave all else out; a password, of which this may be a part, is given at run time, in `REDIS_CONFIG_URL` or to `Settings::new`";
            return Err(Problem::new("has a query", label, help));
        }
    }
    Ok(())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns `true` for a character that ends a line, steers a terminal, or reorders what is shown
/// around it.
pub(super) fn is_unprintable(character: char) -> bool {
    let is_line_end = matches!(character, '\u{2028}' | '\u{2029}');
    let is_bidirectional = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    character.is_control() || is_line_end || is_bidirectional
}

/// Returns the text without percent-encoding, if that is UTF-8. A `%` that encodes nothing stays.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|_| *first == b'%');
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let byte = digits
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8(bytes).ok()
}
