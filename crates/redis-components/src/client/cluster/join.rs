//! One reply out of the replies to the parts of a command.

use redis::Value;

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

/// Joins replies. `places` says for each reply which keys its elements stand for; only
/// [`Join::InOrder`] needs it. The first error is the whole reply.
pub(super) fn join(how: Join, replies: Vec<Value>, places: &[Vec<usize>]) -> Value {
    if let Some(error) = replies
        .iter()
        .find(|reply| matches!(reply, Value::ServerError(_)))
    {
        return error.clone();
    }
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

    use super::{Join, join};

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

    #[test]
    fn r4_an_error_of_one_part_is_not_hidden() {
        let error = redis::parse_redis_value(b"-NOPERM no\r\n").unwrap();
        assert_eq!(
            join(Join::Sum, vec![Value::Int(1), error.clone()], &[]),
            error
        );
    }
}
