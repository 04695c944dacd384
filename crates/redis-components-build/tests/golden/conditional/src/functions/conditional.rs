//! What is there only sometimes.

#![allow(clippy::implicit_hasher)]

#[cfg(feature = "extra")]
use std::collections::BTreeMap as Map;
#[cfg(not(feature = "extra"))]
use std::collections::HashMap as Map;
#[cfg(feature = "extra")]
use std::time::Duration as Wait;

use redis::RedisResult;
use redis_components::Connection;

/// Without the feature, nowhere to be seen.
#[cfg(feature = "extra")]
pub async fn never(conn: &mut Connection, wait: Wait) -> RedisResult<()> {
    let _ = (conn, wait);
    Ok(())
}

/// Always there.
#[cfg_attr(feature = "extra", allow(unused), must_use = "really")]
#[cfg_attr(feature = "extra", inline)]
pub async fn always(conn: &mut Connection, map: Map<String, String>) -> RedisResult<()> {
    let _ = (conn, map);
    Ok(())
}

/// With the feature.
#[cfg(feature = "extra")]
pub async fn either(conn: &mut Connection) -> RedisResult<u8> {
    let _ = conn;
    Ok(1)
}

/// Without it.
#[cfg(not(feature = "extra"))]
pub async fn either(conn: &mut Connection) -> RedisResult<u16> {
    let _ = conn;
    Ok(1)
}

/// One parameter more.
pub async fn parameter(conn: &mut Connection, #[cfg(feature = "extra")] extra: u8, #[cfg(not(feature = "extra"))] other: u16) -> RedisResult<()> {
    #[cfg(feature = "extra")]
    let _ = extra;
    #[cfg(not(feature = "extra"))]
    let _ = other;
    let _ = conn;
    Ok(())
}
