//! Functions that are not for everybody.

use redis::RedisResult;
use redis_components::Connection;

#[derive(Debug)]
pub(crate) struct Inside;

/// Visible in the crate.
pub(crate) async fn crate_visible(conn: &mut Connection) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}

/// Visible in the root, which is the crate.
pub(super) async fn root_visible(conn: &mut Connection) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}

/// Has a type that is visible in the crate.
pub(in crate) async fn crate_type(conn: &mut Connection, inside: Inside) -> RedisResult<()> {
    let _ = (conn, inside);
    Ok(())
}
