//! The function that all asynchronous contestants on redis-rs call.

use redis::aio::ConnectionLike;
use redis::{RedisResult, pipe};

/// Logs a message and drops all but the newest hundred, in one round trip.
///
/// # Errors
///
/// Returns the error of Redis.
pub async fn log_recent(
    conn: &mut impl ConnectionLike,
    app: &str,
    message: &str,
) -> RedisResult<()> {
    let key = format!("recent:{app}:info");
    let mut pipeline = pipe();
    pipeline.lpush(&key, message).ignore();
    pipeline.ltrim(&key, 0, 99).ignore();
    pipeline.query_async(conn).await
}
