//! Macros where types stand.

use redis_components::Connection;

use super::macros::pair as two;

declare!(Declared);

/// Three of a type.
#[macro_export]
macro_rules! three_of {
    ($one:ty) => { ($one, $one, $one) };
}

/// A type of the file.
#[derive(Debug)]
pub struct Argument;

/// A macro that everybody has.
pub async fn exported(conn: &mut Connection, arguments: three_of!(Argument)) {
    let _ = (conn, arguments);
}

/// A macro of the crate.
pub async fn imported(conn: &mut Connection, arguments: two!(u8)) -> Vec<two!(Argument)> {
    let _ = (conn, arguments);
    Vec::new()
}

/// A type that a macro declares.
pub async fn declared(conn: &mut Connection, declared: Declared) -> Declared {
    let _ = conn;
    declared
}
