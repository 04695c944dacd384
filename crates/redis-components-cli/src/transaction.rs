//! Transactions on the config server, and what their answers say.

use redis::{Pipeline, RedisError, RedisResult, Value};

use crate::failure::Failure;
use crate::session::Session;

/// Why it is not known that a transaction was executed.
#[derive(Debug)]
pub(crate) enum NotDone {
    /// The server answered that it executed nothing.
    Refused(Failure),
    /// Its answer is missing, or says that a part failed.
    Unknown(Failure),
}

impl From<NotDone> for Failure {
    fn from(not_done: NotDone) -> Self {
        match not_done {
            NotDone::Refused(failure) | NotDone::Unknown(failure) => failure,
        }
    }
}

impl Session {
    /// Sends a transaction, and returns `true` if it was executed: nothing that is watched has
    /// changed.
    ///
    /// # Errors
    ///
    /// Returns what is known otherwise.
    pub(crate) async fn transact(&self, commands: &Pipeline) -> Result<bool, NotDone> {
        // Without the right to it the commands would be executed one by one.
        let () = self
            .query(&redis::cmd("MULTI"))
            .await
            .map_err(NotDone::Refused)?;
        // redis-rs says of a refused EXEC only that it expected another answer.
        let mut whole = redis::pipe();
        for command in commands.cmd_iter() {
            whole.add_command(command.clone());
        }
        whole.cmd("EXEC").ignore_errors();
        let answers: Vec<RedisResult<Value>> = whole
            .query_async(&mut self.connection())
            .await
            .map_err(|error| NotDone::Unknown(self.failure(&error)))?;
        let failed = |number: usize, error: &RedisError| match whole.cmd_iter().nth(number) {
            Some(command) => self.failure_of(error, command),
            None => self.failure(error),
        };
        match answers.last() {
            Some(Ok(Value::Nil)) => Ok(false),
            Some(Ok(Value::Array(executed))) => {
                let wrong = executed.iter().enumerate().find_map(|(number, answer)| {
                    let error = answer.clone().extract_error().err()?;
                    Some(failed(number, &error))
                });
                wrong.map_or(Ok(true), |failure| Err(NotDone::Unknown(failure)))
            }
            // EXEC only repeats that one before it was refused.
            _ => Err(NotDone::Refused(
                answers
                    .iter()
                    .enumerate()
                    .find_map(|(number, answer)| Some(failed(number, answer.as_ref().err()?)))
                    .unwrap_or_else(|| self.failure(&RedisError::from(NO_ANSWER))),
            )),
        }
    }
}

const NO_ANSWER: (redis::ErrorKind, &str) = (
    redis::ErrorKind::UnexpectedReturnType,
    "it answers EXEC with what is no answer to it",
);
