//! The errors of a subscriber that has lost its connection.

use redis::RedisError;

use crate::connection::subscriber::line::Line;
use crate::error::text::printable;
use crate::error::{Error, ErrorKind};
use crate::telemetry::component::Subject;

/// A connection that was lost, and why.
pub(super) struct Lost {
    pub(super) subject: Subject,
    pub(super) server: String,
    pub(super) reason: String,
}

impl Lost {
    pub(super) fn new(line: &Line, error: &RedisError) -> Self {
        Self {
            subject: line.shared.subject.clone(),
            server: line.shared.config.address(),
            reason: printable(&error.to_string()),
        }
    }

    /// Returns the error of a subscriber that goes on.
    pub(super) fn passing(&self) -> Error {
        let then = "it connects again, and what is published meanwhile is missed";
        self.error(ErrorKind::ServerUnreachable, then)
    }

    /// Returns the error of a subscriber that was told to stay on a server that the component has
    /// left.
    pub(super) fn last(&self) -> Error {
        let then = "the component has moved and the subscriber was told to stay, so it ends";
        self.error(ErrorKind::ComponentMoved, then)
    }

    fn error(&self, kind: ErrorKind, then: &str) -> Error {
        let Self {
            subject: Subject { component, key },
            server,
            reason,
        } = self;
        let text = format!("the subscriber has lost its connection to {server}: {reason}; {then}");
        Error::new(kind, text).about(component, key, Some(server))
    }
}
