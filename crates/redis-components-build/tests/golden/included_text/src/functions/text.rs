use redis::RedisResult;
use redis_components::Connection;

/// Stands in an included file.
pub async fn from_text(_conn: &mut Connection) -> RedisResult<()> {
    Ok(())
}
