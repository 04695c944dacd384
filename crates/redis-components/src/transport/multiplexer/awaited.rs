//! The replies that a request waits for.

use redis::{RedisResult, Value};
use tokio::time::Instant;

use super::slots::SlotNumber;

/// A request that is in the order of the connection. It stays there until all its replies have
/// come, also if nobody waits for them any more.
#[derive(Debug)]
pub(super) struct Awaited {
    /// `None` if nobody waits for the replies.
    pub(super) slot: Option<SlotNumber>,
    pub(super) deadline: Instant,
    pub(super) replies: Expected,
}

/// How many replies come.
#[derive(Debug)]
pub(super) enum Expected {
    One,
    /// The caller gets so many as one array.
    Several {
        left: usize,
        replies: Vec<Value>,
    },
}

impl Expected {
    pub(super) fn several(count: usize) -> Self {
        Self::Several {
            left: count,
            replies: Vec::with_capacity(count),
        }
    }

    /// Takes the next reply. Returns what the caller gets, if it was the last.
    pub(super) fn take(&mut self, reply: Value) -> Option<RedisResult<Value>> {
        match self {
            Self::One => Some(Ok(reply)),
            Self::Several { left, replies } => {
                replies.push(reply);
                *left = left.saturating_sub(1);
                (*left == 0).then(|| Ok(Value::Array(std::mem::take(replies))))
            }
        }
    }
}
