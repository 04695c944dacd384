//! Functions whose connections stay where they are when the component moves.

use redis::aio::PubSub;
use redis::{RedisError, RedisResult};
use redis_components::{Connection, Error, Subscriber, blocking};

/// Waits, and stays.
pub async fn pop(conn: &mut Connection, key: &str) -> RedisResult<(String, String)> {
    redis::cmd("BLPOP").arg(key).arg(0).query_async(conn).await
}

/// Waits, and follows.
pub async fn follow(conn: &mut Connection, key: &str) -> RedisResult<(String, String)> {
    redis::cmd("BLPOP").arg(key).arg(0).query_async(conn).await
}

/// Subscribes, and stays.
pub async fn hear(conn: &mut PubSub, channel: &str) -> RedisResult<()> {
    conn.subscribe(channel).await
}

/// Shares.
pub async fn push(conn: &Connection) -> Result<(), RedisError> {
    let _ = conn;
    Ok(())
}

/// Waits and blocks.
pub fn pop_blocking(conn: &mut blocking::Connection) -> RedisResult<()> {
    redis::cmd("BLPOP").arg("key").arg(0).exec(conn)
}

/// Shares and blocks.
pub fn push_blocking(conn: &mut blocking::Connection) -> RedisResult<()> {
    redis::cmd("PING").exec(conn)
}

/// Subscribes like ours, and stays.
pub async fn listen(conn: &mut Subscriber, channel: &str) -> Result<(), Error> {
    conn.subscribe(channel).await
}
