//! Another file, which the root cannot name.

use redis::RedisResult;
use redis_components::Connection as Conn;

/// What it takes.
#[derive(Debug)]
pub struct Options;

/// Defined in another file.
pub async fn from_sibling(conn: &mut Conn, options: Options, sibling: self::Sibling) -> RedisResult<()> {
    let _ = (conn, options, sibling);
    Ok(())
}

/// A type that a glob brings along.
pub type Sibling = u8;
