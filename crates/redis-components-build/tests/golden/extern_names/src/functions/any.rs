//! One function for components with the names of crates and generated items.

use redis::RedisResult;
use redis_components::Connection;

/// Pings.
pub async fn ping<T: Send>(conn: &mut Connection, value: T) -> RedisResult<T> {
    redis::cmd("PING").query_async::<()>(conn).await?;
    Ok(value)
}
