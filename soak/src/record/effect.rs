//! The effects of faults on calls: the errors that are expected while the faults last, and no
//! others.

use std::time::Duration;

use redis::RedisError;
use redis_components::ErrorKind;

use crate::places::RECOVERY;
use crate::record::class::{Class, Excuse};

/// The effect of a fault on calls that need the part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// No call may fail, and none may be late.
    Nothing,
    /// Any call may fail in any way.
    Anything,
    /// The same, and the server holds writes back: a call without a bound of its own waits for it.
    HoldsWrites,
    /// The server answers writes with `MISCONF`. It can be connected to and moved to.
    RefusesWrites,
    /// The server is silent, and then answers `BUSY`.
    Busy,
    /// The server takes no new client, and says so.
    RefusesClients,
}

impl Effect {
    /// Returns why a call may fail with the error; without an error, why it may fail at all.
    /// A call whose component moves needs a new connection.
    pub(crate) fn excuse(
        self,
        class: Class,
        moves: bool,
        error: Option<&RedisError>,
    ) -> Option<Excuse> {
        let is = |expected: fn(&RedisError) -> bool| error.is_none_or(expected);
        match self {
            Self::Nothing => None,
            Self::Anything | Self::HoldsWrites => Some(Excuse::Server),
            Self::RefusesWrites => {
                (class.writes() && is(is_misconf)).then_some(Excuse::RefusedWrite)
            }
            Self::Busy => is(is_of_a_busy_server).then_some(Excuse::Busy),
            Self::RefusesClients => ((moves || class.connects()) && is(is_client_limit))
                .then_some(Excuse::RefusedClient),
        }
    }

    /// Returns `true` if a config may take longer to be in force.
    pub(crate) fn holds_up_changes(self) -> bool {
        !matches!(self, Self::Nothing | Self::RefusesWrites)
    }

    /// Returns how long the fault can still be felt after its end.
    pub(crate) fn recovery(self) -> Duration {
        match self {
            // The server was never given up.
            Self::Nothing | Self::RefusesWrites => Duration::ZERO,
            Self::Anything | Self::HoldsWrites | Self::Busy | Self::RefusesClients => RECOVERY,
        }
    }
}

/// Returns `true` if the error says that the connection of a subscriber has ended.
pub(crate) fn is_end_of_subscription(error: &RedisError) -> bool {
    kind(error).is_none_or(|kind| kind == ErrorKind::ComponentMoved) && error.is_io_error()
}

/// Returns `true` if the error proves that the server did not execute the call.
pub(crate) fn proves_refusal(error: &RedisError) -> bool {
    let first = error
        .clone()
        .into_server_errors()
        .is_some_and(|errors| errors.first().is_some_and(|(index, _)| *index == 0));
    first && (is_misconf(error) || says(error, "BUSY"))
}

fn is_misconf(error: &RedisError) -> bool {
    says(error, "MISCONF")
}

/// A silent server times out, or is given up with its connections, and then refuses calls and
/// probes.
fn is_of_a_busy_server(error: &RedisError) -> bool {
    match kind(error) {
        Some(kind) => matches!(
            kind,
            ErrorKind::ServerUnreachable
                | ErrorKind::ServerRefused
                | ErrorKind::ConfigServerUnreachable
                | ErrorKind::ConfigServerRefused
        ),
        None => error.is_io_error() || says(error, "BUSY"),
    }
}

/// A server that speaks TLS can only hang up, because nobody has begun to speak.
fn is_client_limit(error: &RedisError) -> bool {
    match kind(error) {
        Some(ErrorKind::ServerRefused | ErrorKind::ConfigServerRefused) => {
            error.to_string().contains("max number of clients")
        }
        Some(ErrorKind::ServerUnreachable) => error
            .to_string()
            .contains("closed the connection during the TLS handshake"),
        _ => false,
    }
}

/// Returns `true` if the server's error, or the error of a command in a pipeline, has the code.
fn says(error: &RedisError, code: &str) -> bool {
    let errors = error.clone().into_server_errors();
    kind(error).is_none()
        && errors.is_some_and(|errors| errors.iter().any(|(_, error)| error.code() == code))
}

/// Returns the kind of the runtime's error, or `None` if the error is not the runtime's.
pub(crate) fn kind(error: &RedisError) -> Option<ErrorKind> {
    redis_components::Error::of(error).map(redis_components::Error::kind)
}

#[cfg(test)]
mod tests {
    use redis::RedisError;

    use super::{Effect, proves_refusal};
    use crate::record::class::{Class, Excuse};

    fn of_server(reply: &str) -> RedisError {
        let reply = redis::parse_redis_value(reply.as_bytes()).unwrap();
        reply.extract_error().unwrap_err()
    }

    #[test]
    fn a_server_that_cannot_save_refuses_writes_and_nothing_else() {
        let misconf = of_server("-MISCONF cannot persist\r\n");
        let excuse = |class, error| Effect::RefusesWrites.excuse(class, false, Some(error));
        assert_eq!(excuse(Class::Task, &misconf), Some(Excuse::RefusedWrite));
        assert_eq!(excuse(Class::Subscriber, &misconf), None);
        let busy = of_server("-BUSY script\r\n");
        assert_eq!(excuse(Class::Task, &busy), None);
        let timeout = RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        assert_eq!(excuse(Class::Task, &timeout), None);
        assert!(proves_refusal(&misconf));
        assert!(!proves_refusal(&timeout));
    }

    #[test]
    fn a_busy_server_is_silent_or_says_so() {
        let excuse = |error| Effect::Busy.excuse(Class::Task, false, Some(&error));
        let timeout = RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        assert_eq!(excuse(timeout), Some(Excuse::Busy));
        assert_eq!(excuse(of_server("-BUSY script\r\n")), Some(Excuse::Busy));
        assert_eq!(excuse(of_server("-WRONGPASS no\r\n")), None);
    }

    #[test]
    fn a_limit_of_clients_concerns_those_who_connect() {
        let excuse = |class, moves, error| Effect::RefusesClients.excuse(class, moves, error);
        let refused = Some(Excuse::RefusedClient);
        assert_eq!(excuse(Class::Scope, false, None), refused);
        assert_eq!(excuse(Class::Task, true, None), refused);
        assert_eq!(excuse(Class::Task, false, None), None);
        let timeout = RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        assert_eq!(excuse(Class::Scope, false, Some(&timeout)), None);
    }
}
