//! Every kind of connection.

#![allow(clippy::needless_pass_by_value)]

use redis::aio::{ConnectionLike, ConnectionManager, MultiplexedConnection, PubSub};
use redis::{RedisError, RedisResult};
use redis_components::{Connection, Error, Subscriber, blocking};

/// Waits, and for nobody else.
pub async fn pop(conn: &mut Connection, key: &str) -> RedisResult<(String, String)> {
    redis::cmd("BLPOP").arg(key).arg(0).query_async(conn).await
}

/// Watches.
pub async fn watch(conn: &Connection) -> Result<(), RedisError> {
    let _ = conn;
    Ok(())
}

/// Waits on redis-rs's own type.
pub async fn multiplexed_pop(conn: &mut MultiplexedConnection) {
    let _ = conn;
}

/// Waits on whatever it is given.
pub async fn generic_pop(conn: &mut impl ConnectionLike) {
    let _ = conn;
}

/// Waits and blocks.
pub fn pop_blocking(conn: &mut blocking::Connection) -> RedisResult<()> {
    redis::cmd("BLPOP").arg("key").arg(0).exec(conn)
}

/// Waits and blocks on redis-rs's own type.
pub fn raw_blocking(conn: &mut redis::Connection) -> RedisResult<()> {
    redis::cmd("BLPOP").arg("key").arg(0).exec(conn)
}

/// Keeps what it is given.
pub fn by_value(conn: blocking::Connection) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}

/// Shares.
pub async fn push(conn: &mut Connection) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}

/// Written for a manager.
pub async fn manager(conn: &mut ConnectionManager) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}

/// Written for a clone of a manager.
pub async fn manager_by_value(conn: ConnectionManager) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}

/// Written for redis-rs's own type.
pub async fn multiplexed(mut conn: MultiplexedConnection) -> RedisResult<()> {
    redis::cmd("PING").exec_async(&mut conn).await
}

/// Written for redis-rs's own blocking type.
pub fn raw(conn: &mut redis::Connection) -> RedisResult<()> {
    redis::cmd("PING").exec(conn)
}

/// Subscribes.
pub async fn subscribe(conn: &mut PubSub, channel: &str) -> RedisResult<()> {
    conn.subscribe(channel).await
}

/// Keeps the messages and leaves the rest.
pub async fn messages(conn: PubSub) -> redis::aio::PubSubStream {
    conn.into_on_message()
}

/// Subscribes, and follows.
pub async fn listen(conn: &mut Subscriber, channel: &str) -> Result<(), Error> {
    conn.subscribe(channel).await
}

/// Keeps the subscriber.
pub async fn subscriber(conn: Subscriber) -> Subscriber {
    conn
}
