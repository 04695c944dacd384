//! What is no lint in a private module, and would be one in a public one.

#![allow(clippy::wildcard_imports)]

use std::collections::HashMap as Table;
use std::collections::*;

use redis_components::Connection;

use super::model::OfCrate;

/// Its way of hashing is fixed.
pub(crate) async fn hashed(conn: &mut Connection, table: &Table<String, u8>) {
    let _ = (conn, table);
}

/// The same through a glob.
pub(crate) async fn globbed(conn: &mut Connection, set: &HashSet<String>) {
    let _ = (conn, set);
}

/// Its name begins with an underscore.
pub(crate) async fn _underscored(conn: &mut Connection) {
    let _ = conn;
}

/// Its type is another file's, for the crate alone.
#[allow(unreachable_pub)]
pub async fn of_crate(conn: &mut Connection, of_crate: OfCrate) {
    let _ = (conn, of_crate);
}
