//! What is wrong with parts of a policy that allow nothing, and what to write instead.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::Path;

use ipnet::IpNet;

use crate::config::host;
use crate::error::text::printable;

/// Returns what is wrong with a pattern of host names that no host has.
pub(super) fn of_host(pattern: &str) -> Option<String> {
    let name = pattern.trim();
    // It may hold a password.
    let shown = if name.contains(['@', '/']) && !is_network(name) {
        "a pattern of `Policy::allow_host`".to_owned()
    } else {
        call("allow_host", name)
    };
    what_of_host(name).map(|what| format!("{shown} {what}"))
}

fn what_of_host(name: &str) -> Option<&'static str> {
    const PORT: &str = "holds a port; leave it out, and allow ports with `Policy::allow_ports`";
    let domain = name.strip_prefix("*.");
    if name.is_empty() {
        return Some("names no host; name one, or write `*` for all");
    }
    if name == "*" {
        return None;
    }
    if is_network(name) {
        return Some("is a network; allow it with `Policy::allow_network`");
    }
    if name.contains("://") || name.contains('@') {
        return Some("holds a url or a user; write the host alone");
    }
    if name.starts_with('/') {
        return Some("is a path; allow sockets with `Policy::allow_unix_sockets_under`");
    }
    if name.contains('/') {
        return Some("holds a path; write the host alone");
    }
    if name.contains([',', ';', ' ']) {
        return Some("names several hosts; call it once for each");
    }
    let rest = domain.unwrap_or(name);
    if rest.contains('*') && !rest.contains(':') {
        return Some(
            "has a `*` that is not its first label; `*.redis.internal` allows all names under a domain, and `*` every \
             name",
        );
    }
    if domain.is_some_and(|domain| domain.parse::<IpAddr>().is_ok()) {
        return Some("has an address for a domain; allow addresses with `Policy::allow_network`");
    }
    match host::check(rest) {
        Ok(_) => None,
        Err(_) if has_port(rest) => Some(PORT),
        // A config with this host is refused as well, for the same reason.
        Err(what) => Some(what),
    }
}

fn is_network(name: &str) -> bool {
    name.parse::<IpNet>().is_ok()
}

fn has_port(name: &str) -> bool {
    let Some((host, port)) = name.rsplit_once(':') else {
        return false;
    };
    let is_number = |byte: u8| byte.is_ascii_digit() || byte == b'*';
    let is_host = !host.contains(':') || host.ends_with(']');
    is_host && !port.is_empty() && port.bytes().all(is_number)
}

/// Returns what is wrong with ports that no server has.
pub(super) fn of_ports(ports: &RangeInclusive<u16>) -> Option<String> {
    let what = if ports.is_empty() {
        "has no port in it; write the lower one first"
    } else if *ports.end() == 0 {
        "has port 0 alone, which no server has"
    } else {
        return None;
    };
    let (from, to) = (ports.start(), ports.end());
    Some(format!("`Policy::allow_ports({from}..={to})` {what}"))
}

/// Returns what is wrong with a folder that has no files.
pub(super) fn of_folder(function: &str, folder: &Path) -> Option<String> {
    let is_empty = folder.as_os_str().is_empty();
    is_empty.then(|| format!("{} names no folder; name one", call(function, "")))
}

/// Returns what is wrong with a pattern of names that no environment variable has.
pub(super) fn of_variable(pattern: &str) -> Option<String> {
    let name = pattern.strip_suffix('*').unwrap_or(pattern);
    let what = if pattern.is_empty() {
        "names no variable; name one, or write `*` for all"
    } else if name.contains('*') {
        "has a `*` that is not at its end; `REDIS_*` allows all names that begin with `REDIS_`"
    } else if name.contains('$') {
        "has a `$`; write the name alone"
    } else if name.contains(['=', '\0']) {
        // What follows may be a secret.
        return Some(
            "a pattern of `Policy::allow_secret_variables` has a `=`; write the name alone"
                .to_owned(),
        );
    } else if name.contains(char::is_whitespace) {
        "has white space in it; leave it out"
    } else {
        return None;
    };
    Some(format!(
        "{} {what}",
        call("allow_secret_variables", pattern)
    ))
}

fn call(function: &str, given: impl fmt::Display) -> String {
    let given = printable(&given.to_string());
    format!("`Policy::{function}(\"{given}\")`")
}

