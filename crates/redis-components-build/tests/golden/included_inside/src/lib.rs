#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
//! A golden case.

pub mod store;
