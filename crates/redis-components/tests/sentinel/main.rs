//! Components whose servers are found by sentinels: a fail-over is a swap.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod fail_overs;
mod fake;
mod faults;
mod logins;
mod set_up;
mod waiting;
