//! Types and modules with the names of functions.

use redis::RedisResult;
use redis_components::Connection;

/// A type with the name of a function.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct stats {
    /// How many.
    pub count: u64,
}

/// A module with the name of a function.
pub mod module {
    /// Inside of it.
    #[derive(Debug)]
    pub struct Inside;
}

/// A type with the name of what every module has.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct connection {
    /// Its number.
    pub number: u64,
}

/// Has its own name in its signature.
pub async fn stats(conn: &mut Connection, before: Option<stats>) -> RedisResult<stats> {
    let _ = conn;
    Ok(before.unwrap_or(stats { count: 0 }))
}

/// Has a path through it.
pub async fn module(conn: &mut Connection) -> RedisResult<module::Inside> {
    let _ = conn;
    Ok(module::Inside)
}

/// Takes what is called like the accessor.
pub async fn accessor(conn: &mut Connection, taken: &connection) -> RedisResult<u64> {
    let _ = conn;
    Ok(taken.number)
}
