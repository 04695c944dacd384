//! A file that is there only sometimes.
#![cfg(feature = "extra")]

use redis::RedisResult;
use redis_components::Connection;

/// A type of the file.
#[derive(Debug)]
pub struct Thing;

type Things = Vec<Thing>;

/// There as often as the file.
pub async fn sometimes(conn: &mut Connection, thing: Thing) -> RedisResult<()> {
    let _ = (conn, thing);
    Ok(())
}

/// There less often.
#[cfg(unix)]
pub async fn rarely(conn: &mut Connection, things: Things) -> RedisResult<()> {
    let _ = (conn, things);
    Ok(())
}
