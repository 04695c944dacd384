//! Names that come a long way.

#![allow(clippy::wildcard_imports)]

use {crate as app, original::aio, super::super as top};
use std::collections::*;

use super::prelude::*;

/// A connection, a result and a module under other names.
pub async fn through_prelude(conn: &mut Conn, user: m::User, value: Value) -> Reply<m::User> {
    let _ = (conn, value);
    Ok(user)
}

/// A crate under another name.
pub async fn renamed_crate(conn: &mut aio::MultiplexedConnection) -> original::RedisResult<original::Value> {
    let _ = conn;
    Ok(original::Value::Nil)
}

/// The root under another name, twice.
pub async fn renamed_root(conn: &mut Conn, one: app::model::User, two: &top::model::User) -> Reply<()> {
    let _ = (conn, one, two);
    Ok(())
}

/// Names that the file has from globs of other crates, as its own.
pub async fn own_globs(conn: &mut self::Conn, set: self::BTreeSet<u8>) -> self::Reply<self::VecDeque<u8>> {
    let _ = conn;
    Ok(set.into_iter().collect())
}
