//! The replies of a transaction that queues its commands.

use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};

use crate::transport::transaction::demand_begun;

/// Returns the replies after the first `offset`. As in redis-rs, an error among the first fails the
/// whole request.
pub(crate) fn behind(offset: usize, mut queued: Vec<Value>) -> RedisResult<Vec<Value>> {
    if offset == 0 {
        return Ok(queued);
    }
    let replies = queued.split_off(offset);
    demand_begun(&queued)?;
    let refused: Vec<RedisError> = queued
        .into_iter()
        .filter_map(|reply| reply.extract_error().err())
        .collect();
    if refused.is_empty() {
        Ok(replies)
    } else {
        Err(aborted(&refused))
    }
}

/// Returns redis-rs's error for errors among the replies that the caller does not get.
fn aborted(errors: &[RedisError]) -> RedisError {
    // A server says it so: "Transaction discarded because of: READONLY …".
    let shown = |error: &RedisError| match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("because of: {code} {detail}"),
        _ => error.to_string(),
    };
    let all: Vec<String> = errors.iter().map(shown).collect();
    let kind = ErrorKind::Server(ServerErrorKind::ExecAbort);
    (kind, "Transaction aborted", all.join(", ")).into()
}
