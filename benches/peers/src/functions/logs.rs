//! The work that all asynchronous contestants on redis-rs do, by this very function.

use redis::aio::ConnectionLike;
use redis::{RedisResult, pipe};

/// Logs a message and drops all but the newest hundred, in one round trip.
///
/// # Errors
///
/// What Redis answers.
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
