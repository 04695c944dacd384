//! Generic parameters, of the connection and of other things.

use std::fmt::Display;

use redis::aio::ConnectionLike;
use redis::{AsyncCommands, Commands, FromRedisValue, RedisResult, ToRedisArgs};
use redis_components::Connection;

/// An open connection type.
pub async fn open(conn: &mut impl AsyncCommands, key: &str) -> RedisResult<u64> {
    conn.incr(key, 1).await
}

/// A bounded one.
pub async fn bounded<C: AsyncCommands + Send>(conn: &mut C, key: &str) -> RedisResult<u64> {
    conn.incr(key, 1).await
}

/// One with a clause.
pub async fn clause<'c, C, K>(conn: &'c mut C, key: K) -> RedisResult<u64>
where
    C: ConnectionLike + Send + 'c,
    K: Display + 'c,
{
    redis::cmd("INCR").arg(key.to_string()).query_async(conn).await
}

/// A bounded one that blocks.
pub fn bounded_blocking<C: Commands>(conn: &mut C, key: &str) -> RedisResult<u64> {
    conn.incr(key, 1)
}

/// An open one that blocks.
pub fn open_blocking(conn: &mut impl redis::ConnectionLike, key: &str) -> RedisResult<u64> {
    redis::cmd("INCR").arg(key).query(conn)
}

/// A dynamic one.
pub fn dynamic(conn: &mut dyn redis::ConnectionLike, key: &str) -> RedisResult<u64> {
    redis::cmd("INCR").arg(key).query(conn)
}

/// Parameters of other things stay.
pub async fn kept<T: FromRedisValue>(conn: &mut Connection, key: &str) -> RedisResult<T> {
    redis::cmd("GET").arg(key).query_async(conn).await
}

/// Constants too.
pub async fn constant<const N: usize>(conn: &mut Connection, keys: [&str; N]) -> RedisResult<usize> {
    let _ = (conn, keys);
    Ok(N)
}

/// Some go, some stay.
pub async fn both<C, T, const N: usize>(conn: &mut C, keys: &[T; N]) -> RedisResult<()>
where
    C: AsyncCommands,
    for<'a> &'a T: Display,
    T: ToRedisArgs + Sync,
{
    conn.del(keys).await
}

/// Something that works on a connection.
pub trait Worker<C> {
    /// Works.
    fn work(&self, conn: &mut C);
}

/// The connection's parameter is used by others.
pub async fn elsewhere<C: ConnectionLike, W: Worker<C>>(conn: &mut C, worker: W, then: fn(&mut C)) -> RedisResult<Option<fn(C)>> {
    worker.work(conn);
    then(conn);
    Ok(None)
}

/// Open argument types.
pub async fn argument(conn: &mut Connection, keys: impl IntoIterator<Item = impl Display>) -> RedisResult<usize> {
    let _ = conn;
    Ok(keys.into_iter().count())
}

/// By value.
pub async fn owned<C: AsyncCommands>(mut conn: C, key: &str) -> RedisResult<u64> {
    conn.incr(key, 1).await
}

/// A parameter that only the caller can say.
pub fn inferred<C: Commands, T: Default + Display>(conn: &mut C) -> RedisResult<()> {
    conn.set("default", T::default().to_string())
}
