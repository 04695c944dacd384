//! Functions of two components.

use redis::{AsyncCommands, RedisResult, ToRedisArgs};
use redis_components::Connection;

/// Reads.
pub async fn read(conn: &mut Connection, key: &str) -> RedisResult<Option<String>> {
    conn.get(key).await
}

/// Writes.
pub async fn write<V>(conn: &mut Connection, key: &str, value: V) -> RedisResult<()>
where
    V: ToRedisArgs + Send + Sync + redis::ToSingleRedisArg,
{
    conn.set(key, value).await
}
