//! Lifetimes, of the connection and of other things.

#![allow(clippy::needless_lifetimes)]

use std::borrow::Cow;

use redis::RedisResult;
use redis_components::{Connection, blocking};

/// A borrow of an argument.
pub async fn argument<'a>(conn: &mut Connection, key: &'a str) -> RedisResult<&'a str> {
    let _ = conn;
    Ok(key)
}

/// The connection has a name.
pub async fn named<'c, 'k>(conn: &'c mut Connection, key: &'k str) -> RedisResult<&'k str> {
    let _ = conn;
    Ok(key)
}

/// Lifetimes tied to each other.
pub async fn tied<'c, 'a: 'c, 'b: 'a + 'c>(conn: &'c mut Connection, one: &'a str, two: &'b str) -> RedisResult<&'a str> {
    let _ = conn;
    Ok(if one.is_empty() { two } else { one })
}

/// One lifetime for connection and argument.
pub async fn shared<'a>(conn: &'a mut Connection, key: &'a str) -> RedisResult<usize> {
    let _ = conn;
    Ok(key.len())
}

/// An `impl` type in an argument.
pub async fn iterator<'a>(conn: &mut Connection, keys: impl Iterator<Item = &'a str>) -> RedisResult<Vec<&'a str>> {
    let _ = conn;
    Ok(keys.collect())
}

/// An `impl` type that is returned, and that says what it captures.
pub fn captured<'a>(conn: &mut blocking::Connection, key: &'a str) -> RedisResult<impl Iterator<Item = char> + use<'a>> {
    let _ = conn;
    Ok(key.chars())
}

/// Clauses.
pub async fn clauses<'c, 'a, T>(conn: &'c mut Connection, value: &'a T) -> RedisResult<&'a T>
where
    'a: 'c,
    T: Sync + 'a + 'c,
{
    let _ = conn;
    Ok(value)
}

/// Elided inside of a type.
pub async fn cow(conn: Connection, text: Cow<'_, str>) -> RedisResult<Cow<'_, str>> {
    let _ = conn;
    Ok(text)
}
