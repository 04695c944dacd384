//! Whether two names are of one machine.

use std::net::IpAddr;

use tokio::net::lookup_host;

/// Returns a host and the addresses that it has here. A host that is not known here has none.
pub(crate) async fn names_of(host: &str) -> Vec<String> {
    let mut names = vec![plain(host)];
    if host.parse::<IpAddr>().is_err()
        && let Ok(addresses) = lookup_host((host, 0)).await
    {
        names.extend(addresses.map(|address| address.ip().to_canonical().to_string()));
    }
    names
}

/// Returns `true` if `host`, or an address that it has here, is one of `names`.
pub(crate) async fn is_one_of(names: &[String], host: &str) -> bool {
    // Asking for addresses takes time, and most hosts stand there as they are.
    names.contains(&plain(host)) || names_of(host).await.iter().any(|name| names.contains(name))
}

/// Returns a host as it is compared with others.
pub(crate) fn plain(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => host.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_one_of, names_of};

    #[tokio::test]
    async fn a_host_is_known_by_its_name_and_its_addresses() {
        let local = names_of("LocalHost").await;
        for host in ["localhost", "127.0.0.1", "::ffff:127.0.0.1"] {
            assert!(is_one_of(&local, host).await, "{host}");
        }
        assert!(is_one_of(&names_of("127.0.0.1").await, "localhost").await);
        for host in ["127.0.0.2", "redis.invalid", ""] {
            assert!(!is_one_of(&local, host).await, "{host}");
        }
        let six = names_of("2001:DB8::0:1").await;
        assert!(is_one_of(&six, "[2001:db8::1]").await);
    }
}
