//! A caller that waits for a connection of a pool.

use std::time::Instant;

use redis::RedisError;

use crate::transport::failure::Failure;

/// A caller that has no connection yet.
pub(super) struct Turn {
    pub(super) begun: Instant,
    /// Whether it had its turn and got no connection.
    pub(super) is_back: bool,
    /// Whether an idle connection had ended.
    pub(super) found_dead: bool,
    /// Whether the server did not answer over an idle connection.
    pub(super) found_silent: bool,
}

impl Turn {
    pub(super) fn begin() -> Self {
        Self {
            begun: Instant::now(),
            is_back: false,
            found_dead: false,
            found_silent: false,
        }
    }

    /// Notes that an idle connection was dead.
    pub(super) fn note_dead(&mut self, failure: &Failure) {
        self.is_back = true;
        self.found_dead = true;
        self.found_silent |= failure.source.as_ref().is_some_and(RedisError::is_timeout);
    }
}
