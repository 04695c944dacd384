//! The reasons why a server could not be used, as far as callers need to tell them apart.

use std::time::Duration;

use redis::RedisError;

use super::error_codes::{Meaning, of_error};
use crate::backoff::Backoff;
use crate::config::endpoint::Address;
use crate::error::ErrorKind;
use crate::error::server_words::{meaning, quoted};

pub(super) const NOT_REDIS: &str = "what answers is not a Redis server; check its address";

/// A failed attempt to connect, log in and probe.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    /// The event and the advice, without the server's address.
    pub(crate) message: String,
    pub(crate) source: Option<RedisError>,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The server does not answer.
    Unreachable,
    /// The server accepted the connection and closed it during the handshake.
    ClosedInHandshake,
    /// The server logged the client in, and closed the connection at what comes next: the question
    /// for RESP3 or for pushes.
    ClosedOnHello,
    /// The server took a client and closed its connections within a second.
    ClosedEarly(EarlyEnd),
    /// The server answers with a refusal that passes by itself.
    Busy,
    /// The server is a replica, and its sentinels say that it is a primary.
    Replica,
    /// The server answers with a refusal.
    Refused,
    /// The policy of this process does not let the server be connected to.
    Forbidden,
    /// This process lacks something that the config asks for, such as a feature.
    Local,
    /// What the config refers to, such as a file, cannot be used now. It is looked at again.
    Unavailable,
    /// The type of connection that a function takes cannot reach this kind of server.
    Unsupported,
    /// The runtime that runs the attempt cannot connect.
    Runtime,
}

/// How a client was used that its server closed within a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EarlyEnd {
    /// The server answered the probe only.
    Unused,
    /// The server answered calls.
    Used,
}

impl Cause {
    /// Returns the kind of the error that callers get.
    pub(crate) fn error_kind(self) -> ErrorKind {
        match self {
            Self::Busy | Self::Replica | Self::Refused => ErrorKind::ServerRefused,
            Self::Unreachable
            | Self::ClosedInHandshake
            | Self::ClosedOnHello
            | Self::ClosedEarly(_) => ErrorKind::ServerUnreachable,
            Self::Forbidden => ErrorKind::ForbiddenByPolicy,
            Self::Local => ErrorKind::ConfigInvalid,
            Self::Unavailable => ErrorKind::ReferenceUnavailable,
            Self::Unsupported => ErrorKind::UnsupportedConnection,
            Self::Runtime => ErrorKind::NoRuntime,
        }
    }

    /// Returns the kind of the error that callers get if this keeps the config server from being
    /// asked.
    pub(crate) fn error_kind_of_config_server(self) -> ErrorKind {
        match self {
            Self::Busy | Self::Refused => ErrorKind::ConfigServerRefused,
            Self::Forbidden => ErrorKind::ForbiddenByPolicy,
            Self::Local => ErrorKind::Settings,
            Self::Unavailable => ErrorKind::ReferenceUnavailable,
            _ => ErrorKind::ConfigServerUnreachable,
        }
    }

    /// Returns `true` if a server that is up turns new connections away, for example at its limit
    /// of clients. A proxy may do so by hanging up.
    pub(crate) fn is_of_living_server(self) -> bool {
        matches!(
            self,
            Self::Busy | Self::Refused | Self::ClosedInHandshake | Self::ClosedOnHello
        )
    }

    /// Returns the longest pause before the next attempt.
    pub(crate) fn longest_pause(self) -> Duration {
        match self {
            Self::Refused | Self::Forbidden | Self::Local | Self::Unavailable => Backoff::REFUSED,
            Self::ClosedEarly(EarlyEnd::Used) => Backoff::UNSTEADY,
            _ => Backoff::SERVER_DOWN,
        }
    }
}

