//! Deprecated types, for those who may still use them.

use redis_components::Connection;

/// There is a better one.
#[deprecated(note = "use another")]
#[derive(Debug)]
pub struct Old;

/// Takes it.
#[allow(deprecated)]
pub async fn old(conn: &mut Connection, old: Option<Old>) {
    let _ = (conn, old);
}

/// Is deprecated under a condition.
#[cfg_attr(all(), deprecated(note = "call another"))]
pub async fn sometimes_old(conn: &mut Connection) {
    let _ = conn;
}
