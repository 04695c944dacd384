use redis::{AsyncCommands, RedisResult};
use redis_components::Connection;

/// Logs a message, and returns how many there are.
pub async fn log_recent(conn: &mut Connection, app: &str, message: &str) -> RedisResult<u64> {
    conn.lpush(format!("recent:{app}"), message).await
}
