//! What is shown of an error that a server answers with: the meaning of its code, in words of ours.
//!
//! A server knows the password that it was sent, and what it says may repeat it in any way: some
//! servers and proxies quote a command that they refuse. So the words of a server are shown for its
//! answers to the login alone, where a proxy says what is wrong, and not if they hold the password.

use redis::{ErrorKind, RedisError};

use super::text::printable;

/// The codes that Redis and Valkey have, and what they mean. A code of another name is a server's
/// own word.
const CODES: [(&str, &str); 27] = [
    ("ASK", "it is a node of a cluster, and the slot is moving"),
    ("BUSY", "a script keeps it busy"),
    ("BUSYGROUP", "the group exists"),
    ("BUSYKEY", "the key exists"),
    ("CLUSTERDOWN", "its cluster is down"),
    (
        "CROSSSLOT",
        "the keys are in different slots of its cluster",
    ),
    ("DENIED", "it is in protected mode; give it a password"),
    ("EXECABORT", "it has discarded the transaction"),
    ("IOERR", "it could not reach another server"),
    ("LOADING", "it is still loading its data"),
    ("MASTERDOWN", "it has lost its primary"),
    ("MISCONF", "it cannot save its data"),
    (
        "MOVED",
        "it is a node of a cluster, and the slot is elsewhere",
    ),
    ("NOAUTH", "it wants a password, see `password`"),
    ("NOGROUP", "there is no such group"),
    ("NOPERM", "the user lacks a permission, see `username`"),
    ("NOPROTO", "it does not speak this version of the protocol"),
    ("NOREPLICAS", "it has too few replicas"),
    ("NOSCRIPT", "it does not know the script"),
    ("NOTBUSY", "no script runs"),
    ("OOM", "its memory is full"),
    ("READONLY", "it is a replica"),
    ("TRYAGAIN", "its cluster moves the slot"),
    ("UNBLOCKED", "it was told to end the command"),
    ("UNKILLABLE", "a script has written, and cannot be ended"),
    ("WRONGPASS", "check `username` and `password`"),
    ("WRONGTYPE", "the key holds a value of another type"),
];

/// What Redis says without a code of its own, in words that it has kept, and what that means.
const SENTENCES: [(&str, &str); 9] = [
    ("unknown command", "it does not know the command"),
    ("unknown subcommand", "it does not know the command"),
    (
        "wrong number of arguments",
        "it knows the command in another form",
    ),
    ("syntax error", "it knows the command in another form"),
    ("max number of clients", MAX_CLIENTS),
    ("db index is out of range", NO_DATABASE),
    ("cluster support disabled", "it is no node of a cluster"),
    ("no such master", "it knows no such service"),
    ("operation not permitted", "the operation is not permitted"),
];

const MAX_CLIENTS: &str = "max number of clients reached; raise `maxclients` there, or end clients";
const NO_DATABASE: &str = "it has no database of that number, see `db`";

/// What is shown in the place of a server's own words.
pub(crate) const UNSHOWN: &str = "what it says is not shown, because it may repeat a password";

/// Returns the code of a server's error, if it is one that servers have.
pub(crate) fn known(code: &str) -> Option<&'static str> {
    let mut codes = CODES.iter().map(|(known, _)| *known).chain(["ERR"]);
    codes.find(|known| *known == code)
}

/// Returns what an error says, without a word of the server's own.
pub(crate) fn meaning(error: &RedisError) -> String {
    let Some(said) = error.code() else {
        return match error.kind() {
            // redis-rs quotes the answer.
            ErrorKind::UnexpectedReturnType | ErrorKind::Parse => {
                "it answers with what is no answer to this".to_owned()
            }
            ErrorKind::AuthenticationFailed => "it refuses the login".to_owned(),
            _ => printable(&error.to_string()),
        };
    };
    let text = error.detail().unwrap_or_default().to_lowercase();
    let means = match CODES.iter().find(|(known, _)| *known == said) {
        Some((_, means)) => means,
        None => {
            let sentence = SENTENCES.iter().find(|(known, _)| text.contains(known));
            sentence.map_or(UNSHOWN, |(_, means)| means)
        }
    };
    format!("{}: {means}", known(said).unwrap_or("an error of its own"))
}

