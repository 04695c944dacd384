#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
//! A golden case.

#[allow(clippy::missing_errors_doc, clippy::unused_async)]
pub mod functions {
    //! Written by hand.
    pub mod prelude_user;
    pub(crate) mod prelude {
        pub(crate) use super::runtime::Connection as Conn;
        pub(crate) use redis::{RedisResult as Reply, *};
        pub(crate) use crate::model as m;
    }
    use redis_components as runtime;
}

include!("../expected.rs");

extern crate redis as original;

/// A module at the root.
pub mod model {
    /// A user.
    #[derive(Debug)]
    pub struct User;
}
