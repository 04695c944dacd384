//! Numbers of nodes.

/// How many nodes have a number at once. A cluster has fewer slots that each could have an owner
/// and replicas of its own, so that some are always free or can be.
pub(super) const MOST: usize = 1 << 15;

/// The number of a node: a place, and how often the place was given before. So a call that still has
/// the number of a node that is gone does not meet the next node in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeNumber(u32);

impl NodeNumber {
    /// Returns the first number of a place, if there is such a place.
    pub(super) fn first(place: usize) -> Option<Self> {
        let bits = u32::try_from(place).ok();
        bits.filter(|_| place < MOST).map(Self)
    }

    /// Returns the number that its place has next.
    pub(super) fn next(self) -> Self {
        Self(self.0.wrapping_add(1 << 16))
    }

    /// Returns the place, which numbers of different nodes share in turns.
    pub(super) fn place(self) -> usize {
        (self.0 & 0xffff) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, NodeNumber};

    #[test]
    fn numbers_of_one_place_differ() {
        let first = NodeNumber::first(5).unwrap();
        assert_eq!(first.next().place(), 5);
        assert_ne!(first.next(), first);
        assert_eq!(NodeNumber::first(MOST), None);
        let last = (0..70_000).fold(NodeNumber::first(MOST - 1).unwrap(), |number, _| {
            number.next()
        });
        assert_eq!(last.place(), MOST - 1);
    }
}
