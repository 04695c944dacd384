//! The spans of the commands that connections send.

use redis::aio::ConnectionLike;
use redis::{Arg, Cmd, Pipeline};

use super::{Connection, blocking};
use crate::client::packed::first_name;
use crate::telemetry::span::{CommandSpan, Operation};

impl Connection {
    /// Returns the span of a command, if a component made the connection and somebody listens.
    pub(super) fn span_of(&self, command: &Cmd) -> Option<CommandSpan> {
        let subject = &self.client()?.subject;
        let operation = Operation::Command(name(command));
        CommandSpan::begin(subject, ConnectionLike::get_db(self), operation)
    }

    /// Returns the span of a pipeline or transaction.
    pub(super) fn span_of_all(&self, pipeline: &Pipeline) -> Option<CommandSpan> {
        let subject = &self.client()?.subject;
        let size = pipeline.len();
        let operation = if pipeline.is_transaction() {
            Operation::Transaction(size)
        } else {
            Operation::Pipeline(size)
        };
        CommandSpan::begin(subject, ConnectionLike::get_db(self), operation)
    }
}

impl blocking::Connection {
    /// Returns the span of a command, if a component made the connection and somebody listens.
    pub(super) fn span_of(&self, command: &Cmd) -> Option<CommandSpan> {
        self.span(Operation::Command(name(command)))
    }

    /// Returns the span of an encoded command.
    pub(super) fn span_of_packed(&self, packed: &[u8]) -> Option<CommandSpan> {
        self.span(Operation::Command(first_name(packed)))
    }

    /// Returns the span of an encoded pipeline, of which `count` replies after the first `offset`
    /// are for the caller. Before that of a transaction come the replies to `MULTI` and to each of
    /// its commands.
    pub(super) fn span_of_all(&self, offset: usize, count: usize) -> Option<CommandSpan> {
        self.span(match offset.checked_sub(1) {
            Some(size) => Operation::Transaction(size),
            None => Operation::Pipeline(count),
        })
    }

    fn span(&self, operation: Operation<'_>) -> Option<CommandSpan> {
        CommandSpan::begin(
            self.subject()?,
            redis::ConnectionLike::get_db(self),
            operation,
        )
    }
}

/// Returns the name of a command as it was given.
fn name(command: &Cmd) -> &[u8] {
    match command.args_iter().next() {
        Some(Arg::Simple(name)) => name,
        _ => b"",
    }
}
