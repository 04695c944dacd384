//! The same work for threads.

use redis::{ConnectionLike, RedisResult, pipe};

/// Logs a message and drops all but the newest hundred, in one round trip.
///
/// # Errors
///
/// Returns the error of Redis.
pub fn log_recent(conn: &mut impl ConnectionLike, app: &str, message: &str) -> RedisResult<()> {
    let key = format!("recent:{app}:info");
    let mut pipeline = pipe();
    pipeline.lpush(&key, message).ignore();
    pipeline.ltrim(&key, 0, 99).ignore();
    pipeline.query(conn)
}
