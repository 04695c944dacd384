#![cfg_attr(feature = "extra", cfg(any()))]
//! Is there on a condition.

use redis::RedisResult;
use redis_components::Connection;

/// Is there on a condition.
pub async fn sometimes(_conn: &mut Connection) -> RedisResult<()> {
    Ok(())
}
