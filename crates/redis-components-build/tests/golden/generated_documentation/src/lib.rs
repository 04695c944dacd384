#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
//! A golden case.

#[allow(clippy::missing_errors_doc, clippy::unused_async)]
pub mod functions;

include!("../expected.rs");
