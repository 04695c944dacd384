//! The connections of a dedicated call, as the client of a component uses them.

use std::sync::Arc;

use redis::{Pipeline, RedisResult, Value};

use super::commands::is_script;
use super::multiplexed::Multiplexed;
use crate::transport::error_codes::refuses;

/// The connections that a dedicated call has for itself: one to each server that it uses.
pub(crate) trait Lines: Send {
    /// Returns `true` if the call has no session on any of them.
    fn are_clean(&self) -> bool;

    /// Returns the server of the connection that was opened last.
    fn last(&self) -> Option<&Arc<Multiplexed>>;

    /// Sends pipelines without effect on the session to these servers, to all of them at once.
    fn send_each(
        &mut self,
        parts: Vec<(Arc<Multiplexed>, Pipeline)>,
    ) -> impl Future<Output = RedisResult<Vec<RedisResult<Vec<Value>>>>> + Send;

    /// Sends commands that belong together to this server, behind an ASKING if it does not own
    /// their slot yet. Returns `count` replies after the first `offset`.
    fn send_whole(
        &mut self,
        home: &Arc<Multiplexed>,
        pipeline: &Pipeline,
        is_asking: bool,
        offset: usize,
        count: usize,
    ) -> impl Future<Output = RedisResult<Vec<Value>>> + Send;
}

/// Returns `true` if each command of a pipeline was refused, so that nothing was executed.
pub(crate) fn refuses_each(pipeline: &Pipeline, replies: &[Value]) -> bool {
    let mut answers = pipeline.cmd_iter().zip(replies);
    !replies.is_empty() && answers.all(|(command, reply)| refuses(reply, is_script(command)))
}

/// Returns a pipeline or transaction behind an ASKING. Its replies begin with that to ASKING.
pub(crate) fn behind_asking(pipeline: &Pipeline) -> Pipeline {
    let mut asking = redis::pipe();
    asking.cmd("ASKING");
    add_all(&mut asking, pipeline);
    asking
}

/// Returns a transaction as a pipeline with MULTI and EXEC. Its replies are all that there are.
pub(crate) fn spelled_out(transaction: &Pipeline) -> Pipeline {
    let mut whole = redis::pipe();
    add_all(&mut whole, transaction);
    whole
}

fn add_all(whole: &mut Pipeline, pipeline: &Pipeline) {
    let is_transaction = pipeline.is_transaction();
    if is_transaction {
        whole.cmd("MULTI");
    }
    for command in pipeline.cmd_iter() {
        whole.add_command(command.clone());
    }
    if is_transaction {
        whole.cmd("EXEC");
    }
}
