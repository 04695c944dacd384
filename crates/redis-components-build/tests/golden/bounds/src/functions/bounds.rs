//! Constants, bounds and what callbacks borrow.

use std::future::Future;
use std::pin::Pin;

use redis::RedisResult;
use redis::aio::ConnectionLike;
use redis_components::Connection;

/// A constant of the file.
pub const LIMIT: usize = 4;

/// A function that stands in a type.
#[must_use]
pub const fn size() -> usize {
    2
}

/// What stands in a type as a number.
#[derive(Debug, Clone, Copy)]
pub enum Mode {
    /// Three.
    Three = 3,
}

/// What visits.
pub trait Visit: Send {
    /// What it makes.
    type Output: Send;
}

/// Numbers of the file in types.
pub async fn constants(conn: &mut Connection, one: [u8; LIMIT], two: [u8; size()], three: &[u8; Mode::Three as usize]) -> RedisResult<[u8; LIMIT * 2]> {
    let _ = (conn, one, two, three);
    Ok([0; LIMIT * 2])
}

/// Bounds for every lifetime.
pub async fn higher_ranked<F, T>(conn: &mut Connection, choose: F, all: T) -> RedisResult<()>
where
    F: for<'a> Fn(&'a str, &'a [u8]) -> &'a str + Send,
    for<'a> &'a T: IntoIterator<Item = &'a str>,
    T: Send,
{
    let _ = (conn, choose, all);
    Ok(())
}

/// Types of types.
pub async fn projections<V>(conn: &mut Connection, visit: V, item: <Vec<u8> as IntoIterator>::Item) -> RedisResult<Vec<V::Output>>
where
    V: Visit<Output: Clone>,
{
    let _ = (conn, visit, item);
    Ok(Vec::new())
}

/// The second one stays.
pub async fn both_connections(from: &mut Connection, to: &mut Connection) -> RedisResult<()> {
    let _ = (from, to);
    Ok(())
}

/// The connection's type stands in a callback's as well.
#[allow(clippy::type_complexity)]
pub async fn borrowed_by_callback<C: ConnectionLike + Send>(conn: &mut C, each: impl for<'x> Fn(&'x mut C) -> bool + Send, then: Box<dyn for<'x> Fn(&'x mut Connection) -> Pin<Box<dyn Future<Output = u8> + Send + 'x>> + Send + Sync>) -> RedisResult<bool> {
    let _ = then;
    Ok(each(conn))
}

/// Lifetimes tied to each other, and not to the connection's.
pub async fn tied<'a, 'b: 'a, T: ?Sized + ToString + Sync + 'a>(conn: &mut Connection, one: &'a T, two: &'b str) -> RedisResult<(&'a T, &'b str)> {
    let _ = conn;
    Ok((one, two))
}
