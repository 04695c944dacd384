//! A file that is declared under a condition.

use redis_components::Connection;

/// A type of the file.
#[derive(Debug)]
pub struct Thing;

/// There as often as the module.
pub async fn sometimes(conn: &mut Connection, thing: Thing) {
    let _ = (conn, thing);
}

/// Says twice when it is there.
#[cfg(unix)]
#[cfg(unix)]
pub async fn twice(_conn: &mut Connection) {}
