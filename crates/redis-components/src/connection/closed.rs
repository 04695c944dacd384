//! The errors of a dedicated connection that was closed.

use super::line::Shared;
use crate::error::{Error, ErrorKind};
use crate::telemetry::component::Subject;

/// Returns the error of a call whose session was lost with its connection. Its next commands would
/// be executed elsewhere, or without the keys that it watches.
pub(super) fn session_lost(shared: &Shared) -> Error {
    let text = "a command that waited was given up, so the connection was closed, and with it ended what the call \
                had begun there (`SELECT`, `WATCH` or `MULTI`); nothing more is sent; begin the call again";
    closed(shared, text)
}

/// Returns the error of a clone whose connection another handle has closed.
pub(super) fn closed_elsewhere(shared: &Shared) -> Error {
    let text = "the connection of which this is a clone was closed: its call has ended, has gone to another server, or \
                has given up a command that waited; nothing was sent; clone the call's connection again";
    closed(shared, text)
}

fn closed(shared: &Shared, text: &str) -> Error {
    let Subject { component, key } = &shared.subject;
    let server = shared.config.address();
    Error::new(ErrorKind::ConnectionClosed, text).about(component, key, Some(&server))
}
