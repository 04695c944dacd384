//! Commands that belong together, and so go to one node.

use redis::{Cmd, Pipeline, RedisResult, Value};

use super::address::NodeAddress;
use super::plan::Goal;
use super::redirect::Refusal;
use super::transaction::{goal, goal_of_session, redirect, refused, refused_of_all};
use crate::client::commands::name;
use crate::client::lines::refuses_each;

/// Commands that one node executes together.
pub(super) struct Whole<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) goal: Goal,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A pipeline that redis-rs puts between MULTI and EXEC.
    Atomic,
    /// A pipeline that begins with MULTI and ends with EXEC.
    Written,
    /// Commands that begin a session. A node that refuses each of them has begun none.
    BeginsSession,
    /// Commands for a session that the call has. They are sent once.
    InSession,
}

impl<'a> Whole<'a> {
    /// Returns the transaction that a pipeline is, if it is one.
    ///
    /// # Errors
    ///
    /// Returns an error if no node can execute it.
    pub(super) fn transaction(pipeline: &'a Pipeline) -> Option<RedisResult<Self>> {
        let (goal, form) = if pipeline.is_transaction() {
            (goal(pipeline.cmd_iter()), Form::Atomic)
        } else {
            (goal(inner(pipeline)?), Form::Written)
        };
        Some(goal.map(|goal| Self {
            pipeline,
            goal,
            form,
        }))
    }

    /// Returns commands for the session that a call begins on a connection of its own, or has there
    /// already.
    ///
    /// # Errors
    ///
    /// Returns an error if no node can execute all of them.
    pub(super) fn in_session(pipeline: &'a Pipeline, has_begun: bool) -> RedisResult<Self> {
        let form = match has_begun {
            true => Form::InSession,
            false => Form::BeginsSession,
        };
        Ok(Self {
            pipeline,
            goal: goal_of_session(pipeline.cmd_iter())?,
            form,
        })
    }

    /// Returns the refusal of the whole, if nothing of it was executed and it may be sent again.
    /// `by` is the node that answered.
    pub(super) fn refusal(
        &self,
        result: &RedisResult<Vec<Value>>,
        by: &NodeAddress,
    ) -> Option<Refusal> {
        match self.form {
            Form::Atomic => refused(result, by),
            Form::Written => refused_of_all(result.as_ref().ok()?, by),
            Form::BeginsSession => {
                let replies = result.as_ref().ok()?;
                // An ASKING is for one command, so that what a slot on its way refuses waits.
                refuses_each(self.pipeline, replies)
                    .then(|| redirect(result, by).unwrap_or(Refusal::Later))
            }
            Form::InSession => None,
        }
    }
}

/// Returns the commands between MULTI and EXEC, if these are a pipeline's first and last.
fn inner(pipeline: &Pipeline) -> Option<impl Iterator<Item = &Cmd>> {
    let is = |command: Option<&Cmd>, word: &str| command.is_some_and(|it| name(it) == word);
    let last = pipeline.len().checked_sub(1)?;
    let begins = is(pipeline.cmd_iter().next(), "MULTI");
    let ends = begins && is(pipeline.cmd_iter().nth(last), "EXEC");
    ends.then(|| pipeline.cmd_iter().take(last).skip(1))
}

#[cfg(test)]
mod tests {
    use redis::{Cmd, Pipeline, Value};

    use super::Whole;
    use crate::client::cluster::address::NodeAddress;
    use crate::client::cluster::hash_slot::hash_slot;
    use crate::client::cluster::plan::Goal;
    use crate::client::cluster::redirect::Refusal;

    fn pipeline(lines: &[&str]) -> Pipeline {
        let mut pipeline = redis::pipe();
        for line in lines {
            let mut command = Cmd::new();
            line.split(' ').for_each(|word| {
                command.arg(word);
            });
            pipeline.add_command(command);
        }
        pipeline
    }

    fn refused(whole: &Whole<'_>, replies: &[&str]) -> bool {
        let by = NodeAddress {
            host: "h".into(),
            port: 1,
        };
        let parse = |reply: &&str| redis::parse_redis_value(format!("{reply}\r\n").as_bytes());
        let replies: Result<Vec<Value>, _> = replies.iter().map(parse).collect();
        whole.refusal(&Ok(replies.unwrap()), &by) == Some(Refusal::Later)
    }

    const ABORTED: &str = "-EXECABORT Transaction discarded because of previous errors.";

    #[test]
    fn r13_a_pipeline_between_multi_and_exec_is_a_transaction() {
        let slot = Goal::Slot(hash_slot(b"a"));
        let written = pipeline(&["multi", "INCR {a}1", "INCR {a}2", "exec"]);
        let whole = Whole::transaction(&written).unwrap().unwrap();
        assert_eq!(whole.goal, slot);
        let replies = ["+OK", "-TRYAGAIN x", "+QUEUED", ABORTED];
        assert!(refused(&whole, &replies));
        for lines in [
            &["MULTI"][..],
            &["INCR a", "EXEC"],
            &["SET a 1", "MULTI", "INCR a", "EXEC"],
            &["MULTI", "INCR a", "EXEC", "INCR a"],
            &[],
        ] {
            assert!(Whole::transaction(&pipeline(lines)).is_none(), "{lines:?}");
        }
    }

    #[test]
    fn r4_what_is_not_one_transaction_is_not_sent_again() {
        // The first EXEC executes the first INCR.
        let two = pipeline(&["MULTI", "INCR a", "EXEC", "INCR a", "EXEC"]);
        Whole::transaction(&two).unwrap().err().unwrap();
        let mut atomic = pipeline(&["EXEC", "INCR a"]);
        atomic.atomic();
        Whole::transaction(&atomic).unwrap().err().unwrap();

        let session = pipeline(&["SET a 1", "MULTI", "INCR a", "EXEC"]);
        let replies = ["+OK", "+OK", "-TRYAGAIN x", ABORTED];
        let watch = pipeline(&["WATCH a", "GET a"]);
        let moved = ["-TRYAGAIN x", "-TRYAGAIN x"];
        for (has_begun, goes) in [(false, true), (true, false)] {
            let whole = Whole::in_session(&session, has_begun).unwrap();
            assert!(!refused(&whole, &replies));
            let whole = Whole::in_session(&watch, has_begun).unwrap();
            assert_eq!(refused(&whole, &moved), goes);
            assert!(!refused(&whole, &["+OK", "-TRYAGAIN x"]));
        }
    }
}
