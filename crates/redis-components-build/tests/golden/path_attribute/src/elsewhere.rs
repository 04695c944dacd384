//! Not where its module's name says.
#![allow(clippy::wildcard_imports)]

use redis_components::Connection;

/// Inside.
pub(crate) mod inside {
    /// A type.
    #[derive(Debug)]
    pub(crate) struct Inside;
}
use self::inside::*;

/// Found all the same.
pub(crate) async fn found(conn: &mut Connection, inside: Inside) {
    let _ = (conn, inside);
}
