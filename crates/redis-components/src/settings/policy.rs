//! Which servers a process may connect to, whatever a config says. Data only.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use ipnet::{IpNet, Ipv4Net};

use super::patterns;
use crate::error::text::printable;
use crate::error::{Error, ErrorKind};

/// Which servers a process may connect to, whatever a config says.
///
/// Whoever can write a config decides where a component's data and its password go. A policy in
/// code bounds that. It holds for each connection of this process: to components, and to the config
/// server. A config that it refuses is treated as a server that cannot be used: the last good one
/// serves, and [`status`](crate::status) says why.
///
/// Without [`allow_host`](Self::allow_host) and [`allow_network`](Self::allow_network), every host
/// is allowed. Without [`allow_ports`](Self::allow_ports), every port is. A policy that allows
/// something refuses unix sockets outside of
/// [`allow_unix_sockets_under`](Self::allow_unix_sockets_under).
///
/// A config also decides which file or environment variable is sent to its server as a user name or
/// password. Without [`allow_secret_files_under`](Self::allow_secret_files_under) and
/// [`allow_secret_variables`](Self::allow_secret_variables), it may be any.
///
/// Wildcard, multicast and broadcast addresses are always refused. So are link-local ones, where
/// cloud providers serve credentials, and the other addresses at which clouds serve credentials,
/// site-local ones and `64:ff9b:1::/48`, unless an allowed network lies inside of their range. What
/// counts is the address that a name resolves to, and that address is connected to. An IPv4 address
/// inside of an IPv6 address (IPv4-mapped, NAT64, 6to4) is treated as itself.
///
/// ```
/// use redis_components::{Policy, Settings};
///
/// let policy = Policy::new()
///     .allow_host("*.redis.internal")
///     .allow_network("10.0.0.0/8")?
///     .allow_ports(6379..=6390)
///     .require_tls();
/// let settings = Settings::default().policy(policy);
/// # let _ = settings;
/// # Ok::<(), redis_components::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a policy has no effect until settings have it"]
pub struct Policy {
    hosts: Vec<Host>,
    networks: Vec<IpNet>,
    ports: Vec<RangeInclusive<u16>>,
    socket_folders: Vec<PathBuf>,
    secret_folders: Vec<PathBuf>,
    secret_variables: Vec<Variable>,
    requires_tls: bool,
    allows_unverified_tls: bool,
    /// What is wrong with the first of the calls that allow nothing.
    mistake: Option<String>,
}

/// A pattern of names of environment variables.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Variable {
    Exactly(String),
    /// All names that begin with this.
    BeginsWith(String),
}

/// A pattern of host names, in lower case and without the dot of the root.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Every,
    Exactly(String),
    /// All names that end in this, which begins with a dot.
    Under(String),
}

impl Policy {
    /// Returns the policy that settings have if they are given none.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows a host by its name. `*.redis.internal` allows all names under that domain, however
    /// many labels they have, and not the domain itself. `*` allows every name. See
    /// [`allow_ports`](Self::allow_ports) for ports.
    ///
    /// The name is that of the config. It may resolve to any address but those that are always
    /// refused. An IP address is allowed as [`allow_network`](Self::allow_network) allows it.
    ///
    /// No host has the name `a*.internal` or `a.internal:6379`. Settings with a policy that has such a
    /// pattern, or anything else that allows nothing, cannot be used: their
    /// [`install`](crate::Settings::install) and their calls fail with [`ErrorKind::Settings`].
    pub fn allow_host(mut self, pattern: impl AsRef<str>) -> Self {
        self.note(patterns::of_host(pattern.as_ref()));
        let pattern = normal(pattern.as_ref());
        let in_brackets = pattern
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = in_brackets.unwrap_or(&pattern).parse::<IpAddr>() {
            self.networks.push(unmapped(IpNet::from(address)));
            return self;
        }
        self.hosts.push(if pattern == "*" {
            Host::Every
        } else if let Some(domain) = pattern
            .strip_prefix('*')
            .filter(|rest| rest.starts_with('.'))
        {
            Host::Under(domain.to_owned())
        } else {
            Host::Exactly(pattern)
        });
        self
    }

