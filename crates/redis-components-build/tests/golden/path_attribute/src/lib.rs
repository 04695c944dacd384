#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
//! A golden case.

/// In a file of another name.
#[allow(clippy::unused_async)]
#[path = "elsewhere.rs"]
mod placed;

include!("../expected.rs");
