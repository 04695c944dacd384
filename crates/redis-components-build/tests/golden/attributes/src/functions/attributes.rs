//! Attributes and documentation.

use redis::RedisResult;
use redis_components::{Connection, blocking};

/// A type of this file.
#[derive(Debug)]
pub struct Thing;

/// Does something, see [`Thing`] and [`block`].
///
/// ```
/// attributes::documented(&mut conn).await?;
/// ```
///
/// ```rust,no_run
/// attributes::documented(&mut conn).await?;
/// ```
///
/// ```text
/// not Rust
/// ```
///
/// Indented:
///
///     attributes::documented(&mut conn).await?;
///
/// Done with `GitHub`.
pub async fn documented(conn: &mut Connection) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}

/**
 Documented in a block.

   More of it.
*/
#[doc = "And an attribute."]
#[doc(alias = "brick")]
pub async fn block(conn: &mut Connection) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}

/// Not for everybody.
#[doc(hidden)]
pub async fn hidden(conn: &mut Connection) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}

/// Not for long.
#[deprecated(since = "1.0.0", note = "call `documented`")]
pub async fn old(conn: &mut Connection) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}

/// With a reason.
#[must_use = "it is what you asked for"]
pub async fn used(conn: &mut Connection) -> u8 {
    let _ = conn;
    1
}

/// Without one.
#[must_use]
pub fn plainly_used(conn: &mut blocking::Connection) -> u8 {
    let _ = conn;
    1
}

/// Knows its caller.
#[track_caller]
#[inline]
#[cold]
pub fn tracked(conn: &mut blocking::Connection) -> RedisResult<u32> {
    let _ = conn;
    Ok(std::panic::Location::caller().line())
}

/// Allows something.
#[allow(clippy::ptr_arg)]
#[warn(unused)]
pub async fn quiet(conn: &mut Connection, keys: &Vec<u8>) -> RedisResult<usize> {
    let _ = conn;
    Ok(keys.len())
}

/// Expects something.
#[expect(clippy::unused_async, reason = "the attribute is what is tried")]
pub async fn expecting(conn: &mut Connection) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}

#[allow(missing_docs)]
pub async fn undocumented(conn: &mut Connection) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}
