//! What an attempt has come to, to be told when it is over.

use crate::{ErrorKind, measure};

/// An event of a component, told by [`emit`](Self::emit): not before the attempt is over, because a subscriber may itself
/// call the component, and would wait for the attempt.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) component: String,
    pub(super) key: String,
    pub(super) server: String,
    pub(super) event: Event,
}

#[derive(Debug)]
pub(super) enum Event {
    /// A new config is in force.
    InForce {
        generation: u64,
        previous: Option<String>,
    },
    /// The server of the config in force can be used again.
    Back { generation: u64 },
    /// The server cannot be used.
    Unusable {
        kind: ErrorKind,
        reason: String,
        /// Whether that is news.
        is_first: bool,
    },
}

impl Report {
    pub(super) fn emit(self) {
        let Self {
            component,
            key,
            server,
            event,
        } = self;
        match event {
            Event::InForce {
                generation,
                previous,
            } => {
                measure::swap(&component, generation);
                tracing::info!(
                    component,
                    key,
                    generation,
                    server,
                    previous,
                    "config in force"
                );
            }
            Event::Back { generation } => {
                tracing::info!(component, key, generation, server, "server is back");
            }
            Event::Unusable {
                kind,
                reason,
                is_first,
            } => {
                measure::server_failure(&component, kind);
                if is_first {
                    tracing::warn!(component, key, server, reason, "server cannot be used");
                }
            }
        }
    }
}
