//! Components whose servers are found by sentinels: a fail-over is a swap.

#![cfg(feature = "sentinel")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod crowd;
mod fail_overs;
mod fake;
mod faults;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../events/log.rs"]
mod log;
mod logins;
mod refusals;
mod set_up;
mod strangers;
mod waiting;
