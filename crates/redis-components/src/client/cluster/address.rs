//! The address of a node.

use std::fmt;

use crate::config::endpoint::Address;

/// A host and a port, as a cluster announces them. The default stands for a node that nobody knows
/// any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeAddress {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// The longest name of a host (RFC 1035, 2.3.4).
const LONGEST_HOST: usize = 255;

impl NodeAddress {
    /// Returns the address that `host` and `port` name, or `None` if there is no server under it.
    /// An empty host is the host of the node that said so.
    pub(super) fn announced(host: &str, port: u16, by: &Self) -> Option<Self> {
        let host = match host {
            "" => by.host.as_str(),
            host => host,
        };
        let host = match host {
            "" | "?" => return None,
            host => host,
        };
        let is_host = host.len() <= LONGEST_HOST
            && !host
                .bytes()
                .any(|byte| byte.is_ascii_control() || byte == b' ');
        (port != 0 && is_host).then(|| Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl From<NodeAddress> for Address {
    fn from(NodeAddress { host, port }: NodeAddress) -> Self {
        Self::Tcp { host, port }
    }
}

/// `host:port`, for people.
impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Address::from(self.clone()).fmt(f)
    }
}