    /// Allows all addresses of a network, such as `10.0.0.0/8`, or one address, under whatever
    /// name.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Settings`] if the text is no network.
    pub fn allow_network(mut self, network: impl AsRef<str>) -> Result<Self, Error> {
        let text = network.as_ref().trim();
        let network = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| {
                let text = printable(text);
                let what = format!("`{text}` is no network; write it as 10.0.0.0/8 or fd00::/8");
                Error::new(ErrorKind::Settings, what)
            })?;
        self.networks.push(unmapped(network));
        Ok(self)
    }

    /// Allows these ports, and no others but those of further calls.
    pub fn allow_ports(mut self, ports: RangeInclusive<u16>) -> Self {
        self.note(patterns::of_ports(&ports));
        self.ports.push(ports);
        self
    }

    /// Allows unix sockets in this folder and in the folders under it. Links are followed first, on
    /// both sides.
    pub fn allow_unix_sockets_under(mut self, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        self.note(patterns::of_folder("allow_unix_sockets_under", &folder));
        self.socket_folders.push(folder);
        self
    }

    /// Allows user names and passwords in files in this folder and in the folders under it, and none
    /// in other files. Links are followed first, on both sides. Certificates and keys may be
    /// anywhere.
    pub fn allow_secret_files_under(mut self, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        self.note(patterns::of_folder("allow_secret_files_under", &folder));
        self.secret_folders.push(folder);
        self
    }

    /// Allows user names and passwords in an environment variable, and none in others. `REDIS_*`
    /// allows all variables whose names begin with `REDIS_`.
    pub fn allow_secret_variables(mut self, pattern: impl AsRef<str>) -> Self {
        let pattern = pattern.as_ref();
        self.note(patterns::of_variable(pattern));
        self.secret_variables.push(match pattern.strip_suffix('*') {
            Some(begin) => Variable::BeginsWith(begin.to_owned()),
            None => Variable::Exactly(pattern.to_owned()),
        });
        self
    }

    /// Refuses to connect over TCP without TLS. Unix sockets do not leave the machine, and need
    /// none.
    pub fn require_tls(mut self) -> Self {
        self.requires_tls = true;
        self
    }

    /// Allows configs to switch the verification of certificates, or of the host's name in them,
    /// off. Then whoever is between this process and a server can pretend to be the server.
    pub fn allow_unverified_tls(mut self) -> Self {
        self.allows_unverified_tls = true;
        self
    }

    fn note(&mut self, mistake: Option<String>) {
        self.mistake = self.mistake.take().or(mistake);
    }

    /// Refuses a policy of which a part allows nothing: its author meant something else.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Settings`] with what to write instead.
    pub(crate) fn demand_usable(&self) -> Result<(), Error> {
        match &self.mistake {
            Some(mistake) => Err(Error::new(ErrorKind::Settings, mistake.as_str())),
            None => Ok(()),
        }
    }

    /// Returns `true` if hosts or networks are allowed, and so all others are not.
    pub(crate) fn restricts_hosts(&self) -> bool {
        !(self.hosts.is_empty() && self.networks.is_empty())
    }

    /// Returns `true` if an address can be allowed whatever its name is.
    pub(crate) fn has_networks(&self) -> bool {
        !self.networks.is_empty()
    }

    /// Returns `true` if a host of this name is allowed by its name.
    pub(crate) fn allows_name(&self, host: &str) -> bool {
        let name = normal(host);
        self.hosts.iter().any(|pattern| match pattern {
            Host::Every => true,
            Host::Exactly(allowed) => name == *allowed,
            Host::Under(domain) => name.len() > domain.len() && name.ends_with(domain.as_str()),
        })
    }

    pub(crate) fn networks(&self) -> &[IpNet] {
        &self.networks
    }

    pub(crate) fn allows_port(&self, port: u16) -> bool {
        self.ports.is_empty() || self.ports.iter().any(|ports| ports.contains(&port))
    }

    /// Returns `true` if something is allowed, and so unix sockets elsewhere are not.
    pub(crate) fn restricts_sockets(&self) -> bool {
        self.restricts_hosts() || !self.ports.is_empty() || !self.socket_folders.is_empty()
    }

    pub(crate) fn socket_folders(&self) -> impl Iterator<Item = &Path> {
        self.socket_folders.iter().map(PathBuf::as_path)
    }

    /// Returns `true` if some files or variables are allowed as secrets, and so no others.
    pub(crate) fn restricts_secrets(&self) -> bool {
        !(self.secret_folders.is_empty() && self.secret_variables.is_empty())
    }

    pub(crate) fn secret_folders(&self) -> impl Iterator<Item = &Path> {
        self.secret_folders.iter().map(PathBuf::as_path)
    }

    pub(crate) fn allows_variable(&self, name: &str) -> bool {
        self.secret_variables.iter().any(|pattern| match pattern {
            Variable::Exactly(allowed) => name == allowed,
            Variable::BeginsWith(begin) => name.starts_with(begin),
        })
    }

    pub(crate) fn requires_tls(&self) -> bool {
        self.requires_tls
    }

    pub(crate) fn allows_unverified_tls(&self) -> bool {
        self.allows_unverified_tls
    }
}

/// Returns a name in lower case and without the dot of the root, which mean the same.
fn normal(name: &str) -> String {
    let name = name.trim();
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Returns the network of IPv4 addresses that a network of IPv4-mapped addresses means.
fn unmapped(network: IpNet) -> IpNet {
    if let IpNet::V6(mapped) = network
        && let Some(address) = mapped.addr().to_ipv4_mapped()
        && let Some(bits) = mapped.prefix_len().checked_sub(96)
        && let Ok(network) = Ipv4Net::new(address, bits)
    {
        return IpNet::V4(network);
    }
    network
}

#[cfg(test)]
mod tests {
    use super::Policy;
    use crate::error::ErrorKind;

    #[test]
    fn r11_a_pattern_allows_the_names_under_a_domain() {
        let policy = Policy::new()
            .allow_host("*.Redis.internal")
            .allow_host("one.example.");
        for allowed in ["a.redis.internal", "A.B.REDIS.internal.", "one.example"] {
            assert!(policy.allows_name(allowed), "{allowed}");
        }
        for refused in [
            "redis.internal",
            ".redis.internal",
            "aredis.internal",
            "a.redis.internal.evil.example",
            "two.example",
            "a.one.example",
            "",
        ] {
            assert!(!policy.allows_name(refused), "{refused}");
        }
        assert!(Policy::new().allow_host("*").allows_name("any"));
    }

    #[test]
    fn a_network_has_several_spellings() {
        let networks = |text: &str| Policy::new().allow_network(text).unwrap().networks;
        assert_eq!(networks("10.0.0.1"), networks("10.0.0.1/32"));
        assert_eq!(networks("::ffff:10.0.0.0/104"), networks("10.0.0.0/8"));
        assert_eq!(
            Policy::new().allow_host("::1").networks,
            networks("::1/128")
        );
        assert_eq!(
            Policy::new().allow_host("[::1]").networks,
            networks("::1/128")
        );
        for wrong in ["", "10.0.0.0/33", "h", "10.0.0.0/8/8", "10.0.0"] {
            let error = Policy::new().allow_network(wrong).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Settings, "{wrong}");
        }
    }
}
