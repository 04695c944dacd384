//! Bounds on what a server may send as one reply.
//!
//! redis-rs's parser bounds the nesting of a reply and nothing else. It waits for as many bytes as a
//! header announces, and keeps all that have come. So replies are counted before it gets them.

use std::fmt;
use std::io;

use super::failure::{Cause, Failure, NOT_REDIS};

/// How much of one reply is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplyBounds {
    /// The longest line: an error, a simple string, a number or a header.
    pub(super) line: u64,
    /// The longest string that is sent with its length.
    pub(super) string: u64,
    /// The longest reply, with all its elements.
    pub(super) reply: u64,
    /// How deep elements may be nested.
    pub(super) depth: usize,
}

impl ReplyBounds {
    /// A server answers a handshake with short lines. To HELLO it names its modules, with their
    /// arguments.
    pub(super) const HANDSHAKE: Self = Self {
        line: 4 * 1024,
        string: 4 * 1024,
        reply: 16 * 1024,
        depth: 8,
    };

    /// A component's data may be anything that Redis can hold: by default, its strings are at most
    /// 512 MiB long. redis-rs refuses deeper nesting.
    pub(crate) const DATA: Self = Self {
        line: 1024 * 1024,
        string: 512 * 1024 * 1024,
        reply: u64::MAX,
        depth: 100,
    };

    /// A cluster tells its slots, and sentinels tell their servers, in short strings. A cluster of a
    /// thousand nodes takes some hundred kilobytes.
    pub(crate) const TOPOLOGY: Self = Self {
        line: 4 * 1024,
        string: 64 * 1024,
        reply: 4 * 1024 * 1024,
        depth: 8,
    };

    /// Returns bounds for replies that are strings of at most `longest` bytes, for pushes, and for the
    /// answer to HELLO.
    pub(crate) const fn strings(longest: u64) -> Self {
        Self {
            line: 4 * 1024,
            string: longest,
            reply: longest + 4 * 1024,
            depth: 8,
        }
    }
}

/// Why a reply is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unbounded {
    /// It is no reply of a Redis server.
    NotRedis,
    Line {
        most: u64,
    },
    String {
        length: u64,
        most: u64,
    },
    Reply {
        most: u64,
    },
    Depth {
        most: usize,
    },
}

impl fmt::Display for Unbounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRedis => f.write_str(NOT_REDIS),
            Self::Line { most } => {
                write!(f, "it sends a line of more than {most} bytes")
            }
            Self::String { length, most } => {
                write!(
                    f,
                    "it sends a string of {length} bytes, and at most {most} are taken"
                )
            }
            Self::Reply { most } => write!(f, "it sends a reply of more than {most} bytes"),
            Self::Depth { most } => {
                write!(f, "it sends a reply that is nested more than {most} deep")
            }
        }
    }
}

impl std::error::Error for Unbounded {}

/// The failure of a server that sends this in a handshake.
impl From<Unbounded> for Failure {
    fn from(error: Unbounded) -> Self {
        Self::new(Cause::Refused, error.to_string())
    }
}

/// An error that ends the connection, for redis-rs as well.
impl From<Unbounded> for io::Error {
    fn from(error: Unbounded) -> Self {
        Self::new(io::ErrorKind::ConnectionAborted, error)
    }
}
