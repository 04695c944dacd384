//! What a node says about its cluster.

use std::io;
use std::ops::RangeInclusive;

use crate::server::Server;

/// The answer to `CLUSTER NODES`, sorted by identity: all nodes that agree have equal views.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct View {
    pub(super) nodes: Vec<Seen>,
}

/// A node as another sees it, or as it sees itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) id: String,
    /// `127.0.0.1:<port>@<bus port>`, with `,<host name>` if it has announced one.
    address: String,
    flags: Vec<String>,
    /// The identity of its primary, if it is a replica.
    pub(super) primary: Option<String>,
    epoch: u64,
    slots: Vec<RangeInclusive<u16>>,
}

impl View {
    pub(super) fn of(server: &Server) -> io::Result<Self> {
        let text: String = server.ask(&["CLUSTER", "NODES"])?;
        Self::parse(&text).ok_or_else(|| {
            io::Error::other(format!(
                "{} answered CLUSTER NODES with {text:?}",
                server.url()
            ))
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut nodes: Vec<Seen> = text.lines().map(Seen::parse).collect::<Option<_>>()?;
        nodes.sort_by(|one, other| one.id.cmp(&other.id));
        Some(Self { nodes })
    }

    pub(super) fn node(&self, id: &str) -> Option<&Seen> {
        self.nodes.iter().find(|seen| seen.id == id)
    }
}

impl Seen {
    /// Reads a line: identity, address, flags, primary, PING sent, PONG received, epoch, link, slots.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (id, address, flags) = (words.next()?, words.next()?, words.next()?);
        let primary = words.next()?;
        let epoch = words.nth(2)?.parse().ok()?;
        let slots = words.skip(1).filter(|slots| !slots.starts_with('['));
        // Each node has it for itself only.
        let flags = flags.split(',').filter(|flag| *flag != "myself");
        Some(Self {
            id: id.to_owned(),
            address: address.to_owned(),
            flags: flags.map(str::to_owned).collect(),
            primary: (primary != "-").then(|| primary.to_owned()),
            epoch,
            slots: slots.map(range).collect::<Option<_>>()?,
        })
    }

    pub(super) fn is_primary(&self) -> bool {
        self.has("master")
    }

    /// Returns `true` if the node answers, and is neither suspected nor half known.
    pub(super) fn is_well(&self) -> bool {
        let ill = ["fail", "fail?", "handshake", "noaddr"];
        !ill.iter().any(|flag| self.has(flag))
    }

    pub(super) fn serves(&self, slot: u16) -> bool {
        self.is_primary() && self.slots.iter().any(|range| range.contains(&slot))
    }

    pub(super) fn has_slots(&self) -> bool {
        !self.slots.is_empty()
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|found| found == flag)
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(first.parse().ok()?..=last.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::View;

    const ONE: &str = "\
b 127.0.0.1:7001@8001,localhost myself,master - 0 0 2 connected 0-5 9 [7->-a]
a 127.0.0.1:7000@8000 slave,fail? b 17 18 2 disconnected
";
    const OTHER: &str = "\
a 127.0.0.1:7000@8000 myself,slave b 0 0 2 connected
b 127.0.0.1:7001@8001,localhost master - 1 2 2 connected 0-5 9
";

    #[test]
    fn a_view_says_who_serves_what() {
        let view = View::parse(ONE).unwrap();
        let (replica, primary) = (view.node("a").unwrap(), view.node("b").unwrap());
        assert_eq!(replica.primary.as_deref(), Some("b"));
        assert!(!replica.is_well() && primary.is_well());
        let served = [0, 5, 6, 7, 9].map(|slot| primary.serves(slot));
        assert_eq!(served, [true, true, false, false, true]);
        assert_eq!((primary.epoch, replica.serves(0)), (2, false));
        assert!(primary.address.ends_with(",localhost"));
    }

    #[test]
    fn views_are_equal_if_the_nodes_agree() {
        let one = View::parse(&ONE.replace(",fail?", "")).unwrap();
        assert_eq!(one, View::parse(OTHER).unwrap());
        assert_ne!(View::parse(ONE), View::parse(OTHER));
        assert_eq!(View::parse("a 127.0.0.1:7000@8000 master"), None);
    }
}
