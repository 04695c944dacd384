//! The function that asynchronous contestants on redis-rs call at a cluster.

use redis::aio::ConnectionLike;
use redis::{AsyncCommands, RedisResult};

/// Sets a value.
///
/// # Errors
///
/// Returns the error of Redis.
pub async fn set<C: ConnectionLike + Send + Sync>(
    conn: &mut C,
    key: &str,
    value: &str,
) -> RedisResult<()> {
    conn.set(key, value).await
}
