//! One of two files.

use redis::RedisResult;
use redis_components::Connection;

/// Is in both files.
pub async fn of_platform(_conn: &mut Connection, id: u64) -> RedisResult<u64> {
    Ok(id)
}

