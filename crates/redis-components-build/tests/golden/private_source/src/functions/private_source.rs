//! A file that the root cannot name, whose items are re-exported above.

use redis::RedisResult;
use redis_components::Connection;

/// Known by another path.
#[derive(Debug)]
pub struct Argument;

/// Called by another path.
pub async fn known_above(conn: &mut Connection, argument: Argument) -> RedisResult<()> {
    let _ = (conn, argument);
    Ok(())
}
