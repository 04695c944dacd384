//! Whether the policy lets a server be connected to.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use super::failure::{Cause, Failure};
use super::file_gate::alone;
use super::special_addresses::{is_of_nat64, meant, special};
use crate::config::tls::TlsOptions;
use crate::error::text::printable;
use crate::settings::policy::Policy;

/// Returns an error if no connection to this port is allowed.
pub(super) fn admit_port(policy: &Policy, port: u16) -> Result<(), Failure> {
    if policy.allows_port(port) {
        return Ok(());
    }
    Err(forbidden(format_args!(
        "it does not allow port {port}; name another port, or add it with `Policy::allow_ports`"
    )))
}

/// Returns an error if no connection to this port, or without this TLS, is allowed.
pub(super) fn admit_tcp(
    policy: &Policy,
    port: u16,
    tls: Option<&TlsOptions>,
) -> Result<(), Failure> {
    admit_port(policy, port)?;
    let Some(tls) = tls else {
        return if policy.requires_tls() {
            let advice = "it demands TLS; add \"ssl\": true to the config";
            Err(forbidden(advice))
        } else {
            Ok(())
        };
    };
    let is_verified = tls.verifies_certificate && tls.checks_host_name;
    if is_verified || policy.allows_unverified_tls() {
        return Ok(());
    }
    Err(forbidden(
        "it demands that certificates and their host names are verified; leave `ssl_cert_reqs` and `ssl_check_hostname` \
         out of the config, or allow this with `Policy::allow_unverified_tls`",
    ))
}

/// Returns an error if a host of this name is not allowed, whatever it resolves to. Then it is not
/// looked up either, because a look-up tells others of it.
pub(super) fn admit_name(policy: &Policy, host: &str) -> Result<(), Failure> {
    let may_be = !policy.restricts_hosts() || policy.has_networks() || policy.allows_name(host);
    if may_be { Ok(()) } else { Err(unlisted(host)) }
}

/// Returns the addresses of `host` that may be connected to.
///
/// # Errors
///
/// Returns an error that says why, if there is none.
pub(super) fn admit_addresses(
    policy: &Policy,
    host: &str,
    addresses: impl Iterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, Failure> {
    let mut refusal = None;
    let mut admitted = Vec::new();
    let is_named = !policy.restricts_hosts() || policy.allows_name(host);
    for address in addresses {
        match refused(policy, host, is_named, address.ip()) {
            None => admitted.push(address),
            refused => refusal = refusal.or(refused),
        }
    }
    match refusal {
        Some(refusal) if admitted.is_empty() => Err(refusal),
        _ => Ok(admitted),
    }
}

fn refused(policy: &Policy, host: &str, is_named: bool, address: IpAddr) -> Option<Failure> {
    let meant = meant(address);
    let mut networks = policy.networks().iter();
    let special = [address, meant].into_iter().find_map(special);
    if let Some(special) = special {
        let named = |network| special.contains(network) && network.contains(&meant);
        if special.can_be_allowed && networks.any(named) {
            return None;
        }
        let advice = if special.can_be_allowed {
            "which is never allowed unasked; name another host, or add its network with `Policy::allow_network`"
        } else {
            "which no policy allows; name another host"
        };
        let (host, what) = (printable(host), special.what);
        return Some(forbidden(format_args!(
            "`{host}` is {address}, {what}, {advice}"
        )));
    }
    let is_in = |network: &ipnet::IpNet| {
        network.contains(&meant) || is_of_nat64(network) && network.contains(&address)
    };
    if is_named || networks.any(is_in) {
        return None;
    }
    Some(if policy.has_networks() {
        let host = printable(host);
        forbidden(format_args!(
            "`{host}` is {address}, which it does not allow; name another host, or add it with `Policy::allow_network` \
             or `Policy::allow_host`"
        ))
    } else {
        unlisted(host)
    })
}

/// Returns the path of a unix socket without links, if it is allowed. This asks the file system.
pub(super) fn admit_socket(policy: &Policy, path: &Path) -> Result<PathBuf, Failure> {
    let shown = printable(&path.to_string_lossy());
    if policy.restricts_sockets() && policy.socket_folders().next().is_none() {
        return Err(forbidden(format_args!(
            "it allows no unix sockets, as `{shown}`; add its folder with `Policy::allow_unix_sockets_under`"
        )));
    }
    let followed = alone(path, || path.canonicalize());
    let real = followed.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::unreachable(
            "there is no such socket; check that the server runs, and that this process sees its files",
        ),
        _ => Failure::unreachable(format!("the socket's path cannot be followed: {error}")),
    })?;
    let mut folders = policy.socket_folders();
    if !policy.restricts_sockets()
        || folders.any(|folder| {
            folder
                .canonicalize()
                .is_ok_and(|folder| real.starts_with(folder))
        })
    {
        return Ok(real);
    }
    Err(forbidden(format_args!(
        "it does not allow the unix socket `{shown}`; add its folder with `Policy::allow_unix_sockets_under`"
    )))
}

