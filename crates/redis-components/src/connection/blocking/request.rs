//! What a blocking call sends at once, and whether all of it was refused.

use std::borrow::Cow;

use redis::{Cmd, ConnectionLike as _, Pipeline, RedisResult, Value};

use super::{Connection, Inner};
use crate::client::commands::may_wait;
use crate::client::packed;
use crate::connection::refused::{refusal, refusal_of_all};
use crate::transport::error_codes::aborted_because_of;

/// What a blocking call sends at once.
pub(super) trait Request {
    type Reply;

    fn send(&self, connection: &mut Connection) -> RedisResult<Self::Reply>;

    /// Returns the code with which all of it was refused, if it may be sent again.
    fn refusal<'r>(&self, result: &'r RedisResult<Self::Reply>) -> Option<Cow<'r, str>>;
}

/// A command.
pub(super) struct One<'a>(pub(super) &'a Cmd);

/// An encoded pipeline or transaction.
pub(super) struct All<'a> {
    pub(super) packed: &'a [u8],
    pub(super) offset: usize,
    pub(super) count: usize,
}

impl Request for One<'_> {
    type Reply = Value;

    fn send(&self, connection: &mut Connection) -> RedisResult<Value> {
        if may_wait(self.0) {
            return connection.wait_for(self.0);
        }
        match &mut connection.inner {
            Inner::Pooled { pooled, .. } => pooled.send(self.0),
            Inner::Own(own) => own.req_command(self.0),
        }
    }

    fn refusal<'r>(&self, result: &'r RedisResult<Value>) -> Option<Cow<'r, str>> {
        refusal(self.0, result).map(Cow::Borrowed)
    }
}

impl Request for All<'_> {
    type Reply = Vec<Value>;

    fn send(&self, connection: &mut Connection) -> RedisResult<Vec<Value>> {
        connection.send_packed(
            self.packed,
            |pooled| pooled.requests(self.packed, self.offset, self.count),
            |own| own.req_packed_commands(self.packed, self.offset, self.count),
        )
    }

    fn refusal<'r>(&self, result: &'r RedisResult<Vec<Value>>) -> Option<Cow<'r, str>> {
        let has_error = match result {
            Ok(replies) => replies
                .iter()
                .any(|reply| matches!(reply, Value::ServerError(_))),
            Err(error) => {
                let code = aborted_because_of(error.code()?, error.detail()?);
                return code.map(Cow::Borrowed);
            }
        };
        let commands = has_error.then(|| packed::commands(self.packed))??;
        let mut pipeline = Pipeline::new();
        let inner = match &*commands {
            // A transaction: redis-rs leaves out the replies before the last.
            [_, inner @ .., _] if self.offset > 0 => {
                pipeline.atomic();
                inner
            }
            all => all,
        };
        for command in inner {
            pipeline.add_command(command.clone());
        }
        refusal_of_all(&pipeline, result).map(Cow::Owned)
    }
}
