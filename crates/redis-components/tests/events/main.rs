//! R5, R8 and R10 as operators see them: events and metrics.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod last_good;
mod log;
mod metrics;
mod reentrant;
mod told_once;
