//! Paths to crates inside of groups, beside modules with the names of those crates.

#![allow(unused_imports)]

use {
    ::redis::{RedisResult, aio as asynchronous, Commands as _},
    super::Shared,
    {self::redis::Own, ::redis_components::Connection},
};
pub use {::redis::Value, inner::exported};

/// No crate.
pub mod redis {
    use {::std::string::String as Text};

    /// A type.
    #[derive(Debug)]
    pub struct Own(#[allow(dead_code)] Text);
}

mod inner {
    use {::redis::{RedisError}, ::{redis_components::Connection as Conn}};

    /// A function of a module that nobody else can name.
    pub async fn exported(_conn: &mut Conn) -> Result<(), RedisError> {
        Ok(())
    }
}

/// All of them.
pub async fn all(_conn: &mut Connection, _own: Own, _shared: Shared, _value: Value) -> RedisResult<()> {
    Ok(())
}

/// A part of a path.
pub async fn part(_conn: &mut asynchronous::MultiplexedConnection, _own: redis::Own) -> RedisResult<()> {
    Ok(())
}
