//! Whether a server that answers lets configs be read.

use super::reading::Answer;
use crate::error::server_words::meaning;
use crate::transport::error_codes::is_passing;
use crate::transport::failure::{Cause, Failure};

/// Returns the failure of a server that serves nobody for the moment. Its answers say nothing about
/// a key's config.
pub(super) fn for_the_moment(answers: &[Answer]) -> Option<Failure> {
    let mut errors = answers.iter().filter_map(|answer| answer.as_ref().err());
    let passing = errors.find(|error| is_passing(error))?;
    Some(passing.clone().into())
}

/// How many keys are asked for to find a node of a cluster. One that has half of the slots has all of
/// these keys once in 65,536 times.
const SAMPLES: usize = 16;

/// Returns keys beside those of the fleet, which no component has. A node of a cluster refuses most
/// of them, whatever keys of components it has. If the prefix has a hash tag, they belong to the slot
/// of all configs.
pub(super) fn samples(control_key: &str) -> impl Iterator<Item = String> {
    (0..SAMPLES).map(move |number| format!("{control_key}:{number}"))
}

/// Returns the failure of a node of a cluster that has some of the keys only. If it were used for the
/// keys that it has, the next component would find that it has no config.
pub(super) fn of_cluster(answers: &[Answer]) -> Option<Failure> {
    let message = "it is a node of a cluster, and has the configs of some components only; name a server that is in no \
                   cluster, or sentinels that know one";
    let is_of_cluster = answers.iter().any(is_redirection);
    is_of_cluster.then(|| Failure::new(Cause::Refused, message))
}

/// Returns the failure of a server that gives no config because it refuses the reads.
///
/// One key that is read, that does not exist, or that exists and is no string, shows that the server
/// can be used.
pub(super) fn of_all(answers: &[Answer]) -> Option<Failure> {
    let gives_nothing = |answer: &Answer| match answer {
        Ok(_) => false,
        // This is about the key.
        Err(error) => error.code() != Some("WRONGTYPE"),
    };
    if !answers.iter().all(gives_nothing) {
        return None;
    }
    let error = answers.iter().find_map(|answer| answer.as_ref().err())?;
    let message = format!("it lets no config be read: {}", meaning(error));
    Some(Failure::new(Cause::Refused, message))
}

fn is_redirection(answer: &Answer) -> bool {
    let code = answer.as_ref().err().and_then(|error| error.code());
    matches!(code, Some("MOVED" | "ASK"))
}

#[cfg(test)]
mod tests {
    use super::{Answer, of_all, of_cluster};

    const NO_PERMISSION: &str = "-NOPERM no permissions\r\n";
    const MOVED: &str = "-MOVED 1 127.0.0.1:1\r\n";
    const ASK: &str = "-ASK 1 127.0.0.1:1\r\n";
    const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key\r\n";
    const UNKNOWN: &str = "-ERR unknown command 'GETRANGE'\r\n";
    const MISSING: &str = "$0\r\n\r\n";
    const CONFIG: &str = "$2\r\n{}\r\n";

    fn answer(reply: &str) -> Answer {
        let value = redis::parse_redis_value(reply.as_bytes()).unwrap();
        value
            .extract_error()
            .and_then(|value| redis::from_redis_value(value).map_err(redis::RedisError::from))
    }

    #[test]
    fn r13_a_server_gives_configs_unless_it_refuses_all_for_a_reason_of_its_own() {
        for (answers, refuses) in [
            (&[NO_PERMISSION][..], true),
            (&[UNKNOWN, UNKNOWN], true),
            (&[NO_PERMISSION, MISSING], false),
            (&[NO_PERMISSION, WRONG_TYPE], false),
            (&[WRONG_TYPE], false),
            (&[MISSING], false),
            (&[CONFIG], false),
            (&[], false),
        ] {
            let read: Vec<_> = answers.iter().map(|reply| answer(reply)).collect();
            assert_eq!(of_all(&read).is_some(), refuses, "{answers:?}");
            assert!(of_cluster(&read).is_none(), "{answers:?}");
        }
    }

    #[test]
    fn r13_a_node_of_a_cluster_is_told_by_any_key_that_it_does_not_have() {
        for answers in [
            &[MOVED, NO_PERMISSION][..],
            &[MISSING, MOVED],
            &[CONFIG, MOVED],
            &[ASK],
        ] {
            let read: Vec<_> = answers.iter().map(|reply| answer(reply)).collect();
            assert!(of_cluster(&read).is_some(), "{answers:?}");
        }
    }
}
