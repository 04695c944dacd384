//! Names with two declarations in another module.

use redis::RedisResult;
use redis_components::Connection;

use super::types;
use super::types::Conn;

mod all {
    #[cfg(not(feature = "extra"))]
    pub(super) type Globbed = u8;
    #[cfg(feature = "extra")]
    pub(super) type Globbed = u16;
}
#[allow(unused_imports, clippy::wildcard_imports)]
use all::*;

/// Is a bound of a function.
#[cfg(not(feature = "extra"))]
pub trait Twin {}
/// Is a bound of a function.
#[cfg(feature = "extra")]
pub trait Twin: Send {}

/// Takes an imported alias.
pub async fn by_import(_conn: &mut Conn) -> RedisResult<()> {
    Ok(())
}

/// Takes an alias by its path.
pub async fn by_path(_conn: &mut types::Conn, _inner: super::types::Inner) -> RedisResult<()> {
    Ok(())
}

/// Takes an alias of an alias.
pub async fn nested(_conn: &mut Connection, _it: types::Outer) -> RedisResult<()> {
    Ok(())
}

/// Takes an alias of a glob.
pub async fn by_glob(_conn: &mut Connection, it: Globbed) -> RedisResult<Globbed> {
    Ok(it)
}

/// Takes one of three.
#[cfg(any(unix, windows))]
pub async fn three(_conn: &mut Connection, it: types::Three) -> RedisResult<types::Three> {
    Ok(it)
}

/// Takes an alias with a parameter.
pub async fn generic<T: Copy>(_conn: &mut Connection, _it: types::Pair<T>) -> RedisResult<()> {
    Ok(())
}

/// Has a condition of its own.
#[cfg(feature = "extra")]
pub async fn own_condition(_conn: &mut Conn, _it: types::Inner) -> RedisResult<()> {
    Ok(())
}

/// Has a condition of its own.
#[cfg(not(feature = "extra"))]
pub async fn own_condition(_conn: &mut Conn) -> RedisResult<()> {
    Ok(())
}

/// Has a trait with a twin.
pub async fn twin_trait<T: Twin>(_conn: &mut Connection, it: T) -> RedisResult<T> {
    Ok(it)
}

/// Takes an alias that is re-exported under two conditions.
pub async fn reexported_alias(_conn: &mut Connection, it: types::Deep) -> RedisResult<types::Deep> {
    Ok(it)
}