/// Returns what a server says of a login, in its own words. Whoever shows them looks for the
/// password in them.
pub(crate) fn quoted(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(_), Some(_)) if is_unknown_command(error) => {
            // The arguments of AUTH are credentials, and a part of them stands there.
            "the server does not know a command that is needed to log in".to_owned()
        }
        // It says what it is in a page of text.
        (Some("DENIED"), _) => meaning(error),
        (Some(code), Some(detail)) => {
            let said = printable(&format!("{code}: {detail}"));
            match advice(code, detail) {
                Some(advice) => format!("{}; {advice}", said.trim_end_matches('.')),
                None => said,
            }
        }
        _ => meaning(error),
    }
}

/// Returns what to do about an error, which the words of a server do not say.
fn advice(code: &str, detail: &str) -> Option<&'static str> {
    let detail = detail.to_lowercase();
    if detail.contains("db index is out of range") {
        return Some("see `db`");
    }
    if detail.contains("max number of clients") {
        return Some("raise `maxclients` there, or end clients");
    }
    let has_advice = ["LOADING", "NOAUTH", "NOPERM", "WRONGPASS"].contains(&code);
    let of_code = CODES.iter().find(|(known, _)| *known == code);
    of_code.filter(|_| has_advice).map(|(_, means)| *means)
}

/// Returns `true` if the server does not know the command, whose arguments it may repeat.
pub(crate) fn is_unknown_command(error: &RedisError) -> bool {
    error.to_string().to_lowercase().contains("unknown command")
}

#[cfg(test)]
mod tests {
    use redis::RedisError;

    use super::{meaning, quoted};

    fn error(answer: &str) -> RedisError {
        let reply = redis::parse_redis_value(format!("{answer}\r\n").as_bytes()).unwrap();
        reply.extract_error().unwrap_err()
    }

    #[test]
    fn r8_no_word_of_a_server_is_in_the_meaning_of_its_error() {
        for answer in [
            "-ERR s3cret",
            "-s3cret x",
            "-S3CRET",
            "-S3CRET x",
            "-NOPERM s3cret",
            "-READONLY s3cret",
            "-EXECABORT s3cret",
            "-MOVED 1 s3cret:1",
            "-ERR unknown command 'HELLO', with args beginning with: '3' 's3cret'",
            "-NOPERM\ts3cret",
        ] {
            let shown = meaning(&error(answer)).to_lowercase();
            assert!(!shown.contains("s3cret"), "{answer}: {shown}");
        }
        let parsed = redis::parse_redis_value(b"*1\r\n+s3cret\r\n").unwrap();
        let error = redis::from_redis_value::<u8>(parsed).unwrap_err();
        let shown = meaning(&RedisError::from(error));
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn r6_the_meaning_of_an_error_says_what_is_wrong() {
        for (answer, shown) in [
            ("-READONLY x", "READONLY: it is a replica"),
            (
                "-ERR unknown command 'X'",
                "ERR: it does not know the command",
            ),
            (
                "-ERR max number of clients reached",
                "ERR: max number of clients reached; raise `maxclients` there, or end clients",
            ),
            (
                "-ERR DB index is out of range",
                "ERR: it has no database of that number, see `db`",
            ),
            (
                "-ERR y",
                "ERR: what it says is not shown, because it may repeat a password",
            ),
            (
                "-HAPPY y",
                "an error of its own: what it says is not shown, because it may repeat a password",
            ),
        ] {
            assert_eq!(meaning(&error(answer)), shown);
        }
    }

    #[test]
    fn what_was_sent_to_log_in_is_not_repeated() {
        let answer =
            "-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 's3cret'";
        let shown = quoted(&error(answer));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
