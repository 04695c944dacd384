//! Types of private modules, by the paths that lead to them all the same.

#![allow(clippy::wildcard_imports)]

mod rows {
    /// Imported where it is private, and re-exported under another name.
    #[derive(Debug)]
    pub struct Row;

    /// Known through a glob.
    #[derive(Debug)]
    pub struct Exported;
}

mod outer {
    pub(super) mod inner {
        /// In a public module of a private one.
        #[derive(Debug)]
        pub struct Deep;
    }
    /// Re-exported as a whole.
    pub mod enclosed {
        /// In a module that is re-exported.
        #[derive(Debug)]
        pub struct Enclosed;
    }
}

use self::rows::Row;
use self::rows::*;
use redis::*;
use redis_components::Connection as Conn;
pub use self::outer::enclosed;
pub use self::outer::inner::Deep as FromBelow;
pub use self::rows::{Exported as Shown, Row as PublicRow};
use self::outer::inner;

/// Imported from a private module.
pub async fn imported(conn: &mut Conn, row: Row) -> RedisResult<()> {
    let _ = (conn, row);
    Ok(())
}

/// Brought in by the glob of a private module, beside one of another crate.
pub async fn exported(conn: &mut Conn, exported: Exported) -> RedisResult<Value> {
    let _ = (conn, exported);
    Ok(Value::Nil)
}

/// Neither, while both globs are there.
pub async fn between(conn: &mut Conn, text: String) -> RedisResult<String> {
    let _ = conn;
    Ok(text)
}

/// By the name that it is known by outside.
pub async fn renamed(conn: &mut Conn, shown: &Shown) -> RedisResult<()> {
    let _ = (conn, shown);
    Ok(())
}

/// Two modules down.
pub async fn deep(conn: &mut Conn, deep: self::outer::inner::Deep) -> RedisResult<()> {
    let _ = (conn, deep);
    Ok(())
}

/// Through the import of a module.
pub async fn through(conn: &mut Conn, deep: &inner::Deep, row: self::Row) -> self::RedisResult<()> {
    let _ = (conn, deep, row);
    Ok(())
}

/// In a module that can be named by a re-export alone.
pub async fn enclosing(conn: &mut Conn, enclosed: crate::functions::private_modules::outer::enclosed::Enclosed) -> RedisResult<()> {
    let _ = (conn, enclosed);
    Ok(())
}
