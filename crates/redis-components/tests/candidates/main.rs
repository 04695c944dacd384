//! R15, the runtime's half: a candidate is made ready, and takes what the server that was left
//! refuses.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod held;
mod moves;
mod pair;
mod readiness;
mod refusals;
mod waiting;
