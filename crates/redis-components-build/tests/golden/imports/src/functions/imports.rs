//! Names from everywhere.

#![allow(unused_imports, clippy::wildcard_imports)]

use std::collections::{BTreeMap as Map, HashMap, hash_map::RandomState};
use std::fmt::{self, Debug as _, Display};
use std::io::*;

use redis::{RedisError, aio};
use redis_components::{self as runtime, Connection as Conn};

use self::inner::Inner;
use super::imports::inner::*;
use super::Shared;
use Severity::Info;

/// How bad it is.
#[derive(Debug)]
pub enum Severity {
    /// Not.
    Info,
}

/// Items of a module in this file.
pub mod inner {
    /// A type.
    #[derive(Debug)]
    pub struct Inner;
    /// Another.
    #[derive(Debug)]
    pub struct Globbed;
}

type Answer = std::result::Result<Text, RedisError>;
type Text = String;
type Connection = runtime::Connection;

/// Nested trees.
pub async fn nested(_conn: &mut Conn, _map: &HashMap<String, fmt::Alignment, RandomState>) -> redis::RedisResult<()> {
    Ok(())
}

/// Renamed names.
pub async fn renamed(_conn: &mut Conn, _map: Map<String, String>) -> redis::RedisResult<()> {
    let _ = (Info, runtime::Settings::new("redis://127.0.0.1"));
    Ok(())
}

/// Relative paths, in imports and here.
pub async fn relative(_conn: &mut Conn, _inner: Inner, _shared: Shared, _other: self::inner::Inner, _third: super::Shared) -> redis::RedisResult<()> {
    Ok(())
}

/// Types of this file, before what the globs bring.
pub async fn local(_conn: &mut Conn, _severity: Severity, _display: &(dyn Display + Sync)) -> redis::RedisResult<()> {
    Ok(())
}

/// Types that a glob brings.
pub async fn globbed(_conn: &mut aio::MultiplexedConnection, _globbed: Globbed, _kind: ErrorKind) -> redis::RedisResult<()> {
    Ok(())
}

/// Private aliases of this file, also of the connection.
pub async fn aliased(_conn: &mut Connection) -> Answer {
    Ok(Text::new())
}

/// Paths from the root, and no import at all.
pub async fn qualified(_conn: &mut ::redis_components::Connection, _severity: crate::functions::imports::Severity) -> ::std::result::Result<(), ::redis::RedisError> {
    Ok(())
}
