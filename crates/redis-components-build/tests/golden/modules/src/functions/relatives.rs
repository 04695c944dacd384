//! Names that only the modules around this one import.

#![allow(clippy::wildcard_imports)]

use super::*;
use super::BTreeMap as Map;

/// Imported from where it is private.
pub async fn imported(conn: &mut Conn, map: &Map<u8, u8>) {
    let _ = (conn, map);
}

/// Brought in by a glob.
pub async fn globbed(conn: &mut Conn, map: BTreeMap<u8, u8>) {
    let _ = (conn, map);
}

/// Written where it is used.
pub async fn written(conn: &mut super::Conn, map: super::BTreeMap<super::modules::visible::Inside, u8>) {
    let _ = (conn, map);
}
