//! A server's host: a name or an IP address, and nothing else.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest host name.
const LONGEST: usize = 253;

/// What is wrong with a host that has a comma or a semicolon in it.
pub(super) const SEVERAL: &str = "names several servers; name one";

/// Returns the host, without the brackets around an IPv6 address.
///
/// # Errors
///
/// Returns the reason and what to write instead, to stand after the name of the field. The text
/// contains no part of the host, which may be a URL with a password.
pub(crate) fn check(host: &str) -> Result<&str, &'static str> {
    // A URL may be longer than a host.
    if host.contains("://") {
        return Err("holds a url; write it as `url` instead");
    }
    if host.contains('@') {
        return Err("holds a user name or password; write them as `username` and `password`");
    }
    if host.is_empty() {
        return Err("is empty; name the server");
    }
    if host.len() > LONGEST {
        return Err("is longer than 253 characters, the longest that a name can be");
    }
    if host.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("has white space or a control character in it; leave it out");
    }
    if host.contains([',', ';']) {
        return Err(SEVERAL);
    }
    if host.starts_with('/') {
        return Err("is the path of a unix socket; write it as `unix_socket_path`");
    }
    if host.contains('/') {
        return Err("holds a path; write the database's number as `db`");
    }
    if let Some((address, behind)) = in_brackets(host) {
        return match (ipv6(address), behind) {
            (Some(ip), "") => not_wildcard(is_wildcard_ipv6(ip), address),
            (Some(_), _) if behind.starts_with(':') => {
                Err("holds a port; write it as `port`, and the address without brackets as `host`")
            }
            _ => Err("has brackets, which belong around an IPv6 address only; leave them out"),
        };
    }
    if let Some(ip) = ipv6(host) {
        return not_wildcard(is_wildcard_ipv6(ip), host);
    }
    name_or_ipv4(host)
}

fn name_or_ipv4(host: &str) -> Result<&str, &'static str> {
    if host.contains(['[', ']']) {
        return Err("has brackets, which belong around an IPv6 address only; leave them out");
    }
    if host.contains(':') {
        return Err("holds a port; write it as `port`");
    }
    if !host.is_ascii() {
        return Err(
            "has a character outside of ASCII; leave it out, or write the name in its ASCII form, which begins with xn--",
        );
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !host.bytes().all(allowed) {
        return Err(
            "has a character that no host has; write a name of letters, digits, `-`, `_` and `.`, or an IP address",
        );
    }
    let without_root = host.strip_suffix('.').unwrap_or(host);
    if without_root.split('.').any(str::is_empty) {
        return Err("has an empty label; leave out a dot");
    }
    match ipv4(without_root) {
        Some(ip) => not_wildcard(ip.is_unspecified(), host),
        None if without_root
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'.') =>
        {
            Err("is not an IPv4 address; write four numbers from 0 to 255")
        }
        None => Ok(host),
    }
}

fn not_wildcard(is_wildcard: bool, host: &str) -> Result<&str, &'static str> {
    if is_wildcard {
        Err(
            "is a wildcard address, which servers listen on; name the server's own address, 127.0.0.1 for this machine",
        )
    } else {
        Ok(host)
    }
}

/// Returns the text between the brackets and the text after them.
fn in_brackets(host: &str) -> Option<(&str, &str)> {
    host.strip_prefix('[')?.split_once(']')
}

/// Returns the IPv6 address, without its zone.
fn ipv6(host: &str) -> Option<Ipv6Addr> {
    let (address, zone) = host.split_once('%').unwrap_or((host, "-"));
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if zone.is_empty() || !zone.bytes().all(allowed) {
        return None;
    }
    address.parse().ok()
}

/// Returns `true` for `::`, and for the IPv4 wildcard as an IPv6 address.
fn is_wildcard_ipv6(ip: Ipv6Addr) -> bool {
    ip.is_unspecified() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_unspecified())
}

/// Returns the IPv4 address as name resolution reads it: one to four parts, decimal, octal or
/// hexadecimal. The last part fills the remaining bytes.
fn ipv4(host: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = host.split('.').collect();
    let (last, before) = parts.split_last()?;
    let mut address = 0;
    for part in before {
        address = address << 8 | u32::from(u8::try_from(ipv4_part(part)?).ok()?);
    }
    let left = 4_usize.checked_sub(before.len()).filter(|left| *left > 0)?;
    let last = ipv4_part(last)?;
    let bits = 8 * left;
    let fits = bits == 32 || last >> bits == 0;
    let shifted = address.checked_shl(u32::try_from(bits).ok()?).unwrap_or(0);
    fits.then(|| Ipv4Addr::from(shifted | last))
}

fn ipv4_part(part: &str) -> Option<u32> {
    let (digits, radix) = match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if part.starts_with('0') && part.len() > 1 => (&part[1..], 8),
        None => (part, 10),
    };
    // `from_str_radix` takes a sign as well.
    let is_number = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_number
        .then(|| u32::from_str_radix(digits, radix).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::{check, ipv4};

    #[test]
    fn an_ipv4_address_has_the_spellings_that_name_resolution_knows() {
        for spelling in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "0177.0.0.01",
            "017700000001",
            "0X7F.0x0.0.1",
        ] {
            assert_eq!(ipv4(spelling), Some([127, 0, 0, 1].into()), "{spelling}");
        }
        for other in [
            "",
            "h",
            "1.2.3.4.5",
            "256.1",
            "1.256.1.1",
            "4294967296",
            "1..2",
            "0x",
            "08",
            "+1",
            "1.16777216",
        ] {
            assert_eq!(ipv4(other), None, "{other}");
        }
    }

    #[test]
    fn brackets_around_an_ipv6_address_mean_the_address() {
        assert_eq!(check("[::1]"), Ok("::1"));
        assert_eq!(check("[fe80::1%eth0]"), Ok("fe80::1%eth0"));
        assert_eq!(check("::ffff:127.0.0.1"), Ok("::ffff:127.0.0.1"));
    }
}
