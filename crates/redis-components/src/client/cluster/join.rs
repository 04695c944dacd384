//! One reply out of the replies to the parts of a command.

use redis::Value;

use crate::transport::error_codes::refuses;

/// How the replies to the parts of one command become one reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    /// The first, as all are alike.
    First,
    /// The sum.
    Sum,
    /// The least.
    Least,
    /// One array of all elements.
    Concatenate,
    /// One array, with the elements in the places of their keys.
    InOrder,
    /// One array of flags, each set if it is set in all.
    And,
    /// The first that is not nil.
    FirstNotNil,
}

/// Returns the error of a command of which a part has failed. The error is a refusal only if the
/// whole command may be sent again: every part was refused, or the command `changes_nothing`.
pub(super) fn error_of(replies: &[Value], changes_nothing: bool) -> Option<Value> {
    let errors: Vec<&Value> = replies
        .iter()
        .filter(|reply| matches!(reply, Value::ServerError(_)))
        .collect();
    let other = errors.iter().find(|error| !refuses(error, false));
    let error = *other.or(errors.first())?;
    if other.is_some() || changes_nothing || errors.len() == replies.len() {
        return Some(error.clone());
    }
    Some(partly_refused(error))
}

fn partly_refused(refusal: &Value) -> Value {
    let reason = match refusal {
        Value::ServerError(error) => {
            format!("{} {}", error.code(), error.details().unwrap_or_default())
        }
        _ => String::new(),
    };
    let text = "a part of the command was executed, and the rest was refused";
    let reply = redis::parse_redis_value(format!("-ERR {text}: {reason}\r\n").as_bytes());
    reply.unwrap_or(Value::Nil)
}

/// Joins replies that are no errors. `places` says for each reply which keys its elements stand for;
/// only [`Join::InOrder`] needs it.
pub(super) fn join(how: Join, replies: Vec<Value>, places: &[Vec<usize>]) -> Value {
    match how {
        Join::First => replies.into_iter().next().unwrap_or(Value::Nil),
        Join::FirstNotNil => {
            let mut replies = replies.into_iter();
            replies
                .find(|reply| *reply != Value::Nil)
                .unwrap_or(Value::Nil)
        }
        Join::Sum => Value::Int(numbers(&replies).fold(0, i64::saturating_add)),
        Join::Least => Value::Int(numbers(&replies).min().unwrap_or(0)),
        Join::Concatenate => Value::Array(replies.into_iter().flat_map(elements).collect()),
        Join::InOrder => in_order(replies, places),
        Join::And => {
            let mut flags: Vec<i64> = Vec::new();
            for reply in replies {
                let these = elements(reply);
                let these: Vec<i64> = numbers(&these).collect();
                if flags.is_empty() {
                    flags = these;
                } else {
                    flags
                        .iter_mut()
                        .zip(these)
                        .for_each(|(flag, other)| *flag = (*flag).min(other));
                }
            }
            Value::Array(flags.into_iter().map(Value::Int).collect())
        }
    }
}

fn numbers(replies: &[Value]) -> impl Iterator<Item = i64> + '_ {
    replies.iter().filter_map(|reply| match reply {
        Value::Int(number) => Some(*number),
        _ => None,
    })
}

fn elements(reply: Value) -> Vec<Value> {
    match reply {
        Value::Array(elements) | Value::Set(elements) => elements,
        other => vec![other],
    }
}

fn in_order(replies: Vec<Value>, places: &[Vec<usize>]) -> Value {
    let count = places.iter().map(Vec::len).sum();
    let mut all = vec![Value::Nil; count];
    for (reply, places) in replies.into_iter().zip(places) {
        for (element, place) in elements(reply).into_iter().zip(places) {
            if let Some(here) = all.get_mut(*place) {
                *here = element;
            }
        }
    }
    Value::Array(all)
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::{Join, error_of, join};
    use crate::transport::error_codes::refuses;

    fn ints(numbers: &[i64]) -> Vec<Value> {
        numbers.iter().copied().map(Value::Int).collect()
    }

    #[test]
    fn r13_replies_of_parts_become_one_reply() {
        assert_eq!(join(Join::Sum, ints(&[1, 2, 3]), &[]), Value::Int(6));
        assert_eq!(join(Join::Least, ints(&[2, 1, 3]), &[]), Value::Int(1));
        let pong = || Value::SimpleString("PONG".into());
        assert_eq!(join(Join::First, vec![pong(), pong()], &[]), pong());
        assert_eq!(
            join(Join::FirstNotNil, vec![Value::Nil, Value::Int(1)], &[]),
            Value::Int(1)
        );
        let arrays = || {
            vec![
                Value::Array(ints(&[1, 0, 1])),
                Value::Array(ints(&[1, 1, 0])),
            ]
        };
        assert_eq!(
            join(Join::And, arrays(), &[]),
            Value::Array(ints(&[1, 0, 0]))
        );
        assert_eq!(
            join(Join::Concatenate, arrays(), &[]),
            Value::Array(ints(&[1, 0, 1, 1, 1, 0]))
        );
    }

    #[test]
    fn r13_values_stand_in_the_places_of_their_keys() {
        let replies = vec![Value::Array(ints(&[10, 12])), Value::Array(ints(&[11]))];
        let places = [vec![0, 2], vec![1]];
        assert_eq!(
            join(Join::InOrder, replies, &places),
            Value::Array(ints(&[10, 11, 12]))
        );
    }

    fn reply(text: &str) -> Value {
        redis::parse_redis_value(format!("{text}\r\n").as_bytes()).unwrap()
    }

    fn error(replies: &[&str], changes_nothing: bool) -> Option<Value> {
        let replies: Vec<Value> = replies.iter().copied().map(reply).collect();
        error_of(&replies, changes_nothing)
    }

    #[test]
    fn r4_an_error_of_one_part_is_not_hidden() {
        assert_eq!(error(&[":1", ":2"], false), None);
        let denied = Some(reply("-NOPERM no"));
        for replies in [[":1", "-NOPERM no"], ["-TRYAGAIN x", "-NOPERM no"]] {
            assert_eq!(error(&replies, false), denied, "{replies:?}");
        }
    }

    #[test]
    fn r4_a_command_of_which_a_part_was_executed_does_not_count_as_refused() {
        let refused = "-NOREPLICAS Not enough good replicas to write.";
        let parts = [":1", refused];
        let error_of_parts = error(&parts, false).unwrap();
        assert!(!refuses(&error_of_parts, false), "{error_of_parts:?}");
        let text = format!("{error_of_parts:?}");
        assert!(text.contains(&refused[1..]), "{text}");
        // Nothing was executed, or nothing that matters.
        assert_eq!(error(&[refused; 2], false), Some(reply(refused)));
        assert_eq!(error(&parts, true), Some(reply(refused)));
    }
}
