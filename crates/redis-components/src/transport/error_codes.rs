//! What an error code in a reply says of the server that sent it. This is the only such table.

use redis::{RedisError, Value};

/// What an error code says of its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The server lives and serves. It refused this one command.
    Lives,
    /// The server serves nobody for the moment.
    Passes,
    /// The server does not serve what a primary serves; the component may be elsewhere.
    DoesNotServe,
    /// The server refuses the login.
    RefusesLogin,
}

/// What Redis answers at its limit of clients: it has no code of its own.
const MAX_CLIENTS: &str = "max number of clients";

/// Returns what `code` says of the server that sent it. An unknown code says that the server lives.
fn meaning(code: &str) -> Meaning {
    match code {
        "LOADING" | "MASTERDOWN" | "READONLY" => Meaning::DoesNotServe,
        "BUSY" | "TRYAGAIN" | "CLUSTERDOWN" => Meaning::Passes,
        "NOAUTH" | "WRONGPASS" => Meaning::RefusesLogin,
        _ => Meaning::Lives,
    }
}

/// Returns what an error says of the server, or none if no server sent it.
pub(crate) fn of_error(error: &RedisError) -> Option<Meaning> {
    let code = error.code()?;
    let is_at_limit = code == "ERR"
        && error
            .detail()
            .is_some_and(|detail| detail.contains(MAX_CLIENTS));
    Some(if is_at_limit {
        Meaning::Passes
    } else {
        meaning(code)
    })
}

/// Returns `true` if the error says that the server serves nobody, or not us, for the moment.
pub(crate) fn is_passing(error: &RedisError) -> bool {
    matches!(
        of_error(error),
        Some(Meaning::Passes | Meaning::DoesNotServe)
    )
}

/// Returns `true` if the server does not serve what a primary serves.
pub(crate) fn does_not_serve(reply: &Value) -> bool {
    matches!(reply, Value::ServerError(error) if meaning(error.code()) == Meaning::DoesNotServe)
}

#[cfg(test)]
mod tests {
    use redis::RedisError;

    use super::{Meaning, of_error};

    fn meaning_of(reply: &str) -> Option<Meaning> {
        let reply = redis::parse_redis_value(reply.as_bytes()).unwrap();
        of_error(&reply.extract_error().unwrap_err())
    }

    #[test]
    fn only_a_refused_login_refuses_the_config() {
        for (reply, meaning) in [
            ("-LOADING Redis is loading\r\n", Meaning::DoesNotServe),
            ("-READONLY You can't write\r\n", Meaning::DoesNotServe),
            ("-BUSY Redis is busy\r\n", Meaning::Passes),
            ("-ERR max number of clients reached\r\n", Meaning::Passes),
            ("-WRONGPASS invalid\r\n", Meaning::RefusesLogin),
            ("-NOAUTH Authentication required\r\n", Meaning::RefusesLogin),
            ("-MISCONF cannot persist\r\n", Meaning::Lives),
            ("-NOPERM no permissions\r\n", Meaning::Lives),
            ("-SOMETHING else\r\n", Meaning::Lives),
        ] {
            assert_eq!(meaning_of(reply), Some(meaning), "{reply}");
        }
    }

    #[test]
    fn what_no_server_sent_has_no_meaning() {
        let error = RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        assert_eq!(of_error(&error), None);
    }
}
