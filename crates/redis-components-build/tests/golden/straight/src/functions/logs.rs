//! Recent log messages.

use redis::{AsyncCommands, RedisResult};
use redis_components::Connection;

/// Appends a message to an application's recent ones.
pub async fn log_recent(conn: &mut Connection, app: &str, message: &str) -> RedisResult<()> {
    conn.lpush(key(app), message).await
}

/// Returns an application's recent messages, the newest first.
pub async fn recent(conn: &mut Connection, app: &str) -> RedisResult<Vec<String>> {
    conn.lrange(key(app), 0, -1).await
}

fn key(app: &str) -> String {
    format!("recent:{app}")
}
