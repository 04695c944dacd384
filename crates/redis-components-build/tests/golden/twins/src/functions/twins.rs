//! Names with two declarations.

use redis::RedisResult;
use redis_components::Connection;

#[allow(unused_imports)]
use super::prelude::*;

#[cfg(not(feature = "extra"))]
type Conn = Connection;
#[cfg(feature = "extra")]
type Conn = redis::aio::MultiplexedConnection;

#[cfg(not(feature = "extra"))]
type Id = u64;
#[cfg(feature = "extra")]
type Id = String;

#[cfg(not(feature = "extra"))]
type Size = u64;
#[cfg(feature = "extra")]
use std::num::NonZeroU8 as Size;

#[cfg(feature = "extra")]
type Globbed = String;

/// An alias that is a different kind of connection.
#[cfg(not(feature = "extra"))]
pub type Either = Connection;
/// An alias that is a different kind of connection.
#[cfg(feature = "extra")]
pub type Either = redis_components::blocking::Connection;

/// An alias that is a result or not.
#[cfg(not(feature = "extra"))]
pub type Outcome = RedisResult<u64>;
/// An alias that is a result or not.
#[cfg(feature = "extra")]
pub type Outcome = u64;

/// An alias that is a number.
#[cfg(not(feature = "extra"))]
pub type Number = u64;
/// An alias that is a number.
#[cfg(feature = "extra")]
pub type Number = u32;

/// Takes a private alias.
pub async fn private_connection(_conn: &mut Conn, name: &str) -> RedisResult<String> {
    Ok(name.to_owned())
}

/// Takes a private alias beside the connection.
pub async fn private_argument(_conn: &mut Connection, id: Id) -> RedisResult<Id> {
    Ok(id)
}

/// Takes what is an alias or an import.
pub async fn alias_and_import(_conn: &mut Connection, size: Size) -> RedisResult<Size> {
    Ok(size)
}

/// Takes what a glob brings in unless it is declared here.
pub async fn alias_or_glob(_conn: &mut Connection, it: Globbed) -> RedisResult<Globbed> {
    Ok(it)
}

/// Is asynchronous or not.
#[cfg(not(feature = "extra"))]
pub async fn public_either(_conn: &mut Either) -> RedisResult<()> {
    Ok(())
}

/// Is asynchronous or not.
#[cfg(feature = "extra")]
pub fn public_either(_conn: &mut Either) -> RedisResult<()> {
    Ok(())
}

/// Fails or not.
#[cfg(not(feature = "extra"))]
pub async fn outcome(_conn: &mut Connection) -> Outcome {
    Ok(1)
}

/// Fails or not.
#[cfg(feature = "extra")]
pub async fn outcome(_conn: &mut Connection) -> Outcome {
    1
}

/// Has a type under one name that is public.
pub async fn same_for_both(_conn: &mut Connection, number: Number) -> RedisResult<Number> {
    Ok(number)
}

/// Has two private aliases.
pub async fn combined(_conn: &mut Conn, _id: Id, _again: Vec<Id>) -> RedisResult<()> {
    Ok(())
}

#[cfg(not(feature = "extra"))]
mod imp {
    use redis::RedisResult;
    use redis_components::Connection;

    pub(crate) async fn in_twin_module(_conn: &mut Connection) -> RedisResult<()> {
        Ok(())
    }
}

#[cfg(feature = "extra")]
mod imp {
    pub(crate) use self::deeper::in_twin_module;

    mod deeper {
        use redis::RedisResult;
        use redis_components::Connection;

        pub(crate) async fn in_twin_module(_conn: &mut Connection, _more: u8) -> RedisResult<()> {
            Ok(())
        }
    }
}

#[allow(unused_imports)]
pub(crate) use imp::in_twin_module;

#[cfg(not(feature = "extra"))]
mod one {
    use redis::RedisResult;
    use redis_components::Connection;

    pub(crate) async fn by_renamed_module(_conn: &mut Connection) -> RedisResult<()> {
        Ok(())
    }
}

#[cfg(feature = "extra")]
mod other {
    use redis::RedisResult;
    use redis_components::Connection;

    pub(crate) async fn by_renamed_module(_conn: &mut Connection, _m: u8) -> RedisResult<()> {
        Ok(())
    }
}

#[cfg(not(feature = "extra"))]
use one as renamed;
#[cfg(feature = "extra")]
use other as renamed;
#[allow(unused_imports)]
pub(crate) use renamed::by_renamed_module;

/// Has twins.
#[cfg(not(feature = "extra"))]
pub mod inner {
    use redis::RedisResult;
    use redis_components::Connection;

    /// Is in a module that has a twin.
    pub async fn inline_twin(_conn: &mut Connection) -> RedisResult<()> {
        Ok(())
    }
}

/// Has twins.
#[cfg(feature = "extra")]
pub mod inner {
    use redis::RedisResult;
    use redis_components::blocking::Connection;

    /// Is in a module that has a twin.
    pub fn inline_twin(_conn: &mut Connection) -> RedisResult<()> {
        Ok(())
    }
}
