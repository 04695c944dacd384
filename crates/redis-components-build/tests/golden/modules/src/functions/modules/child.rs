//! A file below.

use redis_components::Connection;

/// What it takes.
#[derive(Debug)]
pub struct Child;

/// Defined in a file below.
pub async fn from_file(conn: &mut Connection, child: Child) {
    let _ = (conn, child);
}
