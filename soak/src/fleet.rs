//! The two kinds of callers.

/// How callers learn of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fleet {
    Push,
    Poll,
}

impl Fleet {
    pub(crate) const BOTH: [Self; 2] = [Self::Push, Self::Poll];
}
