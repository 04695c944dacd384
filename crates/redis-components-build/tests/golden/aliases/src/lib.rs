#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
//! A golden case.

#[allow(clippy::missing_errors_doc, clippy::unused_async)]
pub mod functions {
    //! Written by hand.
    pub mod aliases;
    mod elsewhere;
    type OfParent<'a, T> = std::collections::BTreeMap<&'a str, T>;
    pub(crate) type Answer<T> = redis::RedisResult<T>;
}

include!("../expected.rs");
