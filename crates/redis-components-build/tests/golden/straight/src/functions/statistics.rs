//! Counters.

use redis::{Commands, RedisResult};
use redis_components::blocking::Connection;

/// Counts a hit.
pub fn count(conn: &mut Connection, name: &str) -> RedisResult<u64> {
    conn.incr(name, 1)
}
