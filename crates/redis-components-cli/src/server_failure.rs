//! What errors of servers mean for a command.

use redis::RedisError;
use redis_components::{Error, ErrorKind};

use crate::failure::{Code, Failure};
use crate::text::printable;

/// Returns the code for an error of the runtime about a server.
pub(crate) fn code(error: &Error, [refused, unreachable]: [Code; 2]) -> Code {
    match error.kind() {
        // What the config refers to is looked for on the operator's machine.
        ErrorKind::ConfigInvalid | ErrorKind::ReferenceUnavailable | ErrorKind::Disabled => {
            Code::ConfigInvalid
        }
        ErrorKind::ServerRefused => refused,
        _ => unreachable,
    }
}

/// Returns what an error of the runtime about a server means for a command.
pub(crate) fn said(error: &Error) -> String {
    let text = error.to_string();
    if error.kind() != ErrorKind::ForbiddenByPolicy {
        return text;
    }
    // The runtime names what an application can set. An operator cannot.
    format!(
        "{text}; commands have the policy that applications have by default, and reach no server that it \
        forbids; if yours allow it, write the config with `set --no-probe`"
    )
}

/// Returns the failure for an answer of a server, without what was sent to it.
pub(crate) fn of_redis(
    error: &RedisError,
    what: &str,
    server: &str,
    [refused, unreachable]: [Code; 2],
) -> Failure {
    let mut inside = error
        .clone()
        .into_server_errors()
        .into_iter()
        .flat_map(|errors| errors.to_vec());
    // EXEC without the right to it says so inside of its own error.
    let no_rights = inside.find(|(_, error)| {
        error.code() == "NOPERM" || error.details().is_some_and(|text| text.contains("NOPERM"))
    });
    let (code, text) = if let Some((_, error)) = no_rights {
        let detail = printable(error.details().unwrap_or_default());
        let text = format!(
            "{what} {server} does not allow this: {detail}; docs/operations.md and docs/moving.md list the \
            rights that an operator needs"
        );
        (Code::NoRights, text)
    } else if error.code() == Some("READONLY") && refused == Code::ConfigServerRefused {
        let text = format!(
            "{what} {server} is a replica, and takes no writes: name its primary (INFO replication says which), or \
            let it be the primary"
        );
        (refused, text)
    } else if error.code() == Some("WRONGTYPE") {
        (
            Code::WrongType,
            format!("{what} {server}: a key has another type than expected"),
        )
    } else if error.code().is_some() {
        // A server repeats an unknown command with its arguments, which may be secrets.
        let text = error.to_string();
        let reason = if text.to_lowercase().contains("unknown") {
            "it does not know a command that is needed".to_owned()
        } else {
            printable(&text)
        };
        (refused, format!("{what} {server} refuses: {reason}"))
    } else if error.is_timeout() {
        (
            unreachable,
            format!("{what} {server} did not answer in time"),
        )
    } else {
        (
            unreachable,
            format!("{what} {server}: {}", printable(&error.to_string())),
        )
    };
    Failure::new(code, text).at(server)
}
