//! Why a server could not be used, told apart as callers need it.

use std::time::Duration;

use redis::RedisError;

use super::health::{EarlyEnd, is_passing};
use crate::error::{printable_error, repeats_arguments};

/// A failed attempt to connect, log in and probe.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    /// What happened and what to do, without the server's address.
    pub(crate) message: String,
    pub(crate) source: Option<RedisError>,
    /// Whether the server accepted the connection and then ended it.
    pub(crate) hung_up: Option<HungUp>,
}

/// When a server ended a connection that it had accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HungUp {
    /// While logging in and being probed.
    InHandshake,
    /// Soon after.
    Early,
}

/// Who is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The server does not answer.
    Unreachable,
    /// The server answers for a while, and ends the connection.
    Unsteady,
    /// The server answers, with a refusal that will pass.
    Busy,
    /// The server answers, with a refusal.
    Refused,
    /// The runtime that should connect cannot.
    Runtime,
}

impl Failure {
    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self {
            cause: Cause::Unreachable,
            message: message.into(),
            source: None,
            hung_up: None,
        }
    }

    /// The same, of a connection that had been accepted and was to be logged in.
    pub(crate) fn in_handshake(self) -> Self {
        let source = self.source.as_ref();
        let ended = source.is_none_or(RedisError::is_connection_dropped);
        Self {
            hung_up: ended.then_some(HungUp::InHandshake),
            ..self
        }
    }

    /// The server took a client, and ended it too soon.
    pub(crate) fn hung_up(end: EarlyEnd) -> Self {
        Self {
            cause: match end {
                EarlyEnd::Unused => Cause::Unreachable,
                EarlyEnd::Used => Cause::Unsteady,
            },
            message: "it answers the probe, but its connections last for less than a second".into(),
            source: None,
            hung_up: Some(HungUp::Early),
        }
    }

    /// What a panic while connecting means: tokio panics where a driver is missing.
    pub(crate) fn without_drivers() -> Self {
        Self {
            cause: Cause::Runtime,
            message: "connecting panicked; a tokio runtime must have its I/O and time drivers, \
                      as enable_all() gives it"
                .into(),
            source: None,
            hung_up: None,
        }
    }

    /// The runtime that should connect has been shut down.
    pub(crate) fn runtime_ended() -> Self {
        Self {
            cause: Cause::Runtime,
            message: "the tokio runtime of the call has been shut down".into(),
            source: None,
            hung_up: None,
        }
    }

    /// The cause, where it can be shown to anybody.
    pub(crate) fn shown_source(&self) -> Option<RedisError> {
        let source = self.source.as_ref();
        source.filter(|error| !repeats_arguments(error)).cloned()
    }

    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.cause, Cause::Busy | Cause::Refused)
    }

    pub(crate) fn timed_out(after: Duration) -> Self {
        Self::unreachable(format!("no answer in time ({after:?})"))
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        let text = if error.is_timeout() {
            "no answer in time".to_owned()
        } else if ended_in_mid_reply(&error) {
            "the connection ended in mid-reply".to_owned()
        } else if error.kind() == redis::ErrorKind::Parse {
            "what answers is not a Redis server".to_owned()
        } else {
            printable_error(&error)
        };
        // By code and not by kind: redis-rs gives a wrong password another kind for each protocol version.
        let advice = match error.code() {
            Some("WRONGPASS") => "; check `username` and `password`",
            Some("NOAUTH") => "; the server wants a password",
            Some("NOPERM") => "; the user lacks a permission",
            Some("LOADING") => "; it is still loading its data",
            _ if error.kind() == redis::ErrorKind::AuthenticationFailed => {
                "; check `username` and `password`"
            }
            _ => "",
        };
        let refused = error.code().is_some()
            || matches!(
                error.kind(),
                redis::ErrorKind::AuthenticationFailed
                    | redis::ErrorKind::Parse
                    | redis::ErrorKind::Client
                    | redis::ErrorKind::UnexpectedReturnType
            ) && !ended_in_mid_reply(&error);
        Self {
            cause: if is_passing(&error) {
                Cause::Busy
            } else if refused {
                Cause::Refused
            } else {
                Cause::Unreachable
            },
            message: format!("{text}{advice}"),
            source: Some(error),
            hung_up: None,
        }
    }
}

/// Whether a reply was cut off: redis-rs's asynchronous connection calls that a reply that it cannot parse, as it does what is
/// not Redis's, and tells the two apart in its words alone.
fn ended_in_mid_reply(error: &RedisError) -> bool {
    error.kind() == redis::ErrorKind::Parse
        && error
            .detail()
            .is_some_and(|detail| detail.contains("end of input"))
}
