//! The meaning of an error code in a reply, for the server that sent it. This is the only table of
//! error codes.

use redis::{ErrorKind, RedisError, ServerError, Value};

/// The meaning of an error code for its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The server lives and serves. It refused this one command.
    Lives,
    /// The server serves nobody for the moment.
    Passes,
    /// The server does not serve what a primary serves; the component may be elsewhere.
    DoesNotServe,
    /// The server refuses this client, or its login.
    RefusesClient,
}

/// Redis's answer at its limit of clients, which has no code.
const MAX_CLIENTS: &str = "max number of clients";

/// Returns the meaning of `code` for the server that sent it. An unknown code means that the server
/// lives.
fn of_code(code: &str) -> Meaning {
    match code {
        "LOADING" | "MASTERDOWN" | "NOREPLICAS" | "READONLY" => Meaning::DoesNotServe,
        "BUSY" | "TRYAGAIN" | "CLUSTERDOWN" => Meaning::Passes,
        "DENIED" | "NOAUTH" | "WRONGPASS" => Meaning::RefusesClient,
        _ => Meaning::Lives,
    }
}

/// Returns the meaning of an error, with its text: scripts and transactions put the error of a
/// command into theirs.
fn of_code_and_text(code: &str, text: Option<&str>) -> Meaning {
    let text = text.unwrap_or_default();
    match code {
        "ERR" if text.contains(MAX_CLIENTS) => Meaning::Passes,
        // "… @user_script: 1: -READONLY You can't write …", "Transaction discarded because of:
        // READONLY …"
        "ERR" | "EXECABORT" => {
            let words: Vec<&str> = text.split_whitespace().collect();
            let after_minus = words.iter().filter_map(|word| word.strip_prefix('-'));
            let after_of = words.windows(2).filter(|pair| pair[0] == "of:");
            let mut codes = after_minus.chain(after_of.map(|pair| pair[1]));
            let inner = codes.find(|code| of_code(code) == Meaning::DoesNotServe);
            inner.map_or(Meaning::Lives, of_code)
        }
        code => of_code(code),
    }
}

/// Returns the meaning of an error for its server, or `None` if no server sent it.
pub(crate) fn of_error(error: &RedisError) -> Option<Meaning> {
    let code = error.code()?;
    Some(of_code_and_text(code, error.detail()))
}

/// Returns `true` if the error says that the server does not serve anybody, or not this client, for
/// the moment.
pub(crate) fn is_passing(error: &RedisError) -> bool {
    matches!(
        of_error(error),
        Some(Meaning::Passes | Meaning::DoesNotServe)
    )
}

/// Returns `true` if the reply, or an element of it, says that the server does not serve what a
/// primary serves.
pub(crate) fn does_not_serve(reply: &Value) -> bool {
    match reply {
        Value::ServerError(error) => refuses_to_serve(error),
        Value::Array(elements) => elements
            .iter()
            .any(|element| matches!(element, Value::ServerError(error) if refuses_to_serve(error))),
        _ => false,
    }
}

/// Returns `true` if the reply proves that the command was not executed, so that it may be sent to
/// another server. A script may answer with any code: there, only the codes that the server sends
/// before it runs a script prove that, and the server's own words about the first write of one.
pub(crate) fn refuses(reply: &Value, is_script: bool) -> bool {
    let Value::ServerError(error) = reply else {
        return false;
    };
    is_refusal_before_script(error.code())
        || is_refusal_code(error.code()) && (!is_script || refuses_first_write(error))
}

/// Returns `true` if these are the words in which a server refuses the first write of a script. It
/// looks at its role before the first one only, so that nothing of the script is written then.
fn refuses_first_write(error: &ServerError) -> bool {
    let words = match error.code() {
        "READONLY" => "You can't write against a read only replica.",
        "NOREPLICAS" => "Not enough good replicas to write.",
        _ => return false,
    };
    error.details().is_some_and(|text| text.starts_with(words))
}

/// Returns `true` if the server was asked to end the command, which waited and has taken nothing.
pub(crate) fn is_unblocked(reply: &Value) -> bool {
    matches!(reply, Value::ServerError(error) if error.code() == "UNBLOCKED")
}

/// Returns `true` if the server has become a replica and so has ended the command, which waited and
/// has taken nothing.
pub(crate) fn is_ended_by_demotion(reply: &Value) -> bool {
    let is_about_role = |text: &str| text.contains("instance state changed");
    matches!(reply, Value::ServerError(error) if error.code() == "UNBLOCKED"
        && error.details().is_some_and(is_about_role))
}

/// Returns `true` if a server that answers with this code has not executed the command. A script
/// may answer with any code.
pub(crate) fn is_refusal_code(code: &str) -> bool {
    let by_command = ["MASTERDOWN", "READONLY", "NOREPLICAS", "REDIRECT"];
    is_refusal_before_script(code) || by_command.contains(&code)
}

/// Returns the code of the refusal because of which a transaction was discarded: "Transaction
/// discarded because of: READONLY …".
pub(crate) fn aborted_by(error: &ServerError) -> Option<&str> {
    aborted_because_of(error.code(), error.details()?)
}

/// As [`aborted_by`], for an error in its parts.
pub(crate) fn aborted_because_of<'a>(code: &str, text: &'a str) -> Option<&'a str> {
    let (_, reason) = text.split_once("because of: ")?;
    let inner = reason.split_whitespace().next()?;
    (code == "EXECABORT" && is_refusal_code(inner)).then_some(inner)
}

