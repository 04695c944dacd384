//! The meaning of a config's fields and of its url, and everything that is refused.
//!
//! The cases are in `config-cases.json`. The top-level `tests/mixed_fleet` runs the same ones with redis-py.
#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod corpus;
mod login;
mod refusals;
mod verdicts;