impl Failure {
    pub(crate) fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self {
            cause,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Cause::Unreachable, message)
    }

    pub(crate) fn timed_out(after: Duration) -> Self {
        Self::unreachable(format!("no answer in time ({after:?})"))
    }

    /// Returns the failure of a server that closed a client within a second.
    pub(crate) fn closed_early(end: EarlyEnd) -> Self {
        Self::new(
            Cause::ClosedEarly(end),
            "it answers the probe, but its connections last for less than a second",
        )
    }

    /// Returns the failure of a server that is no primary.
    pub(crate) fn is_replica() -> Self {
        Self::new(
            Cause::Replica,
            "it is a replica, and the sentinels say that it is the primary; a fail-over may be going on",
        )
    }

    /// Returns the failure for a panic during a connect: tokio panics if a driver is missing.
    pub(crate) fn without_drivers() -> Self {
        Self::new(
            Cause::Runtime,
            "connecting panicked; if the tokio runtime has no I/O or time driver, build it with enable_all()",
        )
    }

    /// Returns the failure of a runtime that was shut down while it connected.
    pub(crate) fn runtime_ended() -> Self {
        Self::new(
            Cause::Runtime,
            "the tokio runtime of the call has been shut down",
        )
    }

    /// Returns the failure of a runtime that was made before the process forked.
    pub(crate) fn runtime_of_parent() -> Self {
        Self::new(
            Cause::Runtime,
            "the tokio runtime of the call was made before the process forked; make one in the child",
        )
    }

    /// Returns the same failure of a connection that the server had accepted.
    pub(crate) fn in_handshake(self) -> Self {
        let is_closed = match &self.source {
            Some(error) => error.is_connection_dropped(),
            None => self.cause == Cause::Unreachable,
        };
        self.caused_by(Cause::ClosedInHandshake, is_closed)
    }

    /// Returns the same failure of a connection that was logged in.
    pub(crate) fn on_hello(self) -> Self {
        let is_closed = self.is_closed();
        self.caused_by(Cause::ClosedOnHello, is_closed)
    }

    fn caused_by(mut self, cause: Cause, is_closed: bool) -> Self {
        if is_closed {
            self.cause = cause;
        }
        self
    }

    /// Returns the same failure of one of several servers.
    pub(crate) fn at(mut self, address: &Address) -> Self {
        self.message = format!("{address}: {}", self.message);
        self
    }

    /// Returns `true` if the server, or something before it, closed the connection.
    pub(crate) fn is_closed(&self) -> bool {
        let source = self.source.as_ref();
        source.is_some_and(RedisError::is_connection_dropped)
    }

    /// Returns `true` if another password, certificate or key could have helped.
    pub(crate) fn may_be_outdated(&self) -> bool {
        matches!(
            self.cause,
            Cause::Refused | Cause::Local | Cause::Unavailable
        )
    }

    /// Returns `true` if the server answered with a refusal, or this machine or the connection's
    /// type cannot use the config.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(
            self.cause,
            Cause::Busy
                | Cause::Replica
                | Cause::Refused
                | Cause::Local
                | Cause::Unavailable
                | Cause::Unsupported
        )
    }
}

impl Failure {
    /// Returns the failure of a server in its own words. They may hold what it was sent, so whoever
    /// shows them looks for the password in them.
    pub(super) fn quoting(error: RedisError) -> Self {
        Self::of_redis(error, quoted)
    }

    fn of_redis(error: RedisError, words: fn(&RedisError) -> String) -> Self {
        let is_cut_off = ended_in_mid_reply(&error);
        let message = if error.is_timeout() {
            "no answer in time".to_owned()
        } else if is_cut_off {
            "the connection ended in mid-reply".to_owned()
        } else if error.kind() == redis::ErrorKind::Parse {
            NOT_REDIS.to_owned()
        } else {
            words(&error)
        };
        let cause = match of_error(&error) {
            Some(Meaning::Passes | Meaning::DoesNotServe) => Cause::Busy,
            Some(Meaning::Lives | Meaning::RefusesClient) => Cause::Refused,
            None if is_cut_off => Cause::Unreachable,
            None => match error.kind() {
                redis::ErrorKind::AuthenticationFailed
                | redis::ErrorKind::Parse
                | redis::ErrorKind::Client
                | redis::ErrorKind::UnexpectedReturnType => Cause::Refused,
                _ => Cause::Unreachable,
            },
        };
        Self {
            cause,
            message,
            source: Some(error),
        }
    }
}

/// Without a word of the server's own.
impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::of_redis(error, meaning)
    }
}

/// Returns `true` if a reply was cut off. redis-rs's asynchronous connection reports that as a
/// reply that it cannot parse, with its own text.
fn ended_in_mid_reply(error: &RedisError) -> bool {
    error.kind() == redis::ErrorKind::Parse
        && error
            .detail()
            .is_some_and(|detail| detail.contains("end of input"))
}
