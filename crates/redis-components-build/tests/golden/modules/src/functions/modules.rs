//! Functions in modules of this file, and in other files.

use redis::RedisResult;
use redis_components::Connection;

pub mod child;

pub use self::child::from_file;
pub use self::hidden::{first as reexported, second as renamed, Argument as Input};
pub use glob::*;
pub use super::sibling::{from_sibling, Options, Sibling};

/// A module that the root can name.
pub mod visible {
    use super::{Connection, RedisResult};
    use std::time::Duration as Wait;

    /// A type in a module.
    #[derive(Debug)]
    pub struct Inside;

    /// In a module.
    pub async fn in_module(conn: &mut Connection, wait: Wait, inside: Inside) -> RedisResult<Wait> {
        let _ = (conn, inside);
        Ok(wait)
    }

    /// A module of its own.
    pub mod further {
        /// In a module of a module.
        pub async fn deeper(conn: &mut super::Connection, inside: super::Inside) {
            let _ = (conn, inside);
        }
    }

    #[allow(dead_code)]
    fn from_file() {}
}

mod hidden {
    use redis_components::Connection;

    /// Its name outside is another.
    #[derive(Debug)]
    pub struct Argument;

    /// Under another name.
    pub async fn first(conn: &mut Connection, argument: Argument) {
        let _ = (conn, argument);
    }

    /// Under a third name.
    pub async fn second(conn: &mut Connection, argument: &Argument) {
        let _ = (conn, argument);
    }
}

mod glob {
    use redis_components::Connection;

    /// Known through a glob.
    #[derive(Debug)]
    pub struct Globbed;

    /// Re-exported with everything.
    pub async fn globbed(conn: &mut Connection, globbed: Globbed) {
        let _ = (conn, globbed);
    }
}

/// There only sometimes.
#[allow(clippy::mixed_attributes_style)]
#[cfg(feature = "extra")]
pub mod sometimes {
    #![cfg(not(windows))]

    use redis_components::Connection;
    use std::collections::BTreeMap as Map;

    /// There as often as its module.
    pub async fn conditional(conn: &mut Connection, map: Map<u8, u8>) {
        let _ = (conn, map);
    }
}

/// Its imports are its own.
pub mod other_names {
    use redis_components::blocking::Connection;

    /// Blocks.
    pub fn external_names(conn: &mut Connection) -> super::RedisResult<u8> {
        let _ = conn;
        Ok(1)
    }
}

/// The manifest names it.
pub mod named {
    /// One of two.
    pub async fn same(conn: &mut super::Connection) {
        let _ = conn;
    }
}

/// The manifest names the module inside.
pub mod other {
    /// This one.
    pub mod inner {
        /// The other of two.
        pub async fn same(conn: &mut crate::functions::modules::Connection) {
            let _ = conn;
        }
    }
}
