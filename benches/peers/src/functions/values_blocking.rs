//! The same work for threads.

use redis::{Commands, ConnectionLike, RedisResult};

/// Sets a value.
///
/// # Errors
///
/// Returns the error of Redis.
pub fn set(conn: &mut impl ConnectionLike, key: &str, value: &str) -> RedisResult<()> {
    conn.set(key, value)
}
