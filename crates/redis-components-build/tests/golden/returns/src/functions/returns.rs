//! What functions return.

#![allow(clippy::needless_pass_by_value)]

use std::error::Error;

use redis::{RedisError, RedisResult};
use redis_components::{Connection, blocking};

/// An error of this crate.
#[derive(Debug)]
pub struct AppError(
    /// The cause.
    pub Box<dyn Error + Send + Sync>,
);

impl From<RedisError> for AppError {
    fn from(error: RedisError) -> Self {
        Self(Box::new(error))
    }
}

/// A result of this crate.
pub type AppResult<T = ()> = Result<T, AppError>;

/// Nothing.
pub async fn nothing(conn: &mut Connection) {
    let _ = conn;
}

/// A value.
pub async fn value(conn: &mut Connection) -> u64 {
    let _ = conn;
    1
}

/// Nothing, and blocks.
pub fn nothing_blocking(conn: &mut blocking::Connection) {
    let _ = conn;
}

/// A boxed error.
pub async fn boxed(conn: &mut Connection) -> Result<(), Box<dyn Error + Send + Sync>> {
    let _ = conn;
    Ok(())
}

/// An error of the crate.
pub async fn own(conn: &mut Connection) -> std::result::Result<u8, AppError> {
    let _ = conn;
    Ok(1)
}

/// An alias with a default.
pub async fn aliased(conn: &mut Connection) -> AppResult {
    let _ = conn;
    Ok(())
}

/// A type without a name.
pub fn opaque(conn: &mut blocking::Connection) -> impl Iterator<Item = u8> + use<> {
    let _ = conn;
    std::iter::empty()
}

/// A type without a name in a result.
pub fn opaque_result(conn: blocking::Connection) -> RedisResult<impl Iterator<Item = u8>> {
    let _ = conn;
    Ok(std::iter::empty())
}

/// Not a result.
pub async fn option(conn: &mut Connection) -> Option<RedisResult<u8>> {
    let _ = conn;
    None
}
