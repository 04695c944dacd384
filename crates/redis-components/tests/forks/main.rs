//! R12: a forked child gets clients of its own, or a typed error at once; its parent goes on as if nothing had been.
//!
//! Each child works in the thread that forked and reports over a socket. A child that does not report in time fails its test.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::exit, reason = "these are tests")]

mod calls;
mod child;
#[path = "../common/mod.rs"]
mod common;
mod own_clients;
mod parents_things;
mod runtimes;
mod waiting_threads;
