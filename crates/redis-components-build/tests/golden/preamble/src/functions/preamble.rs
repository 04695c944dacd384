//! With a byte order mark and lines that end in two characters.

use redis::RedisResult;
use redis_components::Connection;

/// Reads.
///
/// Something.
pub async fn read(conn: &mut Connection) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}
