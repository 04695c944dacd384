//! Errors of all kinds.

#![allow(clippy::needless_pass_by_value)]

use redis::{RedisError, RedisResult};
use redis_components::Connection;

/// Made of either error.
#[derive(Debug)]
pub enum Both {
    /// Of the runtime.
    Runtime(redis_components::Error),
    /// Of the server.
    Redis(RedisError),
}

impl From<redis_components::Error> for Both {
    fn from(error: redis_components::Error) -> Self {
        Self::Runtime(error)
    }
}

impl From<RedisError> for Both {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}

/// Neither shown nor compared.
pub struct Silent;

impl From<RedisError> for Silent {
    fn from(_: RedisError) -> Self {
        Self
    }
}

/// With another inside.
#[derive(Debug)]
pub struct Wrapped<E>(
    /// The cause.
    pub E,
);

impl<E: From<RedisError>> From<RedisError> for Wrapped<E> {
    fn from(error: RedisError) -> Self {
        Self(error.into())
    }
}

/// What knows its error.
pub trait Backend: Sync {
    /// Its error.
    type Error: From<RedisError>;
}

/// The runtime's own.
pub async fn runtime(conn: &mut Connection) -> Result<(), redis_components::Error> {
    let _ = conn;
    Ok(())
}

/// Two ways to make one: the shorter is taken.
pub async fn both(conn: &mut Connection) -> Result<(), Both> {
    let _ = conn;
    Ok(())
}

/// The caller's.
pub async fn generic<E: From<RedisError>>(conn: &mut Connection, default: E) -> Result<(), E> {
    let _ = conn;
    Err(default)
}

/// The caller's inside of another.
pub async fn nested<E>(conn: &mut Connection, make: fn() -> E) -> Result<(), Wrapped<E>>
where
    E: From<RedisError>,
{
    let _ = (conn, make);
    Ok(())
}

/// A type's own.
pub async fn associated<B: Backend>(conn: &mut Connection, backend: &B) -> Result<(), <B as Backend>::Error> {
    let _ = (conn, backend);
    Ok(())
}

/// One that implements nothing else.
pub async fn silent(conn: &mut Connection) -> Result<(), Silent> {
    let _ = conn;
    Ok(())
}

/// A result of something else.
pub async fn inside(conn: &mut Connection) -> std::ops::ControlFlow<RedisError, u8> {
    let _ = conn;
    std::ops::ControlFlow::Continue(1)
}

/// A result in a result.
pub async fn twice(conn: &mut Connection) -> RedisResult<Result<u8, Both>> {
    let _ = conn;
    Ok(Ok(1))
}
