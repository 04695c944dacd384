//! A command that its server has refused, and that may be sent again.

use std::time::Duration;

use redis::{Cmd, Pipeline, RedisResult, ServerError, Value};

use crate::client::commands::is_script;
use crate::client::reads::changes_nothing;
use crate::clock::Tick;
use crate::config::ComponentConfig;
use crate::transport::error_codes::{aborted_by, is_refusal_code, refuses};

/// The first pause while sentinels elect another primary. The next are longer.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
/// The first pause while a candidate is promoted, which takes a server a few milliseconds.
const FIRST_PAUSE_FOR_CANDIDATE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE_FOR_CANDIDATE: Duration = Duration::from_millis(5);
/// How long a candidate may be gone before it was withdrawn. One that comes into force is gone just
/// before its config is seen.
const WITHDRAWN_AFTER: Duration = Duration::from_millis(250);
/// The longest pause while data is copied, which takes longer, and for which the server is busy.
const LONGEST_PAUSE_WHILE_HELD: Duration = Duration::from_millis(20);

/// Returns the code with which a command was refused, if it was not executed and may be sent to
/// another server.
pub(super) fn refusal<'r>(command: &Cmd, result: &'r RedisResult<Value>) -> Option<&'r str> {
    match result {
        Ok(reply @ Value::ServerError(error)) if refuses(reply, is_script(command)) => {
            Some(error.code())
        }
        _ => None,
    }
}

/// Returns the code with which a pipeline or transaction was refused, if nothing of it was executed
/// but commands that only read.
pub(super) fn refusal_of_all(
    pipeline: &Pipeline,
    result: &RedisResult<Vec<Value>>,
) -> Option<String> {
    if pipeline.is_transaction() {
        return refusal_of_transaction(result);
    }
    let replies = result.as_ref().ok()?;
    if replies.len() != pipeline.len() {
        return None;
    }
    let mut code = None;
    for (command, reply) in pipeline.cmd_iter().zip(replies) {
        match reply {
            Value::ServerError(error) if refuses(reply, is_script(command)) => {
                code.get_or_insert_with(|| error.code().to_owned());
            }
            _ if changes_nothing(command) => {}
            _ => return None,
        }
    }
    code
}

/// While commands are queued, the server refuses one of them, and then discards the transaction.
fn refusal_of_transaction(result: &RedisResult<Vec<Value>>) -> Option<String> {
    match result {
        Ok(replies) => match replies.as_slice() {
            [Value::ServerError(error)] => code_inside(error),
            _ => None,
        },
        Err(error) => {
            let errors = error.clone().into_server_errors()?;
            errors.iter().find_map(|(_, error)| code_inside(error))
        }
    }
}

fn code_inside(error: &ServerError) -> Option<String> {
    if is_refusal_code(error.code()) {
        return Some(error.code().to_owned());
    }
    aborted_by(error).map(str::to_owned)
}

/// Asks a server which run of it this is.
pub(super) fn asking_for_run() -> Cmd {
    let mut asking = redis::cmd("INFO");
    asking.arg("server");
    asking
}

/// Returns `true` if a server has answered that this is the run that has the data. One that was
/// started again has forgotten that it was a replica, and would execute what it must not.
pub(super) fn is_run(answer: &RedisResult<Value>, run_id: &str) -> bool {
    let info = match answer {
        Ok(Value::BulkString(bytes)) => std::str::from_utf8(bytes).ok(),
        Ok(Value::VerbatimString { text, .. } | Value::SimpleString(text)) => Some(&**text),
        _ => None,
    };
    let mut lines = info.into_iter().flat_map(str::lines);
    lines.any(|line| line.strip_prefix("run_id:") == Some(run_id))
}

/// The attempts to send a command that was refused, all within its response timeout.
pub(super) struct Attempts {
    since: Tick,
    response: Duration,
    pause: Duration,
    /// The longest pause, if it waits for a candidate.
    for_candidate: Option<Duration>,
    /// When it was first seen that the candidate is gone.
    gone: Option<Tick>,
}

impl Attempts {
    pub(super) fn begin(since: Tick, response: Duration) -> Self {
        Self {
            since,
            response,
            pause: FIRST_PAUSE,
            for_candidate: None,
            gone: None,
        }
    }

    /// Returns the time that is left for the command.
    pub(super) fn left(&self) -> Option<Duration> {
        let left = self.response.checked_sub(self.since.elapsed());
        left.filter(|left| !left.is_zero())
    }

    /// Lets the command wait until the candidate is promoted, or the component is elsewhere.
    pub(super) fn wait_for_candidate(&mut self) {
        self.wait_at_most(LONGEST_PAUSE_FOR_CANDIDATE);
    }

    /// Lets the command wait until the candidate is in force, or the server takes it again.
    pub(super) fn wait_while_held(&mut self) {
        self.wait_at_most(LONGEST_PAUSE_WHILE_HELD);
    }

    /// Notes that there is no candidate. The command waits no longer for one that was withdrawn.
    pub(super) fn note_no_candidate(&mut self) {
        let gone = self.gone.get_or_insert_with(Tick::now);
        if gone.elapsed() >= WITHDRAWN_AFTER {
            self.for_candidate = None;
        }
    }

    fn wait_at_most(&mut self, longest: Duration) {
        self.gone = None;
        if self.for_candidate.replace(longest).is_none() {
            self.pause = FIRST_PAUSE_FOR_CANDIDATE;
        }
    }

    /// Returns the pause before the next attempt, or `None` if there is none. Between the promotion
    /// of a replica and the word of the sentinels, no server takes writes; the same holds for a
    /// candidate. Without sentinels or a candidate there is no pause, because nothing would announce
    /// another server.
    pub(super) fn next_pause(&mut self, config: &ComponentConfig) -> Option<Duration> {
        if self.for_candidate.is_none() {
            config.sentinels()?;
        }
        let pause = self.pause.mul_f64(0.5 + fastrand::f64());
        let longest = self.for_candidate.unwrap_or(LONGEST_PAUSE);
        self.pause = (self.pause * 2).min(longest);
        self.left().filter(|left| pause < *left)?;
        Some(pause)
    }
}