#[cfg(test)]
mod tests {
    use crate::settings::policy::Policy;

    fn mistake(policy: &Policy) -> Option<String> {
        policy.demand_usable().err().map(|error| error.to_string())
    }

    #[test]
    fn r11_a_pattern_that_no_host_has_says_what_to_write_instead() {
        for (pattern, what) in [
            ("h:6379", "`Policy::allow_ports`"),
            ("*:6379", "`Policy::allow_ports`"),
            ("*.internal:6379", "`Policy::allow_ports`"),
            ("h:*", "`Policy::allow_ports`"),
            ("[::1]:6379", "`Policy::allow_ports`"),
            ("10.0.0.1:6379", "`Policy::allow_ports`"),
            ("", "names no host"),
            (" ", "names no host"),
            (".", "empty label"),
            ("*.", "is empty"),
            ("a..b", "empty label"),
            (".redis.internal", "empty label"),
            ("*redis.internal", "`*.redis.internal`"),
            ("a.*.internal", "`*.redis.internal`"),
            ("*.*", "`*.redis.internal`"),
            ("redis-*", "`*.redis.internal`"),
            ("redis?.internal", "a character that no host has"),
            ("redis://h", "holds a url"),
            ("redis://u:S3cret@h", "holds a url"),
            ("u:S3cret@h", "holds a url"),
            ("h/0", "holds a path"),
            ("/run/redis.sock", "`Policy::allow_unix_sockets_under`"),
            ("10.0.0.0/8", "`Policy::allow_network`"),
            ("fd00::/8", "`Policy::allow_network`"),
            ("*.10.0.0.1", "`Policy::allow_network`"),
            ("a,b", "once for each"),
            ("a b", "once for each"),
            ("rédis.internal", "xn--"),
            ("[h]", "brackets"),
            ("[::1", "brackets"),
            ("::1]", "brackets"),
            ("999.0.0.1", "not an IPv4 address"),
            ("0.0.0.0", "wildcard"),
            ("::", "wildcard"),
        ] {
            let policy = Policy::new().allow_host("good").allow_host(pattern);
            let said = mistake(&policy).unwrap_or_else(|| panic!("{pattern} is allowed"));
            assert!(said.contains(what), "{pattern}: {said}");
            assert!(said.contains("Policy::allow_host"), "{pattern}: {said}");
            assert!(!said.contains("S3cret"), "{said}");
        }
    }

    #[test]
    fn r11_a_pattern_that_a_host_may_have_is_no_mistake() {
        for pattern in [
            "h",
            "H.Internal.",
            " h ",
            "*",
            "*.redis.internal",
            "*.Redis.internal.",
            "xn--rdis-bpa.internal",
            "10.0.0.1",
            "127.1",
            "::1",
            "[::1]",
            "fe80::1%eth0",
            "a_b-c.d1",
        ] {
            assert_eq!(
                mistake(&Policy::new().allow_host(pattern)),
                None,
                "{pattern}"
            );
        }
    }

    #[test]
    fn r11_what_allows_nothing_is_a_mistake_in_every_part_of_a_policy() {
        let new = Policy::new;
        // The ports are those of a slip.
        #[allow(clippy::reversed_empty_ranges, reason = "this is what is tested")]
        for (policy, what) in [
            (new().allow_ports(6390..=6379), "the lower one first"),
            (new().allow_ports(0..=0), "port 0"),
            (new().allow_unix_sockets_under(""), "names no folder"),
            (new().allow_secret_files_under(""), "names no folder"),
            (new().allow_secret_variables(""), "names no variable"),
            (new().allow_secret_variables("*_PW"), "not at its end"),
            (new().allow_secret_variables("$PW"), "write the name alone"),
            (
                new().allow_secret_variables("${PW}"),
                "write the name alone",
            ),
            (
                new().allow_secret_variables("PW=S3cret"),
                "write the name alone",
            ),
            (new().allow_secret_variables("A, B"), "white space"),
        ] {
            let said = mistake(&policy).unwrap();
            assert!(said.contains(what), "{said}");
            assert!(!said.contains("S3cret"), "{said}");
        }
        let usable = new()
            .allow_ports(0..=65535)
            .allow_unix_sockets_under("run")
            .allow_secret_variables("*")
            .allow_secret_variables("REDIS_*");
        assert_eq!(mistake(&usable), None);
    }
}
