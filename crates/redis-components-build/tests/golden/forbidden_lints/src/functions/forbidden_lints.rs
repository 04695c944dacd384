//! Functions in a crate that forbids lints.

use redis::RedisResult;
use redis_components::{Connection, blocking};

/// Reads a value, see [`blocking()`].
///
/// # Errors
///
/// Returns what the server says.
pub async fn documented<'a>(conn: &mut Connection, key: &'a str) -> RedisResult<&'a str> {
    let () = redis::cmd("PING").query_async(conn).await?;
    Ok(key)
}

/// Reads a value.
///
/// # Errors
///
/// Returns what the server says.
pub fn blocking(conn: &mut blocking::Connection) -> RedisResult<String> {
    redis::cmd("PING").query(conn)
}
