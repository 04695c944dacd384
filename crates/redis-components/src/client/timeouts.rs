//! How long connecting and answering may take.

use std::time::Duration;

use crate::ComponentConfig;

/// The bounds that one client keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// Name resolution, connecting, logging in and the probe, together.
    pub(crate) connect: Duration,
    /// One command.
    pub(crate) response: Duration,
}

impl Timeouts {
    /// What the config asks for, and these where it does not.
    pub(crate) fn of(self, config: &ComponentConfig) -> Self {
        Self {
            connect: config.socket_connect_timeout().unwrap_or(self.connect),
            response: config.socket_timeout().unwrap_or(self.response),
        }
    }
}
