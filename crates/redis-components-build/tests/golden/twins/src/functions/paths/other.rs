//! The other of two files.

use redis::RedisResult;
use redis_components::blocking::Connection;

/// Is in both files.
pub fn of_platform(_conn: &mut Connection, id: &str) -> RedisResult<String> {
    Ok(id.to_owned())
}
