//! Transactions: all commands on one node, or none.

use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerError, ServerErrorKind, Value};

use super::address::NodeAddress;
use super::plan::Goal;
use super::redirect::{Refusal, of_error};
use super::route::{Route, needs_session, route};
use crate::error::{Error, ErrorKind as OurKind};
use crate::transport::error_codes::{aborted_by, is_refusal_code};

/// Returns where a transaction goes, which has these commands.
///
/// # Errors
///
/// Returns an error if its keys are of several slots, or one of its commands is not for one node.
pub(crate) fn goal<'a>(commands: impl IntoIterator<Item = &'a Cmd>) -> RedisResult<Goal> {
    let mut slot = None;
    for command in commands {
        match route(command)? {
            Route::Slot(other) if slot.is_none_or(|slot| slot == other) => slot = Some(other),
            Route::Slot(_) | Route::Split(_) => return Err(cross_slot()),
            Route::Anywhere => {}
            Route::Everywhere(_) => return Err(for_all(command).into()),
            Route::Session => return Err(needs_session(command).into()),
        }
    }
    Ok(slot.map_or(Goal::Anywhere, Goal::Slot))
}

/// Returns where commands go that a call sends together on its own connection, with the commands
/// that begin and end a transaction among them.
///
/// # Errors
///
/// As [`goal`].
pub(crate) fn goal_of_session<'a>(
    commands: impl IntoIterator<Item = &'a Cmd>,
) -> RedisResult<Goal> {
    let is_about_keys = |command: &&Cmd| !matches!(route(command), Ok(Route::Session));
    goal(commands.into_iter().filter(is_about_keys))
}

/// Returns the error of a server for keys of several slots.
pub(crate) fn cross_slot() -> RedisError {
    let kind = ErrorKind::Server(ServerErrorKind::CrossSlot);
    let text = "the keys of a transaction or session must be of one hash slot; give them a common {hash tag}";
    (
        kind,
        "Keys in request don't hash to the same slot",
        text.to_owned(),
    )
        .into()
}

fn for_all(command: &Cmd) -> Error {
    let name = crate::client::commands::name(command);
    let text = format!(
        "`{name}` was not sent to a cluster: it is for all nodes, and a transaction is for one; send it outside of the \
         transaction"
    );
    Error::new(OurKind::NeedsSingleServer, text)
}

/// Returns the refusal of a transaction, if nothing of it was executed and the whole may be sent
/// again. `by` is the node that answered.
///
/// While commands are queued, the server answers `MOVED`, `ASK` or another refusal to one of them,
/// and then discards the transaction. Or the refusal is the answer to `EXEC`.
pub(crate) fn refused(result: &RedisResult<Vec<Value>>, by: &NodeAddress) -> Option<Refusal> {
    match result {
        Ok(replies) => match replies.as_slice() {
            [Value::ServerError(error)] => refusal_of(error, by),
            _ => None,
        },
        Err(error) => {
            let errors = error.clone().into_server_errors()?;
            errors.iter().find_map(|(_, error)| refusal_of(error, by))
        }
    }
}

/// Returns the refusal of a transaction as [`refused`] does, out of the replies to MULTI, to all
/// commands and to EXEC.
pub(crate) fn refused_of_all(replies: &[Value], by: &NodeAddress) -> Option<Refusal> {
    let [begun, queued @ .., Value::ServerError(last)] = replies else {
        return None;
    };
    if matches!(begun, Value::ServerError(_)) {
        return None;
    }
    let errors = queued.iter().filter_map(|reply| match reply {
        Value::ServerError(error) => Some(error),
        _ => None,
    });
    errors.chain([last]).find_map(|error| refusal_of(error, by))
}

/// Returns the first `MOVED` among replies, also of commands that are not sent again.
pub(crate) fn redirect(result: &RedisResult<Vec<Value>>, by: &NodeAddress) -> Option<Refusal> {
    let of = |error: &ServerError| Some(of_error(error, by)).filter(Refusal::is_moved);
    match result {
        Ok(replies) => replies.iter().find_map(|reply| match reply {
            Value::ServerError(error) => of(error),
            _ => None,
        }),
        Err(error) => {
            let errors = error.clone().into_server_errors()?;
            errors.iter().find_map(|(_, error)| of(error))
        }
    }
}

