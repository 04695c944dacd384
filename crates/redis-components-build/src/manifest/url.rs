//! The URL of a config server: it holds no secrets, and a connection to it is possible.

use super::table::Text;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;

/// Schemes of URLs with a host and a port.
const HOSTS: [&str; 4] = ["redis", "rediss", "valkey", "valkeys"];

/// Schemes of URLs with the path of a socket.
const SOCKETS: [&str; 3] = ["redis+unix", "unix", "valkey+unix"];

/// A mistake in a URL: the message, the label, and what to do.
type Problem = (&'static str, &'static str, &'static str);

/// Masks the text after the scheme of URLs that may hold a secret. Every other byte keeps its
/// place.
///
/// A secret cannot be told from the rest of its URL: an unescaped `#`, `?`, `/` or `@` in a
/// password moves every boundary. So nothing after the scheme is shown.
pub(super) fn without_secrets(text: &str) -> String {
    let mut masked = text.to_owned();
    let mut start = 0;
    while let Some(found) = text[start..].find("://") {
        let scheme = start + found;
        let first = scheme + "://".len();
        let end = end_of_url(text, scheme, first);
        if may_hold_secret(&text[first..end]) {
            masked.replace_range(first..end, &"*".repeat(end - first));
        }
        start = end;
    }
    masked
}

/// Returns the end of a URL: the quote that ends its string, or the end of its line.
fn end_of_url(text: &str, scheme: usize, first: usize) -> usize {
    let line = text[first..].find('\n').map_or(text.len(), |at| first + at);
    let before = text[..scheme].trim_end_matches(|c: char| c.is_alphanumeric() || c == '+');
    match before.chars().next_back() {
        Some(quote @ ('"' | '\'')) => {
            let mut is_escaped = false;
            let end = text[first..line].find(|c| {
                let is_end = c == quote && !is_escaped;
                is_escaped = quote == '"' && c == '\\' && !is_escaped;
                is_end
            });
            end.map_or(line, |at| first + at)
        }
        _ => line,
    }
}

fn may_hold_secret(url: &str) -> bool {
    url.contains(['@', '?', '#'])
}

/// Refuses URLs that hold a secret, and URLs to which no connection is possible.
pub(super) fn check(url: &Text<'_>, diagnostics: &mut Diagnostics) {
    let urls = url.value.split(',').map(str::trim);
    // In a list, a URL begins after each comma.
    let is_list = urls.clone().all(|url| url.contains("://"));
    let problem = if url.value.trim_start().starts_with(['{', '[']) {
        problem_of_json(url.value)
    } else if is_list {
        urls.into_iter().find_map(problem)
    } else {
        problem(url.value)
    };
    if let Some((message, label, help)) = problem {
        let message = format!("the config server's url {message}");
        diagnostics.error(Diagnostic::error(message, &url.spot, label).help(help));
    }
}

const SECRET: &str = "leave the password out here, and give the whole url at run time: in the environment variable `REDIS_CONFIG_URL`, or to `Settings::new`";

/// Looks at configs as JSON, which the runtime reads.
fn problem_of_json(text: &str) -> Option<Problem> {
    let text = text.to_lowercase();
    (text.contains("password") || text.contains("://")).then_some((
        "has a password or a url in its JSON",
        "a manifest is no place for secrets",
        SECRET,
    ))
}

fn problem(url: &str) -> Option<Problem> {
    const FORM: &str = "for example \"redis://127.0.0.1:6379\"";
    let Some((scheme, rest)) = url.split_once("://") else {
        return Some(("has no scheme", "not a url", FORM));
    };
    let is_socket = SOCKETS.contains(&scheme);
    if !is_socket && !HOSTS.contains(&scheme) {
        return Some(("does not begin with `redis://`", "another scheme", FORM));
    }
    if rest.contains('#') {
        let label = "a manifest is no place for secrets, and nothing else has a `#`";
        return Some(("has a `#` in it", label, SECRET));
    }
    let (rest, query) = rest
        .split_once('?')
        .map_or((rest, None), |(rest, q)| (rest, Some(q)));
    let is_db = |query: &str| query.strip_prefix("db=").is_some_and(is_number);
    if query.is_some_and(|query| !(is_socket && is_db(query))) {
        let label = "no part of it is understood";
        let help = "write the database behind a `/`, and leave all else out; a password, of which this may be a part, is given at run time, in `REDIS_CONFIG_URL` or to `Settings::new`";
        return Some(("has a query", label, help));
    }
    let (user, address) = rest.rsplit_once('@').unwrap_or(("", rest));
    if user.trim_end_matches(':').contains([':', '/']) {
        let label = "a manifest is no place for secrets";
        return Some(("has a password in it", label, SECRET));
    }
    if is_socket {
        let label = "expected an absolute path behind `://`";
        let help = "for example \"redis+unix:///run/redis.sock\"";
        let is_path = address.starts_with('/') && address.len() > 1;
        return (!is_path).then_some(("has no path", label, help));
    }
    let (authority, db) = address.split_once('/').unwrap_or((address, ""));
    if !(db.is_empty() || is_number(db)) {
        let label = "expected the number of a database behind the `/`";
        return Some((
            "has a path",
            label,
            "for example \"redis://127.0.0.1:6379/2\"",
        ));
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').unwrap_or(""))),
            None => ("", None),
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_port = |port: &str| is_number(port) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if port.is_some_and(|port| !is_port(port)) {
        let label = "expected a port from 1 to 65535 behind the `:`";
        return Some(("has a wrong port", label, FORM));
    }
    let is_bracketed = authority.starts_with('[');
    let is_address = is_bracketed && host.parse::<std::net::Ipv6Addr>().is_ok();
    let is_name = !is_bracketed
        && !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'));
    if !is_address && !is_name {
        let label = "expected a name or an address behind `://`";
        return Some(("names no host", label, FORM));
    }
    let is_any = ["0.0.0.0", "0", "::"].contains(&host)
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|host| host.is_unspecified());
    is_any.then_some((
        "names no host",
        "this address stands for every address of a machine",
        "write `127.0.0.1` for this machine",
    ))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{problem, problem_of_json, without_secrets};

    #[test]
    fn json_without_a_password_is_left_to_the_runtime() {
        let sentinels = r#"{"sentinels": ["s1", "s2"], "service_name": "config"}"#;
        assert_eq!(problem_of_json(sentinels), None);
        for secret in [
            r#"{"host": "h", "password": "s3cret"}"#,
            r#"["redis://:s3cret@h"]"#,
            r#"{"host": "h", "sentinel_Password": "s3cret"}"#,
        ] {
            assert!(problem_of_json(secret).is_some(), "{secret}");
        }
    }

    #[test]
    fn what_may_hold_a_secret_is_refused() {
        for url in [
            "redis://user:s3cret@host:6379",
            "redis://:s3cret@host",
            "redis://:s3@cret@host/0",
            "redis://:s3/cret@host/0",
            "redis://default:57#s3cret@10.0.0.5",
            "redis://default:57?s3cret@10.0.0.5",
            "redis://default:57/s3cret@10.0.0.5",
            "redis://user#s3cret@host",
            "redis://:#s3cret@host",
            "redis://s3cret/x@host",
            "redis://host?password=s3cret",
            "redis://host/0?pass=s3cret",
            "rediss://:s3cret@host",
            "unix:///run/redis.sock?db=1&pass=s3cret&user=u",
            "redis+unix:///run/redis.sock#s3cret",
            "redis://:a\\\"s3cret@host",
        ] {
            assert!(problem(url).is_some(), "{url}");
            let manifest = format!("url = \"{url}\" # {url}\n'{url}'\n{url} more");
            let masked = without_secrets(&manifest);
            assert!(!masked.contains("s3"), "{masked}");
            assert_eq!(masked.len(), manifest.len());
        }
    }

    #[test]
    fn what_can_be_connected_to_is_taken() {
        for url in [
            "redis://127.0.0.1:6379",
            "redis://127.0.0.1",
            "redis://host.example/2",
            "redis://host/",
            "redis://user@host:6379",
            "redis://user:@host:6379",
            "redis://[::1]:6379/0",
            "redis://[::1]",
            "rediss://host",
            "valkey://höst",
            "redis+unix:///run/redis.sock?db=2",
            "unix:///run/redis.sock",
        ] {
            assert_eq!(problem(url), None, "{url}");
        }
    }

    #[test]
    fn what_cannot_be_connected_to_is_refused() {
        for (url, message) in [
            ("127.0.0.1:6379", "has no scheme"),
            ("http://host", "does not begin with `redis://`"),
            ("redis://", "names no host"),
            ("redis://:6379", "names no host"),
            ("redis://h/x", "has a path"),
            ("redis://h/1/2", "has a path"),
            ("redis://h:99999", "has a wrong port"),
            ("redis://h:0", "has a wrong port"),
            ("redis://h:", "has a wrong port"),
            ("redis://h:+1", "has a wrong port"),
            ("redis://h?db=3", "has a query"),
            ("redis://h?", "has a query"),
            ("redis://h#", "has a `#` in it"),
            ("redis://0.0.0.0", "names no host"),
            ("redis://0", "names no host"),
            ("redis://[::]:6379", "names no host"),
            ("redis://[::0]:6379", "names no host"),
            ("redis://::1", "has a wrong port"),
            ("redis://[h]", "names no host"),
            ("redis://[::1", "names no host"),
            ("redis://h i", "names no host"),
            ("unix://", "has no path"),
            ("unix://run/redis.sock", "has no path"),
        ] {
            let found = problem(url).map(|(message, ..)| message);
            assert_eq!(found, Some(message), "{url}");
        }
    }

    #[test]
    fn what_holds_no_secret_is_shown() {
        let text = "url = \"redis://host:1/2\"\nurl = 'redis://[::1]' # ok";
        assert_eq!(without_secrets(text), text);
    }
}
