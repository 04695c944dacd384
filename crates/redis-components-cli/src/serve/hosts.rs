//! Which names this program answers to.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

/// The names by which requests may call this program.
///
/// A page of another site can let its own name lead to this machine (DNS rebinding), and would read
/// all that is here. But its name is in the request.
#[derive(Clone, Debug)]
pub(super) enum Hosts {
    /// Those of this machine for itself.
    Local,
    All,
}

impl Hosts {
    pub(super) fn of(address: IpAddr) -> Self {
        if address.is_loopback() {
            Self::Local
        } else {
            Self::All
        }
    }

    /// Returns `true` if the request calls this program by a name of its own.
    pub(super) fn allow(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        if matches!(self, Self::All) {
            return true;
        }
        let mut named = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else {
            return false;
        };
        let host = host.to_str().ok().and_then(|host| host.parse().ok());
        let is_local = |authority: &Authority| is_local(authority.host());
        // A request to a proxy has the name before the path too.
        host.as_ref().is_some_and(is_local) && uri.authority().is_none_or(is_local)
    }
}

fn is_local(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    if let Some(address) = bare {
        return address
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| address.is_loopback());
    }
    let is_loopback = |address: IpAddr| address.is_loopback();
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::Hosts;

    fn allows(host: &[&str], uri: &str) -> bool {
        let mut headers = HeaderMap::new();
        for host in host {
            headers.append(header::HOST, HeaderValue::from_str(host).unwrap());
        }
        Hosts::Local.allow(&uri.parse().unwrap(), &headers)
    }

    #[test]
    fn only_names_of_this_machine_are_its_own() {
        for host in [
            "localhost",
            "LocalHost:80",
            "127.0.0.1:7379",
            "127.3.2.1",
            "[::1]:7379",
        ] {
            assert!(allows(&[host], "/"), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:7379",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[::2]",
            "",
            "a@localhost@evil.example",
        ] {
            assert!(!allows(&[host], "/"), "{host}");
        }
        assert!(!allows(&[], "/"));
        assert!(!allows(&["localhost", "evil.example"], "/"));
        assert!(!allows(&["localhost"], "http://evil.example/"));
        assert!(allows(&["localhost"], "http://localhost/"));
    }

    #[test]
    fn an_address_that_others_reach_has_any_name() {
        let hosts = Hosts::of("0.0.0.0".parse().unwrap());
        assert!(hosts.allow(&"/".parse().unwrap(), &HeaderMap::new()));
        assert!(matches!(Hosts::of("::1".parse().unwrap()), Hosts::Local));
    }
}