fn refusal_of(error: &ServerError, by: &NodeAddress) -> Option<Refusal> {
    let is_refusal = is_refusal_code(error.code()) || aborted_by(error).is_some();
    is_refusal.then(|| of_error(error, by))
}

#[cfg(test)]
mod tests {
    use redis::Cmd;

    use super::{goal, refused, refused_of_all};
    use crate::client::cluster::address::NodeAddress;
    use crate::client::cluster::hash_slot::hash_slot;
    use crate::client::cluster::plan::Goal;
    use crate::client::cluster::redirect::Refusal;
    use crate::error::Error;

    fn goal_of(lines: &[&str]) -> redis::RedisResult<Goal> {
        let commands: Vec<Cmd> = lines
            .iter()
            .map(|line| {
                let mut command = Cmd::new();
                line.split(' ').for_each(|word| {
                    command.arg(word);
                });
                command
            })
            .collect();
        goal(&commands)
    }

    #[test]
    fn r13_a_transaction_goes_to_the_slot_of_its_keys() {
        let slot = Goal::Slot(hash_slot(b"a"));
        assert_eq!(
            goal_of(&["SET {a}1 x", "TIME", "MGET {a}1 {a}2"]).unwrap(),
            slot
        );
        assert_eq!(goal_of(&["TIME"]).unwrap(), Goal::Anywhere);
    }

    #[test]
    fn r4_a_transaction_that_was_discarded_because_of_a_refusal_may_go_again() {
        let by = NodeAddress {
            host: "h".into(),
            port: 1,
        };
        let refused = |reply: &str| {
            let reply = redis::parse_redis_value(reply.as_bytes()).unwrap();
            refused(&Ok(vec![reply]), &by)
        };
        let discarded = "-EXECABORT Transaction discarded because of: READONLY You can't write\r\n";
        assert_eq!(refused(discarded), Some(Refusal::Later));
        assert_eq!(refused("-TRYAGAIN x\r\n"), Some(Refusal::Later));
        for other in [
            "-EXECABORT Transaction discarded because of previous errors.\r\n",
            "-EXECABORT Transaction discarded because of: ERR something\r\n",
            "*1\r\n-READONLY by a script\r\n",
            "*-1\r\n",
        ] {
            assert_eq!(refused(other), None, "{other}");
        }
    }

    #[test]
    fn r4_a_transaction_that_did_not_begin_does_not_go_again() {
        let by = NodeAddress {
            host: "h".into(),
            port: 1,
        };
        let refused = |replies: &[&str]| {
            let parse =
                |reply: &&str| redis::parse_redis_value(format!("{reply}\r\n").as_bytes()).unwrap();
            let replies: Vec<_> = replies.iter().map(parse).collect();
            refused_of_all(&replies, &by)
        };
        let aborted = "-EXECABORT Transaction discarded because of previous errors.";
        assert_eq!(
            refused(&["+OK", "-TRYAGAIN x", "+QUEUED", aborted]),
            Some(Refusal::Later)
        );
        assert_eq!(
            refused(&["+OK", "+QUEUED", "-CLUSTERDOWN x"]),
            Some(Refusal::Later)
        );
        // Without MULTI, the second command was executed.
        assert_eq!(
            refused(&["-LOADING x", "-LOADING x", ":1", "-ERR EXEC without MULTI"]),
            None
        );
        assert_eq!(refused(&["+OK", "-ERR x", aborted]), None);
        assert_eq!(refused(&["+OK", "+QUEUED", "*1\r\n:1"]), None);
    }

    #[test]
    fn r13_keys_of_several_slots_are_refused_before_anything_is_sent() {
        for lines in [&["SET a 1", "SET b 1"][..], &["DEL a b"]] {
            let error = goal_of(lines).unwrap_err();
            assert_eq!(error.code(), Some("CROSSSLOT"), "{lines:?}");
        }
    }

    #[test]
    fn r13_a_command_for_all_nodes_is_not_queued_on_one() {
        for lines in [
            &["SET a 1", "FLUSHALL"][..],
            &["DBSIZE"],
            &["SET a 1", "MULTI"],
            &["SCAN 0"],
        ] {
            let error = goal_of(lines).unwrap_err();
            assert!(Error::of(&error).is_some(), "{lines:?}: {error}");
        }
    }
}
