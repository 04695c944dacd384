//! The structures that have a compact encoding.

use std::fmt;

use redis::Cmd;

/// A structure that Redis keeps in a compact encoding while it is small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Structure {
    /// A hash, compact as a list of fields and values.
    Hash,
    /// A set of whole numbers, compact as a sorted array.
    IntegerSet,
    /// A sorted set, compact as a list of members and scores.
    SortedSet,
}

impl Structure {
    /// All structures.
    pub const ALL: [Self; 3] = [Self::Hash, Self::IntegerSet, Self::SortedSet];

    /// Returns the server's options that limit the number of elements, the newest name first.
    pub(super) fn options(self) -> &'static [&'static str] {
        match self {
            Self::Hash => &["hash-max-listpack-entries", "hash-max-ziplist-entries"],
            Self::IntegerSet => &["set-max-intset-entries"],
            Self::SortedSet => &["zset-max-listpack-entries", "zset-max-ziplist-entries"],
        }
    }

    /// Returns the command that adds an element.
    pub(super) fn add(self, key: &str, element: u64) -> Cmd {
        match self {
            Self::Hash => Cmd::hset(key, element, element),
            Self::IntegerSet => Cmd::sadd(key, element),
            Self::SortedSet => Cmd::zadd(key, element, element),
        }
    }
}

impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hash => "hash",
            Self::IntegerSet => "integer set",
            Self::SortedSet => "sorted set",
        })
    }
}
