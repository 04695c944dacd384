//! Aliases that hide a reference, or that nobody else can name.

use redis::{RedisError, RedisResult};
use redis_components::Connection;

use super::elsewhere::Borrowed;
use super::{Answer, OfParent};

type Conn<'a> = &'a mut Connection;
type Rows<T = u8, const N: usize = 4> = [Row<T, { N }>; N];
type Test<'a> = dyn Fn(&u8) -> bool + Sync + 'a;
type Callback = Box<dyn Fn(&u8, &u8) -> Option<Box<dyn Fn(&u8) -> bool + Send>> + Send + Sync>;
type Plain<T, E = RedisError> = Result<T, E>;

/// A type of two parameters.
#[derive(Debug)]
pub struct Row<T, const N: usize>(
    /// The values.
    pub [T; N],
);

/// The alias is the whole parameter.
pub async fn with_reference(conn: Conn<'_>, key: &str) -> RedisResult<()> {
    let _ = (conn, key);
    Ok(())
}

/// The alias is in a private file, and has another inside.
pub async fn by_reference_of_crate(conn: Borrowed<'_>) -> RedisResult<()> {
    let _ = conn;
    Ok(())
}

/// The alias is the parent's, by an import and by its path.
pub async fn of_parent(conn: Conn<'_>, one: OfParent<'_, u8>, two: &super::OfParent<'static, super::Answer<u8>>) -> Plain<()> {
    let _ = (conn, one, two);
    Ok(())
}

/// Arguments that are not given, and one that is a number.
pub async fn defaults(conn: Conn<'_>, four: Rows, two: &Rows<u16, 2>) -> Plain<u8> {
    let _ = (conn, four, two);
    Ok(1)
}

/// A reference to several bounds.
pub async fn of_a_trait(conn: Conn<'_>, test: &Test<'_>) -> Plain<bool, RedisError> {
    let _ = conn;
    Ok(test(&1))
}

/// A result under a name that does not say so.
pub async fn answer(conn: Conn<'_>) -> Answer<u8> {
    let _ = conn;
    Ok(1)
}

/// Short by its alias only.
pub async fn boxed(conn: Conn<'_>, callback: Callback) -> Plain<()> {
    let _ = (conn, callback);
    Ok(())
}
