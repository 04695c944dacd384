//! Names that are keywords.

use redis::RedisResult;
use redis_components::Connection;

/// A type.
#[derive(Debug)]
#[allow(non_camel_case_types)]
pub struct r#struct;

/// A keyword.
pub async fn r#match(conn: &mut Connection, r#in: r#struct) -> RedisResult<()> {
    let _ = (conn, r#in);
    Ok(())
}

/// Another.
pub async fn r#loop(conn: &mut Connection) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}