fn unlisted(host: &str) -> Failure {
    let host = printable(host);
    forbidden(format_args!(
        "it does not allow the host `{host}`; name another host, or add it with `Policy::allow_host`"
    ))
}

pub(super) fn forbidden(why: impl fmt::Display) -> Failure {
    let message = format!("the policy of this process forbids it: {why}");
    Failure::new(Cause::Forbidden, message)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::{admit_addresses, admit_name, admit_socket, admit_tcp};
    use crate::config::tls::TlsOptions;
    use crate::settings::policy::Policy;
    use crate::transport::failure::{Cause, Failure};

    fn admit(policy: &Policy, host: &str, addresses: &[&str]) -> Result<Vec<IpAddr>, Failure> {
        let addresses = addresses.iter().map(|text| text.parse().unwrap());
        let addresses = addresses.map(|ip: IpAddr| SocketAddr::new(ip, 6379));
        let admitted = admit_addresses(policy, host, addresses)?;
        Ok(admitted.iter().map(SocketAddr::ip).collect())
    }

    fn is_admitted(policy: &Policy, host: &str, address: &str) -> bool {
        match admit(policy, host, &[address]) {
            Ok(admitted) => admitted.len() == 1,
            Err(failure) => {
                assert_eq!(failure.cause, Cause::Forbidden);
                assert!(
                    failure.message.contains("Policy")
                        || failure.message.contains("name another host")
                );
                false
            }
        }
    }

    #[test]
    fn r11_without_a_policy_every_address_is_allowed_but_special_ones() {
        let policy = Policy::new();
        for usual in ["127.0.0.1", "10.0.0.1", "8.8.8.8", "::1", "fd00::1"] {
            assert!(is_admitted(&policy, "h", usual), "{usual}");
        }
        for special in [
            "0.0.0.0",
            "::ffff:169.254.169.254",
            "fe80::1",
            "224.0.0.1",
            "100.100.100.200",
            "::ffff:168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd20:ce::254",
        ] {
            assert!(!is_admitted(&policy, "h", special), "{special}");
        }
    }

    #[test]
    fn r11_a_name_is_allowed_whatever_it_resolves_to_but_special_addresses() {
        let policy = Policy::new().allow_host("*.redis.internal");
        assert!(is_admitted(&policy, "a.redis.internal", "8.8.8.8"));
        assert!(!is_admitted(&policy, "a.redis.internal", "169.254.169.254"));
        assert!(!is_admitted(&policy, "evil.example", "10.0.0.1"));
        assert!(!is_admitted(&policy, "10.0.0.1", "10.0.0.1"));
        assert!(admit_name(&policy, "a.redis.internal").is_ok());
        assert!(admit_name(&policy, "evil.example").is_err());
    }

    #[test]
    fn r11_a_network_allows_an_address_whatever_its_spelling_and_name() {
        let policy = Policy::new().allow_network("10.0.0.0/8").unwrap();
        for inside in [
            "10.0.0.1",
            "10.255.255.255",
            "::ffff:10.1.2.3",
            "64:ff9b::10.1.2.3",
        ] {
            assert!(is_admitted(&policy, "any.example", inside), "{inside}");
        }
        for outside in [
            "11.0.0.1",
            "127.0.0.1",
            "::ffff:11.0.0.1",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1::10.0.0.1",
            "::1",
            "a00::1",
        ] {
            assert!(!is_admitted(&policy, "any.example", outside), "{outside}");
        }
        let every_v6 = Policy::new().allow_network("::/0").unwrap();
        assert!(is_admitted(&every_v6, "h", "fd00::1"));
        for v4_inside in ["64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "2002:808:808::1"] {
            assert!(!is_admitted(&every_v6, "h", v4_inside), "{v4_inside}");
        }
        let nat64 = Policy::new().allow_network("64:ff9b::/96").unwrap();
        assert!(is_admitted(&nat64, "h", "64:ff9b::8.8.8.8"));
        assert!(!is_admitted(&nat64, "h", "64:ff9b::169.254.169.254"));
    }

    #[test]
    fn r11_a_special_address_is_allowed_by_a_network_inside_of_its_range_only() {
        let narrow = Policy::new().allow_network("169.254.7.0/24").unwrap();
        assert!(is_admitted(&narrow, "h", "169.254.7.1"));
        assert!(is_admitted(&narrow, "h", "::ffff:169.254.7.1"));
        assert!(!is_admitted(&narrow, "h", "169.254.169.254"));
        let wide = Policy::new().allow_network("0.0.0.0/0").unwrap();
        for special in ["169.254.7.1", "0.0.0.0", "255.255.255.255", "224.0.0.1"] {
            assert!(!is_admitted(&wide, "h", special), "{special}");
        }
        let multicast = Policy::new().allow_network("224.0.0.0/24").unwrap();
        assert!(!is_admitted(&multicast, "h", "224.0.0.1"));
    }

    #[test]
    fn r11_of_several_addresses_only_allowed_ones_are_connected_to() {
        let policy = Policy::new().allow_network("10.0.0.0/8").unwrap();
        let admitted = admit(&policy, "h", &["169.254.0.1", "10.0.0.1", "11.0.0.1"]);
        assert_eq!(admitted.unwrap(), [IpAddr::from([10, 0, 0, 1])]);
        assert!(admit(&policy, "h", &["169.254.0.1", "11.0.0.1"]).is_err());
    }

    #[test]
    fn r11_ports_and_tls_are_demanded() {
        let ports = Policy::new()
            .allow_ports(6379..=6390)
            .allow_ports(7000..=7000);
        for (port, is_allowed) in [
            (6379, true),
            (6390, true),
            (7000, true),
            (22, false),
            (6391, false),
        ] {
            assert_eq!(admit_tcp(&ports, port, None).is_ok(), is_allowed, "{port}");
        }
        let tls = TlsOptions::new();
        let demanding = Policy::new().require_tls();
        assert!(admit_tcp(&demanding, 1, None).is_err());
        assert!(admit_tcp(&demanding, 1, Some(&tls)).is_ok());
        let unverified = TlsOptions {
            verifies_certificate: false,
            ..tls.clone()
        };
        let unnamed = TlsOptions {
            checks_host_name: false,
            ..tls
        };
        for tls in [&unverified, &unnamed] {
            assert!(admit_tcp(&Policy::new(), 1, Some(tls)).is_err());
            let allowing = Policy::new().allow_unverified_tls();
            assert!(admit_tcp(&allowing, 1, Some(tls)).is_ok());
        }
    }

    #[test]
    fn r11_a_unix_socket_is_judged_by_the_path_without_links() {
        let folder = tempfile::tempdir().unwrap();
        let [allowed, other] = ["allowed", "other"].map(|name| folder.path().join(name));
        for folder in [&allowed, &other] {
            std::fs::create_dir(folder).unwrap();
        }
        let _inside = UnixListener::bind(allowed.join("inside")).unwrap();
        let _outside = UnixListener::bind(other.join("outside")).unwrap();
        symlink(other.join("outside"), allowed.join("link")).unwrap();
        symlink(&allowed, folder.path().join("way")).unwrap();

        let policy = Policy::new().allow_unix_sockets_under(folder.path().join("way"));
        assert!(admit_socket(&policy, &allowed.join("inside")).is_ok());
        for refused in [
            other.join("outside"),
            allowed.join("link"),
            allowed.join("../other/outside"),
        ] {
            let failure = admit_socket(&policy, &refused).unwrap_err();
            assert_eq!(failure.cause, Cause::Forbidden, "{refused:?}");
        }
        let missing = admit_socket(&policy, &allowed.join("none")).unwrap_err();
        assert_eq!(missing.cause, Cause::Unreachable);
        assert!(admit_socket(&Policy::new(), &allowed.join("inside")).is_ok());
        assert!(admit_socket(&Policy::new().require_tls(), &allowed.join("inside")).is_ok());
        let others = Policy::new().allow_ports(6379..=6379);
        let none = admit_socket(&others, &allowed.join("inside")).unwrap_err();
        assert_eq!(none.cause, Cause::Forbidden);
    }
}