fn is_refusal_before_script(code: &str) -> bool {
    ["MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "LOADING"].contains(&code)
}

/// Returns `true` if the error, or the error of a command in a pipeline or transaction, says that
/// the server does not serve.
pub(crate) fn says_does_not_serve(error: &RedisError) -> bool {
    let inside = error.clone().into_server_errors();
    inside.is_some_and(|errors| errors.iter().any(|(_, error)| refuses_to_serve(error)))
        || of_error(error) == Some(Meaning::DoesNotServe)
}

/// Returns `true` if the server does not know, or does not allow, HELLO 3.
pub(crate) fn refuses_resp3(error: &RedisError) -> bool {
    error.kind() == ErrorKind::RESP3NotSupported
        || matches!(error.code(), Some("NOPROTO" | "NOPERM"))
        // redis-rs knows this answer in the words of Redis 6 only.
        || error.detail().is_some_and(|detail| detail.starts_with("unknown command"))
}

fn refuses_to_serve(error: &ServerError) -> bool {
    of_code_and_text(error.code(), error.details()) == Meaning::DoesNotServe
}

#[cfg(test)]
mod tests {
    use redis::RedisError;

    use super::{Meaning, does_not_serve, is_ended_by_demotion, of_error, refuses};

    fn meaning_of(reply: &str) -> Option<Meaning> {
        let reply = redis::parse_redis_value(reply.as_bytes()).unwrap();
        of_error(&reply.extract_error().unwrap_err())
    }

    #[test]
    fn only_a_refused_client_or_login_refuses_the_config() {
        for (reply, meaning) in [
            ("-LOADING Redis is loading\r\n", Meaning::DoesNotServe),
            ("-READONLY You can't write\r\n", Meaning::DoesNotServe),
            (
                "-NOREPLICAS Not enough good replicas to write.\r\n",
                Meaning::DoesNotServe,
            ),
            ("-BUSY Redis is busy\r\n", Meaning::Passes),
            ("-ERR max number of clients reached\r\n", Meaning::Passes),
            ("-WRONGPASS invalid\r\n", Meaning::RefusesClient),
            (
                "-NOAUTH Authentication required\r\n",
                Meaning::RefusesClient,
            ),
            (
                "-DENIED Redis is running in protected mode\r\n",
                Meaning::RefusesClient,
            ),
            ("-MISCONF cannot persist\r\n", Meaning::Lives),
            ("-NOPERM no permissions\r\n", Meaning::Lives),
            ("-SOMETHING else\r\n", Meaning::Lives),
        ] {
            assert_eq!(meaning_of(reply), Some(meaning), "{reply}");
        }
    }

    #[test]
    fn r4_a_refusal_inside_of_another_error_or_reply_is_found() {
        for reply in [
            "-READONLY You can't write against a read only replica.\r\n",
            "-ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -READONLY You can't write\r\n",
            "-EXECABORT Transaction discarded because of: READONLY You can't write\r\n",
            "-EXECABORT Transaction discarded: -MASTERDOWN Link with MASTER is down\r\n",
            "*2\r\n+OK\r\n-READONLY You can't write\r\n",
        ] {
            let value = redis::parse_redis_value(reply.as_bytes()).unwrap();
            assert!(does_not_serve(&value), "{reply}");
        }
        for reply in [
            "-ERR the user said READONLY\r\n",
            "-EXECABORT Transaction discarded because of previous errors.\r\n",
            "$8\r\nREADONLY\r\n",
        ] {
            let value = redis::parse_redis_value(reply.as_bytes()).unwrap();
            assert!(!does_not_serve(&value), "{reply}");
        }
    }

    #[test]
    fn r4_a_refusal_proves_that_a_command_was_not_executed() {
        let refused = |reply: &str, is_script| {
            let value = redis::parse_redis_value(reply.as_bytes()).unwrap();
            refuses(&value, is_script)
        };
        assert!(refused("-READONLY You can't write\r\n", false));
        let (read_only, no_replicas) = (
            "-READONLY You can't write against a read only replica.",
            "-NOREPLICAS Not enough good replicas to write.",
        );
        for words in [read_only, no_replicas] {
            for place in ["", " script: d8f2fad9, on @user_script:1."] {
                assert!(refused(&format!("{words}{place}\r\n"), true));
            }
        }
        assert!(!refused("-READONLY so says the script\r\n", true));
        assert!(!refused("-MASTERDOWN Link with MASTER is down\r\n", true));
        assert!(refused("-LOADING Redis is loading\r\n", true));
        assert!(!refused("-ERR something\r\n", false));
        assert!(!refused("-BUSY a script runs\r\n", false));
        assert!(!refused("+OK\r\n", false));
    }

    #[test]
    fn r4_a_wait_that_a_demotion_has_ended_is_told_from_one_that_a_person_has() {
        let ended = |reply: &str| {
            let value = redis::parse_redis_value(reply.as_bytes()).unwrap();
            is_ended_by_demotion(&value)
        };
        assert!(ended(
            "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n"
        ));
        assert!(!ended("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"));
        assert!(!ended("+OK\r\n"));
    }

    #[test]
    fn what_no_server_sent_has_no_meaning() {
        let error = RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        assert_eq!(of_error(&error), None);
    }
}
