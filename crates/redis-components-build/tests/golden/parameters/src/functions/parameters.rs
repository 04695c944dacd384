//! Parameters of all kinds.

use redis::RedisResult;
use redis_components::Connection;

/// A pair.
#[derive(Debug)]
pub struct Pair {
    /// One.
    pub one: u8,
    /// Two.
    pub two: u8,
}

/// Patterns become names.
pub async fn patterns(_: &mut Connection, (a, _b): (u8, u8), mut c: u8, _: u8, Pair { one, two }: Pair, arg1: u8, [d, ..]: [u8; 3]) -> RedisResult<u8> {
    c += a + one + two + arg1 + d;
    Ok(c)
}

/// Every name that generated code has.
#[allow(non_snake_case, clippy::too_many_arguments)]
pub async fn names(
    connection: &mut Connection,
    component: u8,
    names: u8,
    parameters: u8,
    redis_components: u8,
    core: u8,
    Acquire: u8,
    begin: u8,
    finish: u8,
    error: u8,
    COMPONENT: u8,
    blocking_connection: u8,
    conn: u8,
) -> RedisResult<u8> {
    let _ = (connection, component, names, parameters, redis_components, core);
    let _ = (Acquire, begin, finish, error, COMPONENT, blocking_connection);
    Ok(conn)
}

/// Names that are keywords.
pub async fn raw(conn: &mut Connection, r#type: &str, r#match: &str) -> RedisResult<()> {
    let _ = (conn, r#type, r#match);
    Ok(())
}

/// A shared reference.
pub async fn by_reference(conn: &Connection, key: &str) -> RedisResult<String> {
    let _ = conn;
    Ok(key.to_owned())
}

/// By value.
pub async fn by_value(mut conn: Connection, key: String) -> RedisResult<String> {
    let _ = &mut conn;
    Ok(key)
}

/// Types with parts of all kinds.
pub async fn many(conn: &mut Connection, pointer: fn(&str) -> &str, closure: &(dyn Fn(&str) -> usize + Sync), array: [u8; 2], slice: &[&str], tuple: (u8, (u16, &str))) -> RedisResult<usize> {
    let _ = conn;
    Ok(pointer("").len() + closure("") + usize::from(array[0]) + slice.len() + usize::from(tuple.0))
}
