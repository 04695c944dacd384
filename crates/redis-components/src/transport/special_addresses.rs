//! Addresses at which no component is: those of everybody, of nobody, and of this link alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// A range of addresses that are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Special {
    range: IpNet,
    /// What its addresses are, for people.
    pub(super) what: &'static str,
    /// Whether a policy may allow networks inside of it.
    pub(super) can_be_allowed: bool,
}

impl Special {
    /// Returns `true` if all of the network's addresses are in the range.
    pub(super) fn contains(&self, network: &IpNet) -> bool {
        self.range.contains(network)
    }
}

const SPECIAL: [Special; 14] = [
    v4([0, 0, 0, 0], 8, "a wildcard address", false),
    v4([169, 254, 0, 0], 16, "a link-local address", true),
    v4([224, 0, 0, 0], 4, "a multicast address", false),
    v4([255, 255, 255, 255], 32, "a broadcast address", false),
    v6([0, 0, 0], 128, "a wildcard address", false),
    v6([0xfe80, 0, 0], 10, "a link-local address", true),
    v6([0xff00, 0, 0], 8, "a multicast address", false),
    // Its length is the operator's choice, so the IPv4 address inside of it is not known.
    v6(LOCAL_NAT64, 48, "an address of a local NAT64 prefix", true),
    // Deprecated, and once link-local with another scope.
    v6([0xfec0, 0, 0], 10, "a site-local address", true),
    // Where clouds serve credentials, besides 169.254.0.0/16: Alibaba, Azure, Oracle, AWS and Google.
    v4([100, 100, 100, 200], 32, CREDENTIALS, true),
    v4([168, 63, 129, 16], 32, CREDENTIALS, true),
    v4([192, 0, 0, 192], 32, CREDENTIALS, true),
    v6([0xfd00, 0xec2, 0], 32, CREDENTIALS, true),
    v6([0xfd20, 0xce, 0], 32, CREDENTIALS, true),
];

const CREDENTIALS: &str = "an address at which a cloud serves credentials";

const LOCAL_NAT64: [u16; 3] = [0x64, 0xff9b, 1];
/// RFC 6052, 2.1.
const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];
/// RFC 3056.
const SIX_TO_FOUR: u16 = 0x2002;

const fn v4([a, b, c, d]: [u8; 4], bits: u8, what: &'static str, can_be_allowed: bool) -> Special {
    Special {
        range: IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)),
        what,
        can_be_allowed,
    }
}

const fn v6([a, b, c]: [u16; 3], bits: u8, what: &'static str, can_be_allowed: bool) -> Special {
    Special {
        range: IpNet::V6(Ipv6Net::new_assert(
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0),
            bits,
        )),
        what,
        can_be_allowed,
    }
}

/// Returns the range of special addresses that an address is in, if it is in one.
pub(super) fn special(address: IpAddr) -> Option<&'static Special> {
    SPECIAL
        .iter()
        .find(|special| special.range.contains(&address))
}

/// Returns the address at which a connection ends: an IPv6 address may stand for an IPv4 address.
pub(super) fn meant(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => ipv4_in(address).map_or(IpAddr::V6(address), IpAddr::V4),
    }
}

/// Returns `true` if the network is a part of the well-known NAT64 prefix.
pub(super) fn is_of_nat64(network: &IpNet) -> bool {
    match network {
        IpNet::V4(_) => false,
        IpNet::V6(network) => network.prefix_len() >= 96 && has_prefix(network.addr(), NAT64),
    }
}

fn ipv4_in(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let mapped = address.to_ipv4_mapped();
    let [first, second, third, .., high, low] = address.segments();
    // IPv4-compatible addresses are deprecated; `::` and `::1` are none.
    let is_compatible = has_prefix(address, [0; 6]) && (high != 0 || low > 1);
    mapped.or_else(|| {
        if has_prefix(address, NAT64) || is_compatible {
            Some(ipv4(high, low))
        } else {
            (first == SIX_TO_FOUR).then(|| ipv4(second, third))
        }
    })
}

fn has_prefix(address: Ipv6Addr, prefix: [u16; 6]) -> bool {
    address.segments().starts_with(&prefix)
}

fn ipv4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::{meant, special};

    fn what(address: &str) -> Option<&'static str> {
        let address = address.parse().unwrap();
        special(meant(address)).map(|special| special.what)
    }

    #[test]
    fn r11_no_spelling_hides_a_special_address() {
        for (address, is) in [
            ("0.0.0.0", "a wildcard address"),
            ("0.1.2.3", "a wildcard address"),
            ("::", "a wildcard address"),
            ("::ffff:0.0.0.0", "a wildcard address"),
            ("169.254.169.254", "a link-local address"),
            ("::ffff:169.254.169.254", "a link-local address"),
            ("::169.254.169.254", "a link-local address"),
            ("64:ff9b::169.254.169.254", "a link-local address"),
            ("2002:a9fe:a9fe::1", "a link-local address"),
            ("64:ff9b:1::8.8.8.8", "an address of a local NAT64 prefix"),
            ("fe80::1", "a link-local address"),
            ("febf::1", "a link-local address"),
            ("fec0::1", "a site-local address"),
            ("224.0.0.1", "a multicast address"),
            ("239.255.255.255", "a multicast address"),
            ("ff02::1", "a multicast address"),
            ("255.255.255.255", "a broadcast address"),
            ("::ffff:255.255.255.255", "a broadcast address"),
            ("64:ff9b::255.255.255.255", "a broadcast address"),
        ] {
            assert_eq!(what(address), Some(is), "{address}");
        }
        for usual in [
            "127.0.0.1",
            "10.0.0.1",
            "8.8.8.8",
            "::1",
            "::ffff:127.0.0.1",
            "64:ff9b::8.8.8.8",
            "fd00::1",
            "2001:db8::1",
            "169.253.255.255",
            "223.255.255.255",
        ] {
            assert_eq!(what(usual), None, "{usual}");
        }
    }

    #[test]
    fn an_ipv4_address_inside_of_another_is_the_one_that_is_meant() {
        for (address, other) in [
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("64:ff9b::10.0.0.1", "10.0.0.1"),
            ("2002:a00:1::", "10.0.0.1"),
            ("::1", "::1"),
            ("64:ff9b:2::10.0.0.1", "64:ff9b:2::10.0.0.1"),
        ] {
            let [address, other] = [address, other].map(|text| text.parse().unwrap());
            assert_eq!(meant(address), other);
        }
    }
}
