//! What the fields of a config and its url mean, and what is refused.
//!
//! The cases are in `config-cases.json`. `tests/mixed_fleet.rs` at the top level runs the same ones with redis-py.
#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod corpus;
mod login;
mod refusals;
mod verdicts;
