//! How long a client may take to connect and to answer.

use std::time::Duration;

use crate::config::ComponentConfig;

/// The bounds of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// Name resolution, connecting, logging in and the probe, together.
    pub(crate) connect: Duration,
    /// One command.
    pub(crate) response: Duration,
}

impl Timeouts {
    /// Returns the config's own bounds, and these for what the config leaves open.
    pub(crate) fn of(self, config: &ComponentConfig) -> Self {
        Self {
            connect: config.socket_connect_timeout().unwrap_or(self.connect),
            response: config.socket_timeout().unwrap_or(self.response),
        }
    }
}
