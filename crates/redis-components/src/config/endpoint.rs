//! Where a component's data is: one server, the primary that sentinels name, or a cluster.

use std::fmt;

use super::path::WrittenPath;
use super::tls::TlsOptions;
use super::written_login::WrittenLogin;
use crate::error::text::printable;

/// Where a component's data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Server(Address),
    Sentinels(Box<Sentinels>),
    Cluster(Cluster),
}

/// The longest path of a unix socket, in bytes.
pub(crate) const LONGEST_SOCKET: usize = 107;

/// The address of one server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Address {
    Tcp { host: String, port: u16 },
    Unix(WrittenPath),
}

/// Sentinels, to be asked for the primary of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentinels {
    /// Never empty.
    pub(crate) addresses: Vec<Address>,
    pub(crate) service: String,
    /// The login to the sentinels themselves, which never get the login to the data.
    pub(crate) login: WrittenLogin,
    /// TLS towards the sentinels themselves.
    pub(crate) tls: Option<TlsOptions>,
    /// What the sentinels say now. It belongs to the meaning, so that a fail-over is another
    /// config, and is never written.
    pub(crate) primary: Option<Primary>,
}

/// The primary of a service, as its sentinels name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Primary {
    pub(crate) address: Address,
    /// Grows with every fail-over. Not every kind of sentinel tells it.
    pub(crate) epoch: Option<u64>,
}

/// A cluster, by the nodes that are asked for all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// Never empty.
    pub(crate) seeds: Vec<Address>,
    /// Whether a cluster of which some slots are not served cannot be used.
    pub(crate) require_full_coverage: bool,
    pub(crate) read_from: ReadFrom,
}

/// The nodes of a cluster that reads go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ReadFrom {
    #[default]
    Primary,
    Replica,
}

impl Endpoint {
    /// Returns the hosts that the config itself names.
    #[cfg(any(feature = "cluster", feature = "sentinel", feature = "tls"))]
    pub(crate) fn hosts(&self) -> Vec<&str> {
        let addresses = match self {
            Self::Server(address) => std::slice::from_ref(address),
            Self::Sentinels(sentinels) => &sentinels.addresses,
            Self::Cluster(cluster) => &cluster.seeds,
        };
        let hosts = addresses.iter().filter_map(|address| match address {
            Address::Tcp { host, .. } => Some(host.as_str()),
            Address::Unix(_) => None,
        });
        hosts.collect()
    }

    /// Returns the address of the one server that this is now.
    pub(crate) fn server(&self) -> Option<&Address> {
        match self {
            Self::Server(address) => Some(address),
            Self::Sentinels(sentinels) => {
                let primary = sentinels.primary.as_ref()?;
                Some(&primary.address)
            }
            Self::Cluster(_) => None,
        }
    }

    /// Returns the endpoint as a sentence about it begins: `the server h:6379`.
    pub(crate) fn subject(&self) -> String {
        match self.server() {
            Some(address) => format!("the server {address}"),
            None => self.to_string(),
        }
    }
}

/// For people.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(address) => address.fmt(f),
            Self::Sentinels(sentinels) => match &sentinels.primary {
                Some(primary) => primary.address.fmt(f),
                None => {
                    let service = printable(&sentinels.service);
                    write!(f, "the primary of `{service}`")
                }
            },
            Self::Cluster(cluster) => {
                f.write_str("the cluster of ")?;
                for (number, seed) in cluster.seeds.iter().enumerate() {
                    let comma = if number > 0 { ", " } else { "" };
                    write!(f, "{comma}{seed}")?;
                }
                Ok(())
            }
        }
    }
}

/// `host:port`, with brackets around an IPv6 address, or a path: for people.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => {
                let host = printable(host);
                if host.contains(':') {
                    write!(f, "[{host}]:{port}")
                } else {
                    write!(f, "{host}:{port}")
                }
            }
            Self::Unix(path) => f.write_str(&printable(&path.to_string_lossy())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Cluster, Endpoint, Primary, ReadFrom, Sentinels, WrittenLogin};

    fn tcp(host: &str, port: u16) -> Address {
        let host = host.to_owned();
        Address::Tcp { host, port }
    }

    #[test]
    fn an_address_is_shown_in_one_line() {
        assert_eq!(tcp("h", 1).to_string(), "h:1");
        assert_eq!(tcp("::1", 1).to_string(), "[::1]:1");
        assert_eq!(Address::Unix("/run/a\nb".into()).to_string(), "/run/a\\nb");
    }

    #[test]
    fn r13_a_fail_over_is_another_endpoint() {
        let mut sentinels = Sentinels {
            addresses: vec![tcp("s", 26379)],
            service: "logs".to_owned(),
            login: WrittenLogin::default(),
            tls: None,
            primary: None,
        };
        let unknown = Endpoint::Sentinels(Box::new(sentinels.clone()));
        assert_eq!(unknown.to_string(), "the primary of `logs`");
        assert_eq!(unknown.subject(), "the primary of `logs`");
        let address = tcp("h", 1);
        sentinels.primary = Some(Primary {
            address,
            epoch: Some(3),
        });
        let known = Endpoint::Sentinels(Box::new(sentinels));
        assert_eq!(known.to_string(), "h:1");
        assert_ne!(known, unknown);
    }

    #[test]
    fn a_cluster_is_shown_by_its_seeds() {
        let cluster = Endpoint::Cluster(Cluster {
            seeds: vec![tcp("a", 7000), tcp("b", 7001)],
            require_full_coverage: true,
            read_from: ReadFrom::Primary,
        });
        assert_eq!(cluster.to_string(), "the cluster of a:7000, b:7001");
        assert_eq!(cluster.subject(), "the cluster of a:7000, b:7001");
    }
}
