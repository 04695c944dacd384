//! What a function expects of the lints, its wrapper is allowed.

#![expect(clippy::fn_params_excessive_bools)]

use redis_components::Connection;

/// One more than a wrapper may have as well.
#[expect(clippy::too_many_arguments, reason = "there are so many")]
pub async fn many(conn: &mut Connection, one: u8, two: u8, three: u8, four: u8, five: u8, six: u8, seven: u8, eight: u8) {
    let _ = (conn, one, two, three, four, five, six, seven, eight);
}

/// Expected under a condition.
#[cfg_attr(all(), expect(non_snake_case), must_use = "it is")]
pub async fn sometimes(conn: &mut Connection, Upper: u8) -> u8 {
    let _ = conn;
    Upper
}

/// Allowed where the module is declared, and at the top of the file.
pub async fn single(conn: &mut Connection, a: bool, b: bool, c: bool, d: bool, e: bool) -> bool {
    let _ = conn;
    a && b && c && d && e
}
